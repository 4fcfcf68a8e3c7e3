"""Cloud Step's teas and ware. Rows: slug, drawing, tint, form, pattern, names, sentences, price in yuan, season.

A tea's price is for 100 grams, a cake's and a ware's for one piece.
"""

from typing import NamedTuple

from unwall_demo.values import Season

# Tables keep one row a line.
# fmt: off

CATEGORIES = (
    ("green-tea", "Green tea", "绿茶"),
    ("oolong", "Oolong", "乌龙茶"),
    ("black-tea", "Black tea", "红茶"),
    ("white-tea", "White tea", "白茶"),
    ("dark-tea", "Pu'er and dark tea", "普洱与黑茶"),
    ("scented-tea", "Scented tea and herbs", "花茶与草本"),
    ("tea-ware", "Tea ware", "茶器"),
    ("gifts", "Gifts", "茶礼"),
)


class Item(NamedTuple):
    slug: str
    motif: str
    tint: str
    form: str
    pattern: str
    name: str
    name_zh: str
    says: str
    says_zh: str
    yuan: int
    season: Season


SP, SU, AU, WI, ALL = Season.SPRING, Season.SUMMER, Season.AUTUMN, Season.WINTER, Season.ALL


def _loose(row: tuple[str, str, str, str, str, str, str, int, Season]) -> Item:
    slug, form, tint, name, name_zh, says, says_zh, yuan, season = row
    return Item(slug, "loose", tint, form, "", name, name_zh, says, says_zh, yuan, season)


G, D, R, W, P, F = "#8b9a4e", "#5d6b3e", "#3d2c22", "#c9c7a4", "#5a4030", "#e8d9a0"

