"""From vocabulary to products: one builder per merchant, the same rules for prices, codes and popularity."""

from collections.abc import Iterable, Sequence
from random import Random

from msgspec import structs

from unwall_demo import fashion_cuts, skin_words, tea_words, ware_words
from unwall_demo.fashion_words import CLOTHS, COLOURS, Cloth, Colour, Cut
from unwall_demo.places import FASHION, SKIN, TEA
from unwall_demo.tea_words import Item
from unwall_demo.values import Art, DemoCategory, DemoImage, DemoProduct, DemoVariant, Season

COMPANY_CODES = {FASHION: ("SW", 1), TEA: ("CS", 2), SKIN: ("ML", 3)}
CLOTH_COLOURS = {
    "denim": "indigo ink rain",
    "leather": "camel cocoa ink brick moss",
    "suede": "camel cocoa moss clay slate",
    "straw": "oat camel",
    "canvas": "chalk oat moss ink persimmon",
    "tweed": "cocoa slate moss plum oat",
    "herringbone": "slate camel cocoa ink",
    "cable": "chalk oat indigo moss brick",
    "cashmere": "camel oat slate plum celadon",
    "lambswool": "persimmon moss oat indigo clay butter",
    "silk": "celadon clay ink butter brick chalk",
    "satin": "slate brick cocoa celadon indigo",
}
GARMENT_SIZES = ("XS", "S", "M", "L", "XL")
SHOE_SIZES = ("35", "36", "37", "38", "39", "40")
PACKS = ((50, 0.55), (100, 1.0), (250, 2.3))
SALE = (0.8, 0.75, 0.7)


def categories() -> tuple[DemoCategory, ...]:
    fashion = [DemoCategory(FASHION, slug, name, name_zh) for slug, name, name_zh, _ in fashion_cuts.CATEGORIES]
    tea = [DemoCategory(TEA, *row) for row in tea_words.CATEGORIES]
    skin = [DemoCategory(SKIN, *row) for row in skin_words.CATEGORIES]
    return (*fashion, *tea, *skin)


def products(seed: int) -> tuple[DemoProduct, ...]:
    return (*weighed(fashion(seed), seed), *weighed(tea(seed), seed), *weighed(skin(seed), seed))


def weighed(goods: Iterable[DemoProduct], seed: int) -> list[DemoProduct]:
    """Popularity from a Pareto law, so that a few products sell most: mean 1 within the merchant."""
    ordered = list(goods)
    rng = Random(f"popularity {seed} {ordered[0].merchant}")
    draws = [min(rng.paretovariate(1.3), 25) for _ in ordered]
    mean = sum(draws) / len(draws)
    return [structs.replace(one, popularity=round(draw / mean, 4)) for one, draw in zip(ordered, draws, strict=True)]


def ean13(company: int, number: int, variant: int) -> str:
    """A code of the in-store range with its check digit (GS1: weights 1 and 3 from the left)."""
    body = f"2{company}{number:07d}{variant:03d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def neat(yuan: float) -> int:
    """A price as a shop would write it, in fen: 689, 1,290, 48."""
    if yuan < 100:
        return round(yuan) * 100
    return (round(yuan / 10) * 10 - (1 if yuan < 1000 else 0)) * 100


def variant(
    merchant: str, number: int, index: int, options: Sequence[tuple[str, str]], offer: tuple[float, int, float]
) -> DemoVariant:
    """`options` are (English, Chinese) pairs; `offer` is (yuan, grams, share of the price asked now)."""
    prefix, company = COMPANY_CODES[merchant]
    yuan, grams, share = offer
    parts = [prefix, f"{number:04d}", *(name.upper().replace(" ", "") for name, _ in options)]
    return DemoVariant(
        sku="-".join(parts),
        options=tuple(name for name, _ in options),
        options_zh=tuple(name for _, name in options),
        price_minor=neat(yuan * share),
        compare_at_minor=neat(yuan) if share < 1 else None,
        weight_g=grams,
        barcode=ean13(company, number, index),
    )


def fashion(seed: int) -> Iterable[DemoProduct]:
    number = 0
    for category, _, _, motif in fashion_cuts.CATEGORIES:
        for cut in fashion_cuts.CUTS[category]:
            for cloth in cut.cloths.split():
                number += 1
                yield fashion_product(seed, number, category, motif, (cut, cloth))


