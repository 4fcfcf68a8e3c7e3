"""The whole demo market as plain data: `market(seed)`; the same seed, the same market."""

from collections.abc import Mapping
from random import Random

from unwall.content.posts.values import PostKind
from unwall_demo import fashion_posts, goods, skin_posts, tea_posts
from unwall_demo.places import FASHION, PLACES, SKIN, TEA, merchants, nodes
from unwall_demo.post_words import Words
from unwall_demo.values import (
    Art,
    DemoBundle,
    DemoImage,
    DemoMarket,
    DemoPost,
    DemoProduct,
    DemoTag,
)

SPAN_DAYS = 120
HOURS = (8, 12, 12, 18, 20, 20, 21)
BUNDLE_SHARE = 0.88

SPOTS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "rail": ((0.22, 0.42), (0.5, 0.46), (0.78, 0.5), (0.36, 0.62)),
    "line": ((0.36, 0.52), (0.56, 0.7), (0.66, 0.54), (0.42, 0.74)),
    "street": ((0.8, 0.8), (0.46, 0.62), (0.3, 0.82), (0.6, 0.42)),
    "flatlay": ((0.5, 0.47), (0.52, 0.77), (0.32, 0.68), (0.74, 0.28)),
    "rain": ((0.7, 0.78), (0.3, 0.82), (0.5, 0.9), (0.24, 0.62)),
    "folds": ((0.4, 0.32), (0.62, 0.78), (0.24, 0.72), (0.74, 0.24)),
}
ELSEWHERE = ((0.5, 0.62), (0.3, 0.78), (0.72, 0.8), (0.24, 0.56))
"""where the points sit in pictures of one thing, or of a landscape"""

BUNDLES = (
    (
        "first-rail",
        FASHION,
        "The First Rail",
        "第一根衣杆",
        "A shirt, straight trousers and a jumper that go with each other whichever you pick up first.",
        "一件衬衫、一条直筒裤、一件毛衣，先拿哪件都配得上。",
        "poplin-studio-shirt twill-straight-trousers lambswool-crew-jumper",
    ),
    (
        "station-set",
        FASHION,
        "The Station Set",
        "赶车套装",
        "Trench, loafers and a tote that stands up by itself on a platform.",
        "风衣、乐福鞋，和一只在站台上自己站得住的托特。",
        "twill-trench leather-penny-loafer canvas-market-tote",
    ),
    (
        "silk-pair",
        FASHION,
        "Silk, Twice",
        "两件真丝",
        "The slip dress and a square to throw over it.",
        "吊带裙，和一条随手披上的方巾。",
        "silk-slip-dress rings-silk-square",
    ),
    (
        "first-table",
        TEA,
        "The First Table",
        "第一席茶",
        "A gaiwan, three cups, a strainer and a green tea that forgives.",
        "一只盖碗、三只杯、一个茶漏，一款不计较的绿茶。",
        "gaiwan-grass cups-rice strainer-tin house-green",
    ),
    (
        "winter-kettle",
        TEA,
        "The Winter Kettle",
        "冬日煮茶",
        "The black kettle with seven-year white tea to simmer in it.",
        "黑陶壶，和煮在里面的七年寿眉。",
        "pot-iron-black shoumei-2019",
    ),
    (
        "three-hills",
        TEA,
        "Three Hills",
        "三座山",
        "One raw pu'er each from Yiwu and Bulang, one ripe from Menghai.",
        "易武、布朗各一饼生普，勐海一饼熟普。",
        "yiwu-raw-2021 bulang-raw-2018 menghai-ripe-2020",
    ),
    (
        "wuyi-pair",
        TEA,
        "Two from the Cliffs",
        "岩上两款",
        "Rougui for the nose, Shuixian for the throat.",
        "肉桂走鼻，水仙走喉。",
        "rougui shuixian",
    ),
    (
        "evening-wash",
        SKIN,
        "The Evening Wash",
        "晚间清洁",
        "Oil first, jelly after, and nothing left to undo.",
        "先油后啫喱，该卸的都卸了。",
        "rice-cleansing-oil rice-jelly-cleanser",
    ),
    (
        "red-cheeks",
        SKIN,
        "For Red Cheeks",
        "泛红舒缓",
        "Green tea in three weights, for wind and heating.",
        "绿茶三种质地，应付风和暖气。",
        "green-tea-first-water green-tea-lotion green-tea-sheet-mask",
    ),
    (
        "beach-pocket",
        SKIN,
        "The Beach Pocket",
        "海边口袋",
        "Milk for the face, stick for the ears, mist for after.",
        "脸用乳，耳朵用棒，回来喷雾。",
        "sea-grape-sun-milk sea-grape-sun-stick sea-grape-face-mist",
    ),
    (
        "hand-and-lip",
        SKIN,
        "Hand and Lip",
        "手与唇",
        "Two things to lose in a coat, in the same scent.",
        "两样会在大衣里找不到的东西，同一种香。",
        "osmanthus-hand-cream osmanthus-lip-balm",
    ),
)


