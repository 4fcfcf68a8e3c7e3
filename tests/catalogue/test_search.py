"""Search in English and Chinese, against a real database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.catalogue.drafts import a_draft, a_merchant
from unwall.catalogue import actions, reads
from unwall.catalogue.values import CategoryDraft, ProductStatus, ProductTranslation, VariantDraft
from unwall.kernel.errors import Invalid

SHELF = [
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
async def shelf(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        await actions.save_products(conn, merchant.id, SHELF)
        yield conn, merchant


async def found(conn, query, **options) -> list[str]:
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
async def test_words_find_products(shelf, query, slugs):
    conn, _ = shelf
    assert await found(conn, query) == slugs


async def test_a_store_searches_its_own(shelf):
    conn, merchant = shelf
    other = await a_merchant(conn, "other")
    assert await found(conn, "cup", merchant_id=merchant.id) == [CUP]
    assert await found(conn, "cup", merchant_id=other.id) == []


async def test_what_is_edited_is_found_by_its_new_words(shelf):
    conn, merchant = shelf
    (draft,) = await reads.drafts(conn, merchant.id, slugs=[CUP])
    await actions.save_product(
        conn, merchant.id, a_draft("Bowl", id=draft.id, translations={"zh": ProductTranslation("碗")})
    )
    assert (await found(conn, "cup"), await found(conn, "茶杯")) == ([], [])
    assert (await found(conn, "bowl"), await found(conn, "碗")) == (["bowl"], ["bowl"])


async def test_a_category_that_is_renamed_is_found_by_its_new_title(shelf):
    conn, merchant = shelf
    await actions.save_category(
        conn, merchant.id, CategoryDraft(slug="teas", title="Leaves", translations={"zh": ProductTranslation("茗品")})
    )
    assert (await found(conn, "leaves"), await found(conn, "茗品")) == ([WUYI], [WUYI])


async def test_pages_follow_on_while_products_come_and_go(shelf):
    # given more answers than one page holds
    conn, merchant = shelf
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


async def test_a_foreign_cursor_is_refused(shelf):
    conn, _ = shelf
    with pytest.raises(Invalid, match="after"):
        await reads.search(conn, "tea", "en", after="nonsense")


@given(st.text(max_size=60) | st.text("茶红杯跑 -\"'&|!()<>:*\\abOR", max_size=30))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_query_breaks_the_search(shelf, query):
    conn, merchant = shelf
    page = await reads.search(conn, query, "zh")
    assert len(page.rows) <= 4
    await reads.merchant_products(conn, merchant.id, "zh", query=query)


@given(st.text("茶红杯跑步鞋白a ,", min_size=1, max_size=12), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_piece_of_a_chinese_title_finds_it(shelf, title, data):
    conn, merchant = shelf
    chinese = "".join(c for c in title if c not in "a ,") or "茶"
    start = data.draw(st.integers(0, len(chinese) - 1))
    piece = chinese[start : data.draw(st.integers(start + 1, len(chinese)))]
    async with conn.transaction():
        await actions.save_product(
            conn, merchant.id, a_draft("Piece", id=None, slug="piece", translations={"zh": ProductTranslation(chinese)})
        )
        assert "piece" in await found(conn, piece)
        await conn.execute("DELETE FROM product WHERE slug = 'piece'")
