"""Cloud Step's ware, herbs kept in tins, and gifts."""

from unwall_demo.tea_words import ALL, AU, SP, SU, WI, Item

# Tables keep one row a line.
# fmt: off

WARE = tuple(
    Item(slug, motif, tint, form, pattern, name, name_zh, says, says_zh, yuan, ALL)
    for slug, motif, tint, form, pattern, name, name_zh, says, says_zh, yuan in (
        ("gaiwan-qinghua", "gaiwan", "#f1ede2", "", "blue", "Blue-Sprig Gaiwan", "青花盖碗", "Thin white porcelain from Jingdezhen, one sprig painted by hand; 110 ml.", "景德镇薄胎白瓷，手绘一枝，110 毫升。", 168),
        ("gaiwan-celadon", "gaiwan", "#b9cdbf", "", "crackle", "Crackle Celadon Gaiwan", "开片青瓷盖碗", "Longquan glaze whose lines darken with the tea you drink; 120 ml.", "龙泉釉，冰裂会随茶色渐深，120 毫升。", 228),
        ("gaiwan-grass", "gaiwan", "#e9e2d2", "", "sprig", "Straw-White Gaiwan", "草木灰盖碗", "Ash glaze the colour of rice straw; the rim stays cool; 100 ml.", "草木灰釉，色如稻草，碗沿不烫手，100 毫升。", 148),
        ("gaiwan-slate", "gaiwan", "#7c8f86", "", "", "Slate Gaiwan", "青灰盖碗", "Matt outside, glassy within, for teas with weight; 130 ml.", "外哑内亮，留给分量重的茶，130 毫升。", 158),
        ("pot-zhuni", "pot", "#9a4f30", "", "", "Zhuni Pot, Round", "朱泥圆壶", "Red Yixing clay, single hole, pours in nine seconds; 120 ml.", "宜兴朱泥，独孔，九秒断水，120 毫升。", 680),
        ("pot-zini", "pot", "#5b3a2c", "", "", "Zini Pot, Round", "紫泥圆壶", "Purple clay with a wide mouth for big leaves; 160 ml.", "紫泥大口，容得下大叶，160 毫升。", 620),
        ("pot-side", "pot", "#6a4636", "side", "", "Side-Handle Pot", "侧把壶", "One hand, one turn of the wrist; 200 ml.", "单手，一转腕，200 毫升。", 328),
        ("pot-bail-celadon", "pot", "#a9bdb2", "bail", "crackle", "Celadon Bail Pot", "青瓷提梁壶", "Rattan handle, for a table of six; 450 ml.", "藤编提梁，够六个人喝，450 毫升。", 398),
        ("pot-bail-blue", "pot", "#f1ede2", "bail", "blue", "Porcelain Bail Pot", "青花提梁壶", "For guests who take it weak and often; 500 ml.", "给喝得淡、喝得勤的客人，500 毫升。", 358),
        ("pot-iron-black", "pot", "#3b3a38", "bail", "", "Black Clay Kettle", "黑陶煮水壶", "Goes on charcoal or a ceramic hob; 900 ml.", "炭炉、电陶炉都能上，900 毫升。", 468),
        ("cups-rice", "cups", "#f1ede2", "", "", "Rice-White Cups, Three", "米白杯三只", "Forty millilitres each, a lip like paper.", "一只四十毫升，口沿薄如纸。", 98),
        ("cups-celadon", "cups", "#b9cdbf", "", "", "Celadon Cups, Three", "青瓷杯三只", "They make a green tea look greener.", "绿茶在里面更绿。", 128),
        ("cups-ink", "cups", "#3b3a38", "", "", "Ink Cups, Three", "墨釉杯三只", "Black glaze with a brown edge, after the old Jian bowls.", "黑釉褐边，学的是老建盏。", 138),
        ("master-cup-zhuni", "cups", "#9a4f30", "single", "sprig", "Master Cup, Red Clay", "朱泥主人杯", "Seventy millilitres for the one who pours.", "七十毫升，给泡茶的人。", 158),
        ("master-cup-blue", "cups", "#eef0ec", "single", "blue", "Master Cup, Blue Sprig", "青花主人杯", "Painted inside the rim, where only you can see.", "画在杯沿内侧，只有自己看得见。", 188),
        ("pitcher-set-white", "cups", "#efe9dc", "pitcher", "", "Glass Pitcher and Cups", "玻璃公道杯套组", "A pitcher to even out the pour and four cups to take it.", "一只公道分茶，四只杯接着。", 218),
        ("pitcher-set-celadon", "cups", "#a9c2b4", "pitcher", "", "Pitcher with Celadon Cups", "公道杯配青瓷杯", "Heat-proof glass; watch the colour, not the clock.", "耐热玻璃，看汤色，不看表。", 248),
        ("tray-walnut", "box", "#7d5a3c", "tray", "", "Walnut Tea Tray", "胡桃木茶盘", "Slatted over a hidden basin that holds a litre.", "条格之下暗藏水槽，可盛一升。", 328),
        ("tray-bamboo", "box", "#c0a064", "tray", "", "Bamboo Tea Tray", "竹茶盘", "Charred bamboo, light enough to carry into the garden.", "炭化竹，轻得能端到院子里。", 168),
        ("scoop-bamboo", "tool", "#c9a86a", "scoop", "", "Bamboo Scoop", "竹茶则", "Cut from one node of three-year bamboo.", "三年竹，一节剖成。", 48),
        ("scoop-ebony", "tool", "#4a372c", "scoop", "", "Smoked-Bamboo Scoop", "烟竹茶则", "Coloured by forty years above a kitchen fire.", "灶火上熏了四十年的颜色。", 88),
        ("whisk", "tool", "#d0b070", "whisk", "", "Eighty-Prong Whisk", "八十本茶筅", "For Song-style whipped tea and lazy matcha.", "点宋茶用，懒人抹茶也行。", 78),
        ("strainer-tin", "tool", "#b8b2a6", "strainer", "", "Tin Strainer and Stand", "锡茶漏", "Fine mesh; rinse, tap, done.", "细网，冲一冲，敲一敲。", 68),
    )
)

