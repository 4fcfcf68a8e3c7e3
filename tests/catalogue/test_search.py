"""Search in English and Chinese, against a real database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.catalogue.drafts import a_draft, a_merchant
from unwall.catalogue import actions, merchant_reads, reads
from unwall.catalogue.stars import put_stars
from unwall.catalogue.values import (
    CatalogueFilter,
    CategoryDraft,
    ProductStatus,
    ProductTranslation,
    SearchFilter,
    SearchSort,
    VariantDraft,
)
from unwall.kernel.errors import Invalid

PRODUCTS = [
    a_draft(
        "Running Shoes",
        tags=("sport",),
        translations={"zh": ProductTranslation("跑步鞋")},
        variants=(VariantDraft(sku="RUN-01", price=1, barcode="6900001"),),
    ),
    a_draft(
        "White Tea Cup",
        description="<p>for running late</p>",
        translations={"zh": ProductTranslation("白茶杯", "<p>景德镇的杯子</p>")},
    ),
    a_draft("武夷红茶", vendor="茶园", category="Teas", translations={"en": ProductTranslation("Wuyi Black Tea")}),
    a_draft(
        "Café RUN-01 poster",
        translations={"zh": ProductTranslation("海报")},
        option_names=("Colour",),
        variants=(VariantDraft(sku="P", price=1, options=("Crimson",)),),
    ),
    a_draft("Hidden tea", status=ProductStatus.DRAFT),
]


@pytest.fixture
async def products(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        await actions.save_products(conn, merchant.id, PRODUCTS)
        yield conn, merchant


async def search_for(conn, query, **options) -> list[str]:
    return [card.slug for card in (await reads.search(conn, query, "en", **options)).rows]


RUNNING, CUP, WUYI, POSTER = "running-shoes", "white-tea-cup", "武夷红茶", "café-run-01-poster"


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("shoe", [RUNNING]),  # stems
        ("RAN shoes", []),
        ("run", [RUNNING, POSTER, CUP]),  # title before description
        ("runni", [RUNNING]),  # while one types
        ("white te", [CUP]),
        ('"tea cup"', [CUP]),
        ('"cup tea"', []),
        ("tea -white", [WUYI]),
        ("cafe", [POSTER]),
        ("crimson", [POSTER]),  # an option
        ("sport", [RUNNING]),  # a tag
        ("teas", [WUYI, CUP]),  # a category, and the stem
        ("红茶", [WUYI]),
        ("夷红", [WUYI]),  # anywhere in the text
        ("茶", [WUYI, CUP]),  # one character
        ("茶红", []),
        ("茶杯", [CUP]),
        ("跑步 shoes", [RUNNING]),  # both languages at once
        ("跑步 tea", []),
        ("景德镇", [CUP]),
        ("wuyi", [WUYI]),
        ("6900001", [RUNNING]),
        ("run-01", [RUNNING, POSTER]),  # the SKU before the words
        ("hidden", []),
        ("the", []),
        ("", []),
        ("'; DROP TABLE product; --", []),
        ("(((|&!:*<->", []),
    ],
)
async def test_words_find_products(products, query, slugs):
    conn, _ = products
    assert await search_for(conn, query) == slugs


@pytest.mark.parametrize(
    ("title", "queries"),
    [
        ("Złoty pierścionek", ["zloty", "ZŁOTY", "zlot"]),
        ("Đồng hồ nữ", ["dong ho", "đồng"]),
        ("Straßenschuh weiß", ["weiss", "strassenschuh", "weiß"]),
        ("Strassenschuh weiss", ["weiß", "Straßenschuh"]),
        ("Rødgrød skål", ["rodgrod", "skal", "skaal", "roedgroed", "SKÅL", "skaa", "roedgroed skål", '"rødgrød skål"']),
        ("Roedgroed skaal", ["rødgrød", "skål", "rødgrød skaal", "skå"]),
        ("Käsemesser für Züri", ["kaesemesser", "kasemesser", "KÄSE", "fuer zueri", "zuri"]),
        ("Kaesemesser Oel", ["käsemesser", "Öl", "öl käse"]),
        ("Œuf de Pâques", ["oeuf", "paques"]),
        ("Kırmızı Kazak", ["kirmizi", "KIRMIZI", "kırmızı", "KAZ"]),
        ("Красная ёлка", ["елка", "крас", "КРАСНАЯ"]),
        ("หนังสือเดินทาง", ["เดินทาง", "หนังสือ", "ทาง"]),
        ("コーヒーカップ", ["カップ", "ｺｰﾋｰ"]),
        ("롱원피스", ["원피스"]),
        ("हिन्दी किताब", ["किताब", "हिन्दी", "किता"]),
        ("كتاب أحمر", ["احمر", "كتاب", "كتا"]),
        ("ספר שָׁלוֹם", ["שלום", "ספר"]),
        ("Κόκκινο φόρεμα", ["κοκκινο", "ΦΟΡΕΜΑ"]),
        ("মাটির পাত্র", ["পাত্র"]),
        ("சிவப்பு சட்டை", ["சட்டை", "சட்"]),
    ],
)
async def test_every_script_is_found(products, title, queries):
    conn, merchant = products
    await actions.save_product(conn, merchant.id, a_draft(title, slug="wanted"))
    assert {query: await search_for(conn, query) for query in queries} == {query: ["wanted"] for query in queries}


async def test_a_store_searches_its_own(products):
    conn, merchant = products
    other = await a_merchant(conn, "other")
    assert await search_for(conn, "cup", wanted=SearchFilter(merchant.id)) == [CUP]
    assert await search_for(conn, "cup", wanted=SearchFilter(other.id)) == []


async def test_what_is_edited_is_found_by_its_new_words(products):
    conn, merchant = products
    (draft,) = await merchant_reads.drafts(conn, merchant.id, slugs=[CUP])
    await actions.save_product(
        conn, merchant.id, a_draft("Bowl", id=draft.id, translations={"zh": ProductTranslation("碗")})
    )
    assert (await search_for(conn, "cup"), await search_for(conn, "茶杯")) == ([], [])
    assert (await search_for(conn, "bowl"), await search_for(conn, "碗")) == (["bowl"], ["bowl"])


async def test_a_category_that_is_renamed_is_found_by_its_new_title(products):
    conn, merchant = products
    await actions.save_category(
        conn, merchant.id, CategoryDraft(slug="teas", title="Leaves", translations={"zh": ProductTranslation("茗品")})
    )
    assert (await search_for(conn, "leaves"), await search_for(conn, "茗品")) == ([WUYI], [WUYI])


async def test_pages_follow_on_while_products_come_and_go(products):
    # given more answers than one page holds
    conn, merchant = products
    wanted = [
        await actions.save_product(conn, merchant.id, a_draft(f"Jade ring {i}", tags=("jade",) * (i % 2)))
        for i in range(9)
    ]

    # when a reader pages while others are added and taken away
    seen, after = [], None
    while True:
        page = await reads.search(conn, "jade", "en", after=after, limit=2)
        seen += [card.product_id for card in page.rows]
        after = page.after
        if after is None:
            break
        if len(seen) == 4:
            await actions.save_product(conn, merchant.id, a_draft("Jade jade jade", tags=("jade",)))
            await actions.archive_product(conn, merchant.id, seen[0])

    # then each of those that stayed was seen once
    assert len(seen) == len(set(seen))
    assert set(wanted) <= set(seen)


async def test_a_foreign_cursor_is_refused(products):
    conn, _ = products
    with pytest.raises(Invalid, match="after"):
        await reads.search(conn, "tea", "en", after="nonsense")


@given(st.text(max_size=60) | st.text("茶红杯跑 -\"'&|!()<>:*\\abOR", max_size=30))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_query_breaks_the_search(products, query):
    conn, merchant = products
    page = await reads.search(conn, query, "zh")
    assert len(page.rows) <= 4
    await merchant_reads.merchant_products(conn, merchant.id, "zh", CatalogueFilter(query))


@given(st.text("茶红杯跑步鞋白a ,", min_size=1, max_size=12), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_piece_of_a_chinese_title_finds_it(products, title, data):
    conn, merchant = products
    chinese = "".join(c for c in title if c not in "a ,") or "茶"
    start = data.draw(st.integers(0, len(chinese) - 1))
    piece = chinese[start : data.draw(st.integers(start + 1, len(chinese)))]
    async with conn.transaction():
        await actions.save_product(
            conn, merchant.id, a_draft("Piece", id=None, slug="piece", translations={"zh": ProductTranslation(chinese)})
        )
        assert "piece" in await search_for(conn, piece)
        await conn.execute("DELETE FROM product WHERE slug = 'piece'")


# --- by stars ---------------------------------------------------------------------------------------------------------


async def rated(conn, merchant, given: dict[str, tuple[int, int]]) -> None:
    for slug, (total, reviews) in given.items():
        product_id = await conn.fetchval("SELECT id FROM product WHERE slug = $1", slug)
        await put_stars(conn, merchant.id, product_id, total, reviews)


async def test_the_best_rated_come_first_and_a_single_five_does_not_beat_many_good_ones(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        await actions.save_products(
            conn, merchant.id, [a_draft(f"Tea {name}") for name in ("one", "many", "bad", "none")]
        )
        await rated(conn, merchant, {"tea-one": (5, 1), "tea-many": (240, 50), "tea-bad": (20, 20)})
        best = SearchFilter(sort=SearchSort.STARS)
        assert await search_for(conn, "tea", wanted=best) == ["tea-many", "tea-one", "tea-bad", "tea-none"]
        assert sorted(await search_for(conn, "tea", wanted=SearchFilter(min_stars=4))) == ["tea-many", "tea-one"]
        [card, *_] = (await reads.search(conn, "tea", "en", best)).rows
        assert (card.stars, card.reviews) == (4.8, 50)
        await rated(conn, merchant, {"tea-many": (0, 0)})
        assert await search_for(conn, "tea", wanted=SearchFilter(min_stars=4)) == ["tea-one"]


async def test_pages_of_the_best_rated_leave_nothing_out_and_repeat_nothing(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        await actions.save_products(conn, merchant.id, [a_draft(f"Tea {n}") for n in range(7)])
        await rated(conn, merchant, {f"tea-{n}": (5 * (n % 2) + 3 * (1 - n % 2), 1) for n in range(5)})
        seen, after = [], None
        while True:
            page = await reads.search(conn, "tea", "en", SearchFilter(sort=SearchSort.STARS), after=after, limit=2)
            seen += [card.slug for card in page.rows]
            after = page.after
            if after is None:
                break
    assert sorted(seen) == [f"tea-{n}" for n in range(7)]
    assert set(seen[:2]) == {"tea-1", "tea-3"}
    assert set(seen[5:]) == {"tea-5", "tea-6"}