def fashion_product(seed: int, number: int, category: str, motif: str, made: tuple[Cut, str]) -> DemoProduct:
    cut, key = made
    cloth, slug = CLOTHS[key], f"{key}-{cut.key}"
    rng = Random(f"{seed} {slug}")
    names = (CLOTH_COLOURS.get(key) or " ".join(COLOURS)).split()
    colours = [COLOURS[name] for name in rng.sample(names, min(len(names), rng.choice((2, 3, 3))))]
    sizes = {"bag": (), "scarf": (), "shoe": SHOE_SIZES}.get(
        motif, GARMENT_SIZES[rng.choice((0, 1)) : rng.choice((4, 5))]
    )
    share = rng.choice(SALE) if rng.random() < 0.15 else 1.0
    offer = (cut.yuan * cloth.factor, round(cut.grams * (0.8 + 0.2 * cloth.factor)), share)
    combos = [(colour, size) for colour in colours for size in (sizes or ("",))]
    return DemoProduct(
        slug=slug,
        merchant=FASHION,
        category=category,
        title=f"{cloth.name} {cut.name}",
        title_zh=f"{cloth.name_zh}{cut.name_zh}",
        description=f"{cut.says} {cloth.says}",
        description_zh=f"{cut.says_zh}{cloth.says_zh}",
        option_names=("Colour", "Size") if sizes else ("Colour",),
        option_names_zh=("颜色", "尺码") if sizes else ("颜色",),
        variants=tuple(
            variant(FASHION, number, i, [(c.name, c.name_zh), *([(s, s)] if s else [])], offer)
            for i, (c, s) in enumerate(combos)
        ),
        tags=(category, key, cloth.season.value, *(("sale",) if share < 1 else ())),
        season=cloth.season,
        popularity=1.0,
        images=fashion_images(rng, motif, (cut, cloth), colours),
    )


def fashion_images(
    rng: Random, motif: str, made: tuple[Cut, Cloth], colours: Sequence[Colour]
) -> tuple[DemoImage, ...]:
    """The whole thing in every colour, then nearer, then (for clothes) the cloth."""
    cut, cloth = made
    where, where_zh = {
        "bag": ("on a ledge in window light", "置于窗光下的台面"),
        "shoe": ("a pair on a plaster ledge", "石膏台面上的一双"),
        "scarf": ("against a pale wall", "浅色墙前"),
    }.get(motif, ("on a hanger against a plain wall", "挂在素墙前"))
    name, name_zh = f"{cloth.name} {cut.name}", f"{cloth.name_zh}{cut.name_zh}"

    def shot(colour: Colour, view: str, words: tuple[str, str]) -> DemoImage:
        art = Art(motif, FASHION, rng.randrange(1 << 30), colour.hex, cut.form, cloth.pattern, view)
        return DemoImage(
            art, f"{name} in {colour.name}, {words[0]}", f"{colour.name_zh}{name_zh}，{words[1]}", colour.name
        )

    images = [shot(colour, "", (where, where_zh)) for colour in colours]
    if motif not in {"scarf", "shoe"}:
        images.append(shot(colours[0], "near", ("seen nearer", "近看")))
    if motif in {"dress", "coat", "knit", "shirt", "trousers", "skirt"}:
        images.append(shot(colours[0], "cloth", ("the cloth in folds", "面料的褶")))
    return tuple(images)


def tea(seed: int) -> Iterable[DemoProduct]:
    rows: list[tuple[str, Item]] = [(category, item) for category, items in tea_words.LEAF.items() for item in items]
    rows += [("dark-tea", item) for item in tea_words.CAKES]
    rows += [(HOUSE_BLENDS.get(item.slug, "scented-tea"), item) for item in ware_words.TINNED]
    rows += [("tea-ware", item) for item in ware_words.WARE] + [("gifts", item) for item in ware_words.GIFTS]
    for number, (category, item) in enumerate(rows, 1):
        yield tea_product(seed, number, category, item)


HOUSE_BLENDS = {
    "house-green": "green-tea",
    "house-oolong": "oolong",
    "house-red": "black-tea",
    "house-white": "white-tea",
}