TINNED = tuple(
    Item(slug, "tin", tint, form, pattern, name, name_zh, says, says_zh, yuan, season)
    for slug, tint, form, pattern, name, name_zh, says, says_zh, yuan, season in (
        ("house-green", "#2f5a4c", "spear", "hills", "House Green", "日常绿茶", "The blend we pour for anyone who knocks; steady, sweet, 80 degrees.", "谁来都先倒这个：稳当，清甜，八十度水。", 88, ALL),
        ("house-oolong", "#34506b", "ball", "moon", "House Oolong", "日常乌龙", "Half Anxi, half Wuyi, made for a large pot.", "一半安溪一半武夷，适合大壶。", 98, ALL),
        ("house-red", "#a8452f", "strip", "sprig", "House Red", "日常红茶", "Breakfast in Chinese: Keemun for nose, Dianhong for body.", "中式早餐茶：祁红取香，滇红取味。", 88, ALL),
        ("house-white", "#d9d2c0", "bud", "bars", "House White", "日常白茶", "Cold water, a jug, the fridge, tomorrow.", "冷水，一壶，冰箱，明天喝。", 98, SU),
        ("lemon-verbena", "#c9a25c", "strip", "sprig", "Lemon Verbena", "柠檬马鞭草", "Grown at the foot of our hill, no caffeine, all evening.", "长在我们山脚，没有咖啡因，喝一晚上。", 58, SU),
        ("night-blend", "#3a3430", "strip", "moon", "Night Blend", "晚安茶", "Longan, jujube seed, tangerine peel; lights out.", "桂圆、酸枣仁、陈皮，关灯。", 68, WI),
    )
)

GIFTS = tuple(
    Item(slug, "box", tint, "", pattern, name, name_zh, says, says_zh, yuan, season)
    for slug, tint, pattern, name, name_zh, says, says_zh, yuan, season in (
        ("gift-four-seasons", "#2f5a4c", "hills", "Four Seasons Box", "四时茶礼", "A green, a scented, an oolong and a ripe pu'er, forty grams each, one for every quarter.", "绿、花、乌龙、熟普各四十克，一季一味。", 368, ALL),
        ("gift-new-year", "#a8392a", "moon", "New Year Box", "岁朝茶礼", "Red teas from three provinces and a citrus to peel.", "三省红茶，再加一颗小青柑。", 428, WI),
        ("gift-mid-autumn", "#34506b", "moon", "Mid-Autumn Box", "中秋茶礼", "Two oolongs chosen to cut through mooncake.", "两款乌龙，专解月饼的腻。", 328, AU),
        ("gift-spring", "#9aa860", "sprig", "First Spring Box", "头春茶礼", "Longjing, Biluochun and Anji Bai Cha of this April, in small tins.", "当年四月的龙井、碧螺春、安吉白茶，小罐装。", 688, SP),
        ("gift-teacher", "#e3dccb", "bars", "Teacher's Box", "谢师茶礼", "White tea to age and a card to write.", "一饼可以存的白茶，一张等你写的卡。", 268, AU),
    )
)
