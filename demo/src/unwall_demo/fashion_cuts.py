"""South Window's models by category; cloths are keys of `fashion_words.CLOTHS`."""

from unwall_demo.fashion_words import Cut

# Tables keep one row a line.
# fmt: off

CATEGORIES = (
    ("dresses", "Dresses", "连衣裙", "dress"),
    ("coats", "Coats", "外套", "coat"),
    ("knitwear", "Knitwear", "针织", "knit"),
    ("shirts", "Shirts", "衬衫", "shirt"),
    ("trousers", "Trousers", "裤装", "trousers"),
    ("skirts", "Skirts", "半裙", "skirt"),
    ("bags", "Bags", "包袋", "bag"),
    ("shoes", "Shoes", "鞋履", "shoe"),
    ("scarves", "Scarves", "围巾", "scarf"),
)

CUTS = {
    "dresses": (
        Cut("slip-dress", "slip", "Slip Dress", "吊带裙", "Cut on the bias so that it moves before you do.", "斜裁，人未动，裙先动。", 690, 240, "silk linen dot print"),
        Cut("shirt-dress", "shirt", "Shirt Dress", "衬衫裙", "Buttons to the hem, with a belt you can leave in the drawer.", "一排扣子到裙摆，腰带可系可不系。", 790, 380, "poplin stripe linen denim check"),
        Cut("wrap-dress", "wrap", "Wrap Dress", "裹身裙", "Ties at the side with one knot and stays there.", "侧边一个结，系好就不再动。", 760, 340, "print silk dot linen"),
        Cut("tiered-dress", "tiered", "Tiered Dress", "层叠裙", "Three tiers, each gathered a little fuller than the last.", "三层裙摆，一层比一层多一点褶。", 820, 420, "linen print stripe poplin"),
        Cut("pinafore", "pinafore", "Pinafore", "背带裙", "Deep pockets, adjustable straps, room for a jumper beneath.", "大口袋，肩带可调，里面能穿一件毛衣。", 680, 460, "cord twill wool denim"),
        Cut("column-dress", "column", "Column Dress", "立领直身裙", "A stand collar and three knots, drawn as plainly as we could.", "立领，三粒盘扣，能省的线条都省了。", 920, 360, "silk linen poplin pinstripe"),
        Cut("day-dress", "day", "Day Dress", "日常裙", "A round neck and an easy waist for days with no plan.", "圆领，松腰，适合没有安排的日子。", 620, 330, "rib dot print"),
    ),
    "coats": (
        Cut("wrap-coat", "wrap", "Wrap Coat", "系带大衣", "No buttons: one belt, one fold, straight out of the door.", "没有扣子，一折一系就能出门。", 1980, 1350, "wool herringbone cashmere"),
        Cut("car-coat", "car", "Car Coat", "短大衣", "Ends above the knee so that you can sit, cycle and run for the bus.", "长度在膝上，坐、骑车、追公交都方便。", 1680, 1180, "wool tweed check"),
        Cut("trench", "trench", "Trench", "风衣", "Ten buttons, a storm flap and a back pleat that opens as you walk.", "十粒扣，防风片，走起来后褶会打开。", 1490, 980, "twill linen pinstripe denim"),
        Cut("duffle-coat", "duffle", "Duffle Coat", "牛角扣大衣", "Toggles of horn on braided cord, big enough for gloved hands.", "牛角扣配编绳，戴着手套也能扣上。", 1780, 1500, "wool herringbone check"),
        Cut("liner-coat", "quilted", "Liner Coat", "夹棉外套", "Light enough to wear under a coat, finished well enough to wear alone.", "轻到能穿在大衣里，也体面到能单穿。", 1180, 620, "quilted"),
        Cut("work-jacket", "jacket", "Work Jacket", "工装外套", "Three pockets, six buttons and a collar that stands in the wind.", "三个口袋，六粒扣，风里领子立得住。", 980, 720, "denim cord twill canvas"),
    ),
    "knitwear": (
        Cut("crew-jumper", "crew", "Crew Jumper", "圆领毛衣", "A straight body and a neckline that keeps its circle.", "直身，领口久穿不走形。", 680, 380, "cable lambswool cashmere rib stripe"),
        Cut("roll-neck", "roll", "Roll Neck", "高领毛衣", "A collar to fold once, twice or not at all.", "领子折一道、两道，或者不折。", 720, 400, "lambswool cashmere rib"),
        Cut("cardigan", "cardigan", "Cardigan", "开衫", "Four shell buttons and sleeves long enough to hide your hands.", "四粒贝壳扣，袖长得能藏住手。", 760, 420, "rib cable cashmere lambswool"),
        Cut("v-neck", "vneck", "V-Neck Jumper", "V领毛衣", "Made to be worn over the collar of a shirt.", "留给衬衫领子的V领。", 690, 360, "lambswool cashmere cable"),
        Cut("knit-vest", "vest", "Knit Vest", "针织背心", "One layer more, without giving up your arms.", "多一层暖，手臂还是自由的。", 480, 260, "cable rib lambswool"),
    ),
    "shirts": (
        Cut("studio-shirt", "classic", "Studio Shirt", "工作室衬衫", "The one we wear to work: straight, long at the back, sleeves that roll.", "我们自己上班穿的那件：直身，后摆略长，袖子好卷。", 460, 240, "poplin stripe linen check pinstripe"),
        Cut("band-collar-shirt", "band", "Band-Collar Shirt", "立领衬衫", "A narrow collar with nothing to fold.", "窄窄一道立领，没有要翻的边。", 480, 230, "linen silk pinstripe poplin"),
        Cut("camp-shirt", "camp", "Camp Shirt", "古巴领衬衫", "Open collar, short sleeves, worn untucked on purpose.", "敞领短袖，本来就不必塞进裤子里。", 420, 210, "linen print dot silk stripe"),
        Cut("bow-blouse", "blouse", "Bow Blouse", "飘带衬衫", "Two long ends to tie, drop or throw over a shoulder.", "两条飘带，系着、垂着、甩到肩后都行。", 540, 220, "silk dot print"),
        Cut("square-tee", "tee", "Square Tee", "方形T恤", "A wide, short body in cloth thick enough to fall straight.", "身宽而短，料子厚到能直直垂下。", 260, 230, "rib stripe linen"),
        Cut("pocket-shirt", "pocket", "Pocket Shirt", "口袋衬衫", "One pocket, cut exactly to the size of a train ticket and a pen.", "一个口袋，正好放一张车票和一支笔。", 450, 250, "check denim cord"),
    ),
    "trousers": (
        Cut("wide-trousers", "wide", "Wide Trousers", "阔腿裤", "High at the waist, wide from the hip, weighted at the hem.", "高腰，从胯部开始放宽，裤脚有分量。", 620, 480, "linen wool pinstripe twill cord"),
        Cut("straight-trousers", "straight", "Straight Trousers", "直筒裤", "The same width from knee to floor and a crease that stays.", "膝盖到地面一样宽，裤线一直在。", 580, 460, "twill wool denim cord"),
        Cut("tapered-trousers", "tapered", "Tapered Trousers", "锥形裤", "Two pleats in front, narrow at the ankle, easy everywhere else.", "前面两道褶，脚踝收窄，其余都宽松。", 560, 430, "check wool linen"),
        Cut("cropped-trousers", "cropped", "Cropped Trousers", "九分裤", "Ends where the boot begins.", "裤脚到靴口为止。", 540, 400, "herringbone linen denim twill"),
        Cut("walking-shorts", "shorts", "Walking Shorts", "散步短裤", "To the knee, with pockets that hold a book.", "及膝，口袋装得下一本书。", 380, 280, "linen twill stripe"),
    ),
    "skirts": (
        Cut("a-line-skirt", "aline", "A-Line Skirt", "A字裙", "A flat waistband and an honest letter A.", "平整的腰头，老老实实一个A字。", 460, 340, "denim cord wool linen check"),
        Cut("pleated-skirt", "pleated", "Pleated Skirt", "百褶裙", "Forty pleats set by steam; hang it up and forget the iron.", "四十道蒸汽定型的褶，挂起来，不用熨。", 590, 380, "wool silk check"),
        Cut("pencil-skirt", "pencil", "Pencil Skirt", "铅笔裙", "Narrow, with a back vent for long steps.", "窄身，后开衩，迈得开步。", 440, 310, "herringbone rib wool"),
        Cut("tiered-skirt", "tiered", "Tiered Skirt", "层叠半裙", "Made for stairs, bicycles and wind.", "适合楼梯、自行车和风。", 520, 360, "print linen poplin"),
        Cut("bias-skirt", "bias", "Bias Skirt", "斜裁半裙", "Elastic at the back, liquid in front.", "后腰松紧，前面像水。", 480, 260, "silk dot print"),
        Cut("apron-skirt", "wrapped", "Wrap Skirt", "一片裙", "One long panel, two buttons, fits through the seasons of you.", "一片布，两粒扣，胖瘦都合身。", 470, 330, "linen tweed twill"),
    ),
    "bags": (
        Cut("market-tote", "tote", "Market Tote", "市集托特", "Flat, upright and wide enough for a bunch of leeks.", "扁平挺括，放得下一捆大葱。", 520, 560, "canvas leather suede stripe check"),
        Cut("half-moon", "crescent", "Half-Moon Bag", "半月包", "Sits under the arm as if it had always been there.", "夹在臂下，像一直就在那里。", 880, 480, "leather suede canvas"),
        Cut("letter-box", "box", "Letter Box Bag", "信箱包", "A small square bag with a flap that closes on its own weight.", "小方包，翻盖靠自重就能合上。", 1080, 620, "leather suede"),
        Cut("well-bucket", "bucket", "Bucket Bag", "水桶包", "Draw the cord, swing it over a shoulder, go.", "抽绳一拉，甩上肩就走。", 760, 520, "leather canvas suede"),
        Cut("rush-basket", "basket", "Rush Basket", "蔺草提篮", "For peaches, for the beach, for no reason.", "装桃子，去海边，或者不为什么。", 460, 420, "straw"),
    ),
    "shoes": (
        Cut("penny-loafer", "loafer", "Penny Loafer", "乐福鞋", "A rounded toe and a stacked heel of twenty-five millimetres.", "圆头，二十五毫米叠跟。", 780, 760, "leather suede"),
        Cut("chelsea-boot", "boot", "Chelsea Boot", "切尔西靴", "Pulls on in one go and can be resoled twice.", "一脚蹬进去，可以换两次底。", 1180, 1200, "leather suede"),
        Cut("ballet-flat", "flat", "Ballet Flat", "芭蕾平底鞋", "Soft enough to fold into a coat pocket.", "软到可以折起来放进大衣口袋。", 520, 420, "leather suede silk"),
        Cut("strap-sandal", "sandal", "Strap Sandal", "绑带凉鞋", "Two loops and a cork bed that takes the shape of your foot.", "两道环带，软木鞋床会记住你的脚。", 480, 460, "leather suede"),
        Cut("court-trainer", "sneaker", "Court Trainer", "板鞋", "A plain low shoe that asks nothing of your clothes.", "朴素的低帮鞋，什么衣服都不挑。", 560, 720, "canvas leather"),
        Cut("house-mule", "mule", "House Mule", "穆勒鞋", "For indoors, and for the corner shop.", "在家穿，也能穿去街角小店。", 460, 430, "suede wool leather"),
    ),
    "scarves": (
        Cut("long-scarf", "long", "Long Scarf", "长围巾", "Two metres with a hand-knotted fringe.", "两米长，流苏手打。", 420, 240, "lambswool cashmere check herringbone stripe tweed wool"),
        Cut("silk-square", "square", "Square", "方巾", "Ninety centimetres a side: for the neck, the hair or the wall.", "九十厘米见方，系脖子、扎头发、挂墙上。", 390, 70, "satin rings frames"),
    ),
}