def tea_product(seed: int, number: int, category: str, item: Item) -> DemoProduct:
    rng = Random(f"{seed} {item.slug}")
    option, option_zh, variants = tea_variants(number, item)
    loose = item.motif in {"loose", "tin"}
    arts = [Art(item.motif, TEA, rng.randrange(1 << 30), item.tint, item.form, item.pattern)]
    if item.motif == "loose":
        arts.append(structs.replace(arts[0], seed=rng.randrange(1 << 30), view="near"))
        arts.append(
            Art(
                "tin",
                TEA,
                rng.randrange(1 << 30),
                rng.choice(("#2f5a4c", "#34506b", "#a8452f", "#3a3430", "#c9a25c")),
                item.form,
                rng.choice(("hills", "moon", "sprig", "bars")),
            )
        )
    elif item.motif == "cake":
        arts.append(structs.replace(arts[0], seed=rng.randrange(1 << 30), view="open"))
    elif item.motif in {"gaiwan", "pot", "cups"}:
        arts.append(structs.replace(arts[0], seed=rng.randrange(1 << 30), view="near"))
    words = (
        ("on a wooden table", "木桌上"),
        ("half unwrapped", "半开") if item.motif == "cake" else ("seen nearer", "近看"),
        ("in its tin", "茶罐"),
    )
    return DemoProduct(
        slug=item.slug,
        merchant=TEA,
        category=category,
        title=item.name,
        title_zh=item.name_zh,
        description=item.says,
        description_zh=item.says_zh,
        option_names=(option,) if option else (),
        option_names_zh=(option_zh,) if option else (),
        variants=variants,
        tags=(category, "leaf" if loose else item.motif, item.season.value),
        season=item.season,
        popularity=1.0,
        images=tuple(
            DemoImage(art, f"{item.name}, {en}", f"{item.name_zh}，{zh}")
            for art, (en, zh) in zip(arts, words, strict=False)
        ),
    )


def tea_variants(number: int, item: Item) -> tuple[str, str, tuple[DemoVariant, ...]]:
    if item.motif in {"loose", "tin"}:
        variants = [
            variant(TEA, number, i, [(f"{grams} g", f"{grams} 克")], (item.yuan * share, grams + 40, 1.0))
            for i, (grams, share) in enumerate(PACKS)
        ]
        return "Weight", "净重", tuple(variants)
    if item.motif == "cake":
        sizes = (("357 g", "357 克", 1.0, 380), ("50 g sample", "50 克品鉴装", 0.2, 70))
        variants = [
            variant(TEA, number, i, [(en, zh)], (item.yuan * share, grams, 1.0))
            for i, (en, zh, share, grams) in enumerate(sizes)
        ]
        return "Weight", "净重", tuple(variants)
    return "", "", (variant(TEA, number, 0, [], (item.yuan, 900 if item.motif in {"box", "pot"} else 380, 1.0)),)


def skin(seed: int) -> Iterable[DemoProduct]:
    rows = [(form, skin_words.BASES[key]) for form in skin_words.FORMS for key in form.bases.split()]
    for number, (form, base) in enumerate(rows, 1):
        yield skin_product(seed, number, form, base)


UNITS_ZH = (("sheets", "片"), ("sheet", "片"), ("ml", "毫升"), ("Set", "套装"), ("g", "克"))


def in_chinese(size: str) -> str:
    for unit, unit_zh in UNITS_ZH:
        if size.endswith(unit):
            return size.removesuffix(unit) + unit_zh
    return size


def skin_product(seed: int, number: int, form: skin_words.Form, base: skin_words.Base) -> DemoProduct:
    slug = f"{base.slug}-{form.slug}"
    rng = Random(f"{seed} {slug}")
    title, title_zh = f"{base.name} {form.name}", f"{base.name_zh}{form.name_zh}"
    season = {"sun": Season.SUMMER, "masks": Season.WINTER}.get(form.category, Season.ALL)
    art = Art(form.motif, SKIN, rng.randrange(1 << 30), base.tint, form.shape, base.label)
    images = [DemoImage(art, f"{title} on a pale plinth", f"浅色台座上的{title_zh}")]
    if form.category in {"serums", "creams", "masks", "cleansers"} and form.motif not in {"sachet", "bar"}:
        texture = structs.replace(art, seed=rng.randrange(1 << 30), view="swatch")
        images.append(DemoImage(texture, f"{title}, its texture", f"{title_zh}的质地"))
    return DemoProduct(
        slug=slug,
        merchant=SKIN,
        category=form.category,
        title=title,
        title_zh=title_zh,
        description=f"{base.says} {form.says}",
        description_zh=f"{base.says_zh}{form.says_zh}",
        option_names=("Size",),
        option_names_zh=("规格",),
        variants=tuple(
            variant(SKIN, number, i, [(size, in_chinese(size))], (yuan * base.factor, grams, 1.0))
            for i, (size, yuan, grams) in enumerate(form.sizes)
        ),
        tags=(form.category, base.slug, season.value),
        season=season,
        popularity=1.0,
        images=tuple(images),
    )