LEAF: dict[str, tuple[Item, ...]] = {
    "green-tea": tuple(
        map(
            _loose,
            (
                ("longjing-pre-qingming", "spear", G, "Pre-Qingming Longjing", "明前龙井", "Picked before 5 April on the north side of Shifeng: chestnut, pea shoot, a long sweet end.", "四月五日前采于狮峰北坡，栗香、豆苗香，回甘长。", 468, SP),
                ("longjing-rain", "spear", "#7f8c46", "Grain Rain Longjing", "雨前龙井", "Two weeks later and twice the body; the one we drink at work.", "晚采两周，味厚一倍，我们上班喝这个。", 198, SP),
                ("biluochun", "strip", "#7c8a50", "Dongting Biluochun", "洞庭碧螺春", "Tiny curled buds from between the loquat trees of East Hill.", "长在东山枇杷树间，芽小卷曲，自带果香。", 428, SP),
                ("anji-white", "spear", "#a6b060", "Anji Bai Cha", "安吉白茶", "Pale jade leaves, hardly bitter, high in the sweet taste of fresh broth.", "叶色玉白，几乎不苦，鲜如清汤。", 328, SP),
                ("huangshan-maofeng", "bud", "#a3a763", "Huangshan Maofeng", "黄山毛峰", "One bud and one leaf, orchid and cold stone.", "一芽一叶，兰香，清冷如石。", 258, SP),
                ("taiping-houkui", "spear", "#6f8046", "Taiping Houkui", "太平猴魁", "Leaves as long as a finger, pressed flat between cloths.", "叶长如指，布间压平。", 388, SP),
                ("luan-guapian", "strip", "#66783f", "Lu'an Guapian", "六安瓜片", "Leaf only, no bud, fired nine times over charcoal.", "只取叶片不取芽，九道炭火拉出。", 228, SP),
                ("xinyang-maojian", "spear", "#7a8548", "Xinyang Maojian", "信阳毛尖", "Fine, bright and brisk, from the mountains south of the Huai.", "细、亮、爽利，产自淮南山中。", 188, SP),
            ),
        )
    ),
    "oolong": tuple(
        map(
            _loose,
            (
                ("tieguanyin-spring", "ball", D, "Spring Tieguanyin", "春铁观音", "Rolled tight, lightly roasted; lilac in the first cup, butter in the third.", "揉得紧、焙得轻，头泡兰花，三泡奶香。", 168, SP),
                ("tieguanyin-charcoal", "ball", "#4a4430", "Charcoal Tieguanyin", "炭焙铁观音", "Forty hours over longan wood: toast, honey, warm paper.", "龙眼木炭焙四十小时，烤面包、蜜、暖纸的味道。", 238, AU),
                ("dahongpao", "strip", R, "Da Hong Pao", "大红袍", "Blended from five Wuyi gardens for depth: cocoa, mineral, orchid at the back.", "五处山场拼配，可可、岩骨，尾韵有兰。", 298, AU),
                ("rougui", "strip", "#4a3020", "Wuyi Rougui", "武夷肉桂", "Named for cinnamon bark and you will see why.", "叫肉桂，喝了就知道为什么。", 368, AU),
                ("shuixian", "strip", "#38291f", "Old Bush Shuixian", "老丛水仙", "From bushes over sixty years old; moss, wood, soft rain.", "六十年以上老丛，苔、木、细雨。", 328, AU),
                ("phoenix-mi-lan", "strip", "#5a4430", "Mi Lan Phoenix Dancong", "蜜兰香单丛", "Lychee and honey, with a grip that lets go slowly.", "荔枝与蜜，收敛感慢慢松开。", 288, SP),
                ("phoenix-ya-shi", "strip", "#66703a", "Ya Shi Phoenix Dancong", "鸭屎香单丛", "The famous bad name for a tea that smells of gardenia.", "名字难听，闻着是栀子。", 318, SP),
                ("dongding", "ball", "#6a6a3a", "Dongding Oolong", "冻顶乌龙", "Half roasted, golden, good with anything that has butter in it.", "中焙，汤色金黄，配一切有黄油的东西。", 208, WI),
            ),
        )
    ),
    "black-tea": tuple(
        map(
            _loose,
            (
                ("keemun", "strip", "#2f2420", "Keemun Hao Ya", "祁门毫芽", "Slender leaf, wine and rose, takes a little milk kindly.", "条索纤细，酒香玫瑰香，加一点奶也不恼。", 198, AU),
                ("jin-jun-mei", "strip", "#8a5a2a", "Jin Jun Mei", "金骏眉", "Only buds, fifty thousand to the pound; yam and malt.", "只用芽头，一斤五万个，薯香麦香。", 588, SP),
                ("lapsang-unsmoked", "strip", "#3a2720", "Unsmoked Lapsang", "无烟小种", "The old mountain without the fire: longan, cane sugar.", "老山场，不熏烟，桂圆与蔗糖。", 178, SP),
                ("lapsang-smoked", "strip", "#2a1e1a", "Pine-Smoked Lapsang", "松烟小种", "Dried in a three-storey smokehouse over horse-tail pine.", "三层青楼，马尾松熏焙。", 218, WI),
                ("dianhong-golden", "bud", "#b07a34", "Golden Dianhong", "金芽滇红", "Fengqing buds covered in gold down; honey that stays on the lips.", "凤庆金芽，满披金毫，蜜留在唇上。", 188, SP),
                ("dianhong-wild", "strip", "#4a2f22", "Wild-Tree Dianhong", "野生古树红", "From trees left to grow as trees; plum and forest floor.", "任它长成树的茶，李子与林地气息。", 258, AU),
                ("yingde-nine", "strip", "#3f2820", "Yingde No. 9", "英红九号", "Big leaf, big cup: cocoa and dried tangerine.", "大叶大杯，可可与陈皮。", 138, ALL),
            ),
        )
    ),
    "white-tea": tuple(
        map(
            _loose,
            (
                ("silver-needle", "bud", W, "Silver Needle", "白毫银针", "Three days on bamboo in the April sun and nothing else.", "四月的太阳，竹匾上三天，再没做别的。", 398, SP),
                ("white-peony", "bud", "#b5b78c", "White Peony", "白牡丹", "A bud and two leaves, cut hay and melon.", "一芽二叶，干草与甜瓜。", 228, SP),
                ("gongmei", "strip", "#8f8c62", "Gongmei", "贡眉", "From the small old local bushes; date skin and wild flower.", "本地小菜茶，枣皮与野花。", 128, AU),
                ("shoumei-2019", "strip", "#7a6a48", "Shoumei 2019", "2019 寿眉", "Aged seven summers; simmer it with a slice of tangerine peel.", "存了七个夏天，放片陈皮煮着喝。", 158, WI),
                ("moonlight-white", "bud", "#a8a590", "Moonlight White", "月光白", "Yunnan buds withered indoors, dark on one side, silver on the other.", "云南大叶室内萎凋，一面墨，一面银。", 168, SP),
            ),
        )
    ),
    "scented-tea": tuple(
        map(
            _loose,
            (
                ("jasmine-pearls", "ball", "#9a9c6a", "Jasmine Pearls", "茉莉龙珠", "Scented six nights running with flowers picked before dusk.", "傍晚前摘的花，连窨六夜。", 188, SU),
                ("jasmine-snow", "bud", "#c4c39a", "Jasmine Snow Buds", "茉莉雪芽", "The Fuzhou manner: flowers in, flowers out, nine times.", "福州做法，一窨一提，九回。", 238, SU),
                ("osmanthus-oolong", "ball", "#a58a3a", "Osmanthus Oolong", "桂花乌龙", "October blossom from Manjuelong over a green oolong.", "满觉陇十月的桂花，配清香乌龙。", 148, AU),
                ("rose-dianhong", "strip", "#7a3a34", "Rose Dianhong", "玫瑰滇红", "Whole Pingyin buds; best when the window is open.", "整朵平阴玫瑰，开着窗喝最好。", 138, SP),
                ("chrysanthemum", "flower", F, "Tongxiang Chrysanthemum", "桐乡杭白菊", "First-frost flowers, one to a cup, sugar optional.", "初霜前的头花，一杯一朵，糖随意。", 88, AU),
                ("buckwheat", "ball", "#b5874a", "Daliang Buckwheat Tea", "大凉山苦荞", "Toasted black buckwheat; popcorn without the cinema.", "炒黑苦荞，像爆米花，没有电影。", 58, ALL),
            ),
        )
    ),
}

