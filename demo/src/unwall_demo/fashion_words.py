"""South Window's vocabulary: colours, cloths and cuts, each with a sentence in two languages."""

from typing import NamedTuple

from unwall_demo.values import Season

# Tables keep one row a line.
# fmt: off


class Colour(NamedTuple):
    name: str
    name_zh: str
    hex: str


class Cloth(NamedTuple):
    """What it is made of: an adjective for the title, a sentence, and what it does to price and weight."""

    name: str
    name_zh: str
    says: str
    says_zh: str
    pattern: str
    factor: float
    season: Season


class Cut(NamedTuple):
    """One model: its drawing, its words, a base price in yuan, a weight, and the cloths it is made in."""

    key: str
    form: str
    name: str
    name_zh: str
    says: str
    says_zh: str
    yuan: int
    grams: int
    cloths: str


COLOURS = {
    key: Colour(name, name_zh, tint)
    for key, name, name_zh, tint in (
        ("oat", "Oat", "燕麦", "#d9cbb4"),
        ("chalk", "Chalk", "粉白", "#f1ece2"),
        ("ink", "Ink", "墨", "#23283a"),
        ("indigo", "Indigo", "靛蓝", "#34507a"),
        ("brick", "Brick", "砖红", "#a8452f"),
        ("moss", "Moss", "苔绿", "#66704f"),
        ("persimmon", "Persimmon", "柿橙", "#cf6f3c"),
        ("celadon", "Celadon", "青瓷", "#9fbfae"),
        ("slate", "Slate", "石板灰", "#5e6b74"),
        ("camel", "Camel", "驼", "#b98d5c"),
        ("plum", "Plum", "梅紫", "#5b3244"),
        ("butter", "Butter", "奶油黄", "#e6d29a"),
        ("rain", "Rain blue", "雨蓝", "#a9bccb"),
        ("cocoa", "Cocoa", "可可", "#4b362b"),
        ("clay", "Rose clay", "陶粉", "#c79485"),
    )
}

SP, SU, AU, WI, ALL = Season.SPRING, Season.SUMMER, Season.AUTUMN, Season.WINTER, Season.ALL

CLOTHS = {
    "linen": Cloth("Linen", "亚麻", "Washed linen, dry to the touch and better after the tenth wash.", "水洗亚麻，手感干爽，洗过十次更好穿。", "slub", 1.0, SU),
    "stripe": Cloth("Striped Cotton", "条纹棉", "Yarn-dyed cotton, so the stripe is as clear inside as out.", "色织棉布，条纹里外一样清晰。", "stripe", 0.95, SP),
    "pinstripe": Cloth("Pinstripe", "细条纹", "A fine white line on crisp cotton poplin that holds a crease.", "挺括府绸上一道细白线，压得住褶。", "pinstripe", 1.05, SP),
    "poplin": Cloth("Poplin", "府绸", "Close-woven cotton poplin with a quiet sheen.", "密织棉府绸，有一点安静的光泽。", "", 0.95, ALL),
    "check": Cloth("Check", "格纹", "A small brushed check, matched at every seam.", "小格磨毛布，每道缝都对了格。", "check", 1.1, AU),
    "herringbone": Cloth("Herringbone", "人字纹", "Wool herringbone from a mill in Jiangyin, soft from the first day.", "江阴老厂的羊毛人字呢，第一天就柔软。", "herringbone", 1.5, WI),
    "tweed": Cloth("Tweed", "粗花呢", "Flecked tweed spun from undyed and dyed wool together.", "原色与染色羊毛混纺的粗花呢，点点有色。", "tweed", 1.55, WI),
    "wool": Cloth("Wool", "羊毛", "Mid-weight merino that keeps its line without pressing.", "中等厚度的美利奴羊毛，不熨也有型。", "twill", 1.45, AU),
    "silk": Cloth("Silk", "真丝", "Sand-washed mulberry silk from Huzhou; matt, heavy, cool.", "湖州桑蚕丝，砂洗工艺，哑光、垂坠、微凉。", "plain", 1.9, SU),
    "print": Cloth("Leaf Print", "叶影印花", "Printed with plane-tree leaves drawn from our studio window.", "印着从工作室窗口画下的梧桐叶。", "leaf", 1.15, SU),
    "dot": Cloth("Dotted Viscose", "波点人丝", "Fluid viscose with a dot placed a little off the grid.", "垂顺的人丝，波点故意排得不太齐。", "dot", 0.95, SP),
    "twill": Cloth("Twill", "斜纹棉", "Sturdy cotton twill, garment-dyed so each piece is its own shade.", "结实的斜纹棉，成衣染色，每件深浅略有不同。", "twill", 1.0, ALL),
    "denim": Cloth("Denim", "牛仔", "Twelve-ounce denim, rinsed once and left to fade with you.", "十二盎司牛仔，只洗一水，余下的交给时间。", "twill", 1.1, ALL),
    "cord": Cloth("Corduroy", "灯芯绒", "Fine eight-wale corduroy with a soft, lit-up nap.", "细条灯芯绒，绒面柔软，迎光发亮。", "rib", 1.1, AU),
    "rib": Cloth("Ribbed Cotton", "罗纹棉", "Ribbed in long-staple cotton, close but never tight.", "长绒棉罗纹，贴身而不紧绷。", "rib", 0.9, SP),
    "cable": Cloth("Cable Wool", "绞花羊毛", "Six cables, knitted slowly in soft lambswool.", "六股绞花，用细软羔羊毛慢慢织成。", "cable", 1.3, WI),
    "cashmere": Cloth("Cashmere", "羊绒", "Two-ply cashmere from Alxa, combed in spring.", "阿拉善春季梳取的双股羊绒。", "rib", 2.6, WI),
    "lambswool": Cloth("Lambswool", "羔羊毛", "Lightly milled lambswool, warm without weight.", "轻缩羔羊毛，暖而不沉。", "tweed", 1.15, WI),
    "quilted": Cloth("Quilted", "绗缝", "Filled with silk floss and quilted by hand-guided machine.", "内填蚕丝绵，手推绗缝。", "quilt", 1.25, WI),
    "canvas": Cloth("Canvas", "帆布", "Heavy cotton canvas with bound inner seams.", "厚棉帆布，内缝全部包边。", "slub", 0.6, ALL),
    "leather": Cloth("Leather", "牛皮", "Vegetable-tanned cowhide that darkens where you hold it.", "植鞣牛皮，握得多的地方会慢慢变深。", "", 1.5, ALL),
    "suede": Cloth("Suede", "麂皮", "Soft suede with a short nap; brush it dry.", "短绒麂皮，干刷即可打理。", "", 1.35, AU),
    "straw": Cloth("Hand-Plaited", "手编", "Plaited by hand in Cixi from sun-dried rush.", "慈溪手编，用晒干的蔺草。", "", 0.8, SU),
    "satin": Cloth("Silk Twill", "真丝斜纹", "Printed on eighteen-momme silk twill with hand-rolled edges.", "十八姆米真丝斜纹印制，手工卷边。", "leaf", 1.3, ALL),
    "rings": Cloth("Circle-Print Silk", "圆印真丝", "Three circles overprinted so that a fourth colour appears.", "三个圆叠印，叠出第四种颜色。", "plain", 1.3, ALL),
    "frames": Cloth("Frame-Print Silk", "方框真丝", "A square in a square in a square, like rooms seen through doors.", "方中有方，像一扇门望见一扇门。", "stripe", 1.3, ALL),
}
