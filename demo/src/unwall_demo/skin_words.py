"""Milu's vocabulary: seven ingredients, ten things to make from them, and what each does."""

from typing import NamedTuple

# Tables keep one row a line.
# fmt: off


class Base(NamedTuple):
    """One ingredient and its line: label drawing, tints, and what it is good for."""

    slug: str
    name: str
    name_zh: str
    tint: str
    label: str
    says: str
    says_zh: str
    factor: float


class Form(NamedTuple):
    """One kind of product: drawing, sizes as (label, yuan, grams), and how to use it."""

    slug: str
    category: str
    motif: str
    shape: str
    name: str
    name_zh: str
    says: str
    says_zh: str
    sizes: tuple[tuple[str, int, int], ...]
    bases: str


CATEGORIES = (
    ("cleansers", "Cleansers", "洁面"),
    ("toners", "Toners and mists", "水与喷雾"),
    ("serums", "Serums", "精华"),
    ("creams", "Creams and lotions", "面霜与乳液"),
    ("masks", "Masks", "面膜"),
    ("sun", "Sun", "防晒"),
    ("body", "Body and hands", "身体与手部"),
    ("skin-sets", "Sets", "套装"),
)

BASES = {
    base.slug: base
    for base in (
        Base("rice", "Rice Ferment", "米露", "#e3d2b4", "grain", "Fermented from Wuchang rice for ninety days; evens and softens.", "五常大米发酵九十天，匀净、柔软。", 1.0),
        Base("camellia", "Camellia", "山茶", "#c9695a", "petal", "Pressed from red camellia seed of Jinhua; close to the skin's own oil.", "金华红山茶籽压榨，与皮脂相近。", 1.15),
        Base("green-tea", "Green Tea", "绿茶", "#8fa886", "grain", "Brewed from second-flush leaf; calms what the day has reddened.", "取二茬茶青，安抚一天的泛红。", 0.95),
        Base("sea-grape", "Sea Grape", "海葡萄", "#8fb3bb", "drop", "From the clear shallows off Hainan; holds water like a small reservoir.", "来自海南浅海，像小小的水库一样锁水。", 1.05),
        Base("snow-fungus", "Snow Fungus", "银耳", "#efe4d2", "moon", "Simmered from Gutian tremella; a light film that keeps moisture in.", "古田银耳慢炖，一层轻膜留住水分。", 1.0),
        Base("osmanthus", "Osmanthus", "金桂", "#d9b06a", "petal", "Distilled from Xianning blossom; brightens, and smells of October.", "咸宁金桂蒸馏，提亮，带着十月的味道。", 1.1),
        Base("mulberry", "Mulberry", "桑白", "#b38fa8", "moon", "From the root bark of white mulberry; works slowly on dark spots.", "取白桑根皮，慢慢淡去暗沉。", 1.2),
    )
}