CAKES = tuple(
    Item(slug, "cake", tint, "", pattern, name, name_zh, says, says_zh, yuan, season)
    for slug, tint, pattern, name, name_zh, says, says_zh, yuan, season in (
        ("yiwu-raw-2021", "#7a6a3a", "hills", "Yiwu Raw Pu'er 2021", "2021 易武生普", "Honeyed and soft-shouldered, for drinking now or forgetting for ten years.", "蜜韵柔和，现在喝，或者忘它十年。", 468, SP),
        ("bulang-raw-2018", "#5f5f34", "bars", "Bulang Raw Pu'er 2018", "2018 布朗生普", "Bitter first, then sweet for an hour.", "先苦，然后甜一个钟头。", 398, SP),
        ("menghai-ripe-2020", "#6a3a24", "moon", "Menghai Ripe Pu'er 2020", "2020 勐海熟普", "Dark as soy, smooth as rice water, kind to the stomach.", "色如酱油，滑如米汤，养胃。", 268, WI),
        ("palace-ripe-2015", "#54301f", "sprig", "Palace-Grade Ripe 2015", "2015 宫廷熟普", "Small golden leaf, aged dry in Kunming; dates and old books.", "细嫩金芽，昆明干仓，枣香与旧书。", 528, WI),
        ("white-cake-2017", "#8a8a5a", "hills", "White Peony Cake 2017", "2017 白牡丹饼", "Pressed in its third year, now tasting of dried apricot.", "第三年压饼，如今有杏干味。", 358, AU),
        ("fu-brick", "#5a4a32", "bars", "Anhua Fu Brick", "安化茯砖", "Golden flowers inside; break, boil, add milk if you must.", "砖里发了金花，撬开煮，加奶也行。", 168, WI),
        ("liubao-2012", "#3f3226", "moon", "Liu Bao 2012", "2012 六堡茶", "Betel nut, cool cellar, the good kind of dust.", "槟榔香，凉窖气，好的那种陈味。", 298, WI),
        ("citrus-puer", "#c06a2c", "sprig", "Tangerine-Peel Ripe Cake", "陈皮熟普饼", "Ten-year Xinhui peel pressed into the leaf.", "十年新会陈皮与熟茶同压。", 238, WI),
    )
)