def market(seed: int) -> DemoMarket:
    goods_list = goods.products(seed)
    products = {product.slug: product for product in goods_list}
    return DemoMarket(
        seed=seed,
        merchants=merchants(seed),
        categories=goods.categories(),
        products=goods_list,
        bundles=bundles(products),
        nodes=nodes(),
        posts=posts(seed, products),
        places=PLACES,
    )


def bundles(products: Mapping[str, DemoProduct]) -> tuple[DemoBundle, ...]:
    """Each at 88 % of what its first variants cost apart, down to a whole yuan."""
    made = []
    for slug, merchant, title, title_zh, says, says_zh, parts in BUNDLES:
        inside = tuple(parts.split())
        apart = sum(products[part].variants[0].price_minor for part in inside)
        price = int(apart * BUNDLE_SHARE) // 100 * 100
        made.append(
            DemoBundle(slug, merchant, title, title_zh, says, says_zh, inside, price, products[inside[0]].images[0])
        )
    return tuple(made)


def posts(seed: int, products: Mapping[str, DemoProduct]) -> tuple[DemoPost, ...]:
    """Every merchant's posts, newest first, spread over the last 120 days; each merchant's latest is of today or yesterday."""
    made = []
    for merchant, written in ((FASHION, fashion_posts.POSTS), (TEA, tea_posts.POSTS), (SKIN, skin_posts.POSTS)):
        rng = Random(f"posts {seed} {merchant}")
        step = SPAN_DAYS / len(written)
        for i, words in enumerate(written):
            day = round(i * step + rng.uniform(0, 0.6) * step) if i else rng.choice((0, 1))
            made.append(post(rng, merchant, words, products, day))
    return tuple(sorted(made, key=lambda one: (one.days_ago, -one.hour, one.slug)))


def post(rng: Random, merchant: str, words: Words, products: Mapping[str, DemoProduct], day: int) -> DemoPost:
    tagged = words.products.split()
    cover = cover_art(rng, merchant, words, products[tagged[0]])
    images = [DemoImage(cover, words.alt, words.alt_zh)]
    if words.kind in {PostKind.PHOTO_SET, PostKind.LOOKBOOK}:
        images += [products[slug].images[k % len(products[slug].images)] for k, slug in enumerate(tagged)]
    spots = SPOTS.get(cover.motif, ELSEWHERE)
    return DemoPost(
        merchant=merchant,
        slug=words.slug,
        kind=words.kind,
        title=words.title,
        title_zh=words.title_zh,
        body=words.body,
        body_zh=words.body_zh,
        images=tuple(images),
        tags=tuple(DemoTag(slug, *spot) for slug, spot in zip(tagged, spots, strict=False)),
        days_ago=day,
        hour=rng.choice(HOURS),
    )


def cover_art(rng: Random, merchant: str, words: Words, first: DemoProduct) -> Art:
    """A new photograph of the first product, or the scene that the words ask for."""
    seed = rng.randrange(1 << 30)
    if words.art.startswith("product"):
        shown = first.images[0].art
        return Art(shown.motif, merchant, seed, shown.tint, shown.form, shown.pattern)
    motif, form, pattern, tint = ("" if part == "-" else part for part in words.art.split())
    if motif == "swatch":
        return Art("jar", merchant, seed, tint, view="swatch")
    return Art(motif, merchant, seed, tint, form, pattern)