FORMS = (
    Form("cleansing-oil", "cleansers", "bottle", "pump", "Cleansing Oil", "卸妆油", "Massage on dry skin, add water, watch it turn to milk; make-up and sunscreen leave together.", "干手干脸按摩，加水乳化成奶，妆和防晒一起走。", (("150 ml", 168, 210), ("300 ml", 288, 390)), "rice camellia green-tea osmanthus"),
    Form("jelly-cleanser", "cleansers", "tube", "", "Jelly Cleanser", "啫喱洁面", "A low foam that stops before your skin feels tight.", "泡沫不多，停在紧绷之前。", (("100 g", 98, 130), ("150 g", 128, 185)), "rice green-tea sea-grape snow-fungus"),
    Form("cleansing-bar", "cleansers", "bar", "", "Cleansing Bar", "洁面皂", "Cold-processed and cured for six weeks; keep it on the rack.", "冷制，晾足六周，用完放回皂架。", (("100 g", 58, 120),), "rice camellia mulberry osmanthus"),
    Form("first-water", "toners", "bottle", "cap", "First Water", "精华水", "Pat on with bare hands straight after washing.", "洗完脸，直接用手拍上。", (("120 ml", 158, 230), ("200 ml", 228, 340)), "rice green-tea sea-grape snow-fungus mulberry"),
    Form("face-mist", "toners", "bottle", "mist", "Face Mist", "保湿喷雾", "Fine enough to use over make-up; three sprays, eyes closed.", "细到可以喷在妆上，闭眼三下。", (("60 ml", 88, 110), ("120 ml", 138, 190)), "rice sea-grape osmanthus green-tea"),
    Form("serum", "serums", "serum", "", "Serum", "精华液", "Four drops, morning or night, before anything thicker.", "早晚各四滴，用在更厚的产品之前。", (("30 ml", 268, 120), ("50 ml", 398, 165)), "rice camellia sea-grape snow-fungus mulberry osmanthus"),
    Form("face-oil", "serums", "serum", "", "Face Oil", "护肤油", "Two drops warmed in the palms, pressed rather than rubbed.", "两滴掌心搓热，按，不要揉。", (("20 ml", 198, 95),), "camellia osmanthus rice"),
    Form("day-cream", "creams", "jar", "", "Day Cream", "日霜", "Sinks in within a minute and lies flat under sunscreen.", "一分钟吸收，防晒叠上去不搓泥。", (("50 g", 218, 190),), "rice green-tea sea-grape mulberry osmanthus"),
    Form("night-cream", "creams", "jar", "open", "Night Cream", "晚霜", "Richer, slower, gone by morning.", "更厚、更慢，天亮前吸收完。", (("50 g", 258, 195),), "rice camellia snow-fungus mulberry"),
    Form("lotion", "creams", "bottle", "pump", "Light Lotion", "轻乳液", "For skins that find cream too much and toner too little.", "嫌霜太多、水太少的皮肤，用它。", (("100 ml", 178, 160), ("180 ml", 268, 250)), "green-tea sea-grape snow-fungus rice"),
    Form("sheet-mask", "masks", "sachet", "", "Sheet Mask", "贴片面膜", "Tencel sheet, twenty minutes, then leave the rest on.", "天丝膜布，二十分钟，剩下的不用洗。", (("1 sheet", 19, 34), ("5 sheets", 88, 165)), "rice green-tea sea-grape snow-fungus mulberry"),
    Form("sleeping-mask", "masks", "jar", "open", "Sleeping Mask", "睡眠面膜", "A thin coat last thing at night; rinse when you wake.", "睡前薄薄一层，醒来洗去。", (("80 g", 168, 230),), "snow-fungus rice osmanthus sea-grape"),
    Form("clay-mask", "masks", "jar", "", "Clay Mask", "泥膜", "White kaolin, ten minutes, never until it cracks.", "白高岭土，十分钟，别等它开裂。", (("100 g", 148, 260),), "green-tea mulberry camellia"),
    Form("sun-milk", "sun", "tube", "", "Sun Milk SPF 50", "防晒乳 SPF50", "Two fingers' length for face and neck; no white cast.", "两指长，脸和脖子，不泛白。", (("40 ml", 138, 62), ("60 ml", 178, 85)), "rice green-tea sea-grape"),
    Form("sun-stick", "sun", "bar", "stick", "Sun Stick SPF 50", "防晒棒 SPF50", "Clear, dry to the touch, made for the back of the hand and the tops of ears.", "透明不黏，手背耳尖都能涂。", (("18 g", 118, 48),), "sea-grape camellia"),
    Form("body-lotion", "body", "bottle", "pump", "Body Lotion", "身体乳", "Put it on damp, dress at once.", "趁身上还湿时涂，马上能穿衣。", (("250 ml", 128, 320), ("400 ml", 178, 480)), "rice camellia osmanthus snow-fungus"),
    Form("hand-cream", "body", "tube", "", "Hand Cream", "护手霜", "Leaves no print on a page or a phone.", "翻书、按手机，都不留印。", (("30 g", 48, 45), ("75 g", 78, 98)), "rice camellia osmanthus green-tea"),
    Form("lip-balm", "body", "bar", "stick", "Lip Balm", "润唇膏", "Five ingredients, one of them you could cook with.", "五种成分，其中一种能下锅。", (("4 g", 38, 18),), "camellia rice osmanthus"),
    Form("starter-set", "skin-sets", "group", "", "Three-Step Set", "三步套装", "Water, serum and cream in full sizes, in the order you use them.", "水、精华、霜，正装，按使用顺序摆好。", (("Set", 528, 620),), "rice camellia sea-grape snow-fungus mulberry"),
)
