"""Products saved and read, against a real database."""

import asyncio

import msgspec
import pytest

from tests.catalogue.drafts import a_draft, a_merchant, counts
from unwall.catalogue import actions, bundles, merchant_reads, reads, rules
from unwall.catalogue.values import (
    BundleDraft,
    BundlePartDraft,
    CatalogueFilter,
    CategoryDraft,
    NoSuchProduct,
    ProductStatus,
    ProductTranslation,
    VariantDraft,
)
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import derived_id, new_id
from unwall.media.values import Image

SHIRT = a_draft(
    "Linen Shirt",
    category="Shirts",
    description="<p>Cool</p>",
    tags=("summer",),
    option_names=("Size",),
    variants=(
        VariantDraft(sku="L-S", price=20000, compare_at=25000, options=("S",), barcode="6901", weight_g=200),
        VariantDraft(sku="L-M", price=22000, options=("M",)),
    ),
    images=(Image("ab/front.webp", "Front", 800, 1000), Image("ab/back.webp", "Back", 800, 1000)),
    translations={"zh": ProductTranslation("亚麻衬衫", "<p>凉爽</p>", {"Size": "尺码", "S": "小", "Front": "正面"})},
)


async def test_a_product_is_read_in_either_language(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "label")
        product_id = await actions.save_product(conn, merchant.id, SHIRT)

        page = await reads.product_page(conn, "label", "linen-shirt", "zh")
        assert page is not None
        assert (page.product.id, page.product.merchant_name) == (product_id, "label店")
        assert (page.product.title, page.product.description) == ("亚麻衬衫", "<p>凉爽</p>")
        assert page.product.option_names == ("尺码",)
        assert [(v.sku, v.options, v.price, v.compare_at) for v in page.variants] == [
            ("L-S", ("小",), 20000, 25000),
            ("L-M", ("M",), 22000, None),
        ]
        assert [image.alt for image in page.images] == ["正面", "Back"]

        page = await reads.product_page(conn, "label", "linen-shirt", "en")
        assert page is not None
        assert (page.product.title, page.product.category_slug, page.product.tags) == (
            "Linen Shirt",
            "shirts",
            ("summer",),
        )


async def test_a_card_shows_the_cheapest_variant_and_the_first_picture(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "label")
        shirt, plain = await actions.save_products(conn, merchant.id, [SHIRT, a_draft()])

        found = await reads.cards(conn, [plain, shirt, new_id()], "zh")

        assert found.keys() == {shirt, plain}
        card = found[shirt]
        assert (card.title, card.merchant_name, card.price, card.highest_price) == ("亚麻衬衫", "label店", 20000, 22000)
        assert (card.compare_at, card.currency, card.available_variants, card.only_variant_id) == (
            25000,
            "CNY",
            2,
            None,
        )
        assert (card.image_file, card.image_alt, card.image_width, card.image_height) == (
            "ab/front.webp",
            "正面",
            800,
            1000,
        )
        assert found[plain].image_file is None
        assert found[plain].only_variant_id == (await reads.items_of(conn, [plain], "en"))[0].variant_id


async def test_what_cannot_be_bought_has_no_card(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        drafts = [
            a_draft("Draft", status=ProductStatus.DRAFT),
            a_draft("Archived"),
            a_draft("Off", variants=(VariantDraft(sku="off", price=1, active=False),)),
        ]
        product_ids = await actions.save_products(conn, merchant.id, drafts)
        await actions.archive_product(conn, merchant.id, product_ids[1])
        await actions.archive_product(conn, merchant.id, product_ids[1])

        assert await reads.cards(conn, product_ids, "en") == {}
        assert (await reads.products(conn, merchant.id, "en")).rows == []
        assert await reads.product_page(conn, "tea", "archived", "en") is None
        assert len((await merchant_reads.merchant_products(conn, merchant.id, "en")).rows) == 3
        drafts = CatalogueFilter(status=ProductStatus.DRAFT)
        assert [r.title for r in (await merchant_reads.merchant_products(conn, merchant.id, "en", drafts)).rows] == [
            "Draft"
        ]


async def test_saving_what_was_read_changes_nothing(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        product_id = await actions.save_product(conn, merchant.id, SHIRT)
        before = await merchant_reads.draft(conn, merchant.id, product_id)
        assert before is not None

        assert await actions.save_product(conn, merchant.id, before) == product_id

        assert await merchant_reads.draft(conn, merchant.id, product_id) == before


async def test_a_variant_left_out_stops_being_sold_and_keeps_its_id(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        product_id = await actions.save_product(conn, merchant.id, SHIRT)
        small, medium = await reads.items_of(conn, [product_id], "en")

        await actions.save_product(
            conn, merchant.id, a_draft("Shirt", id=product_id, variants=(VariantDraft(sku="L-M", price=1),))
        )

        after = await reads.items(conn, [small.variant_id, medium.variant_id], "en")
        assert (after[small.variant_id].sellable, after[medium.variant_id].sellable) == (False, True)
        assert after[medium.variant_id].price == 1


async def test_variants_may_swap_their_skus(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        product_id = await actions.save_product(conn, merchant.id, SHIRT)
        draft = await merchant_reads.draft(conn, merchant.id, product_id)
        assert draft is not None
        a, b = draft.variants
        swapped = (
            VariantDraft(sku=b.sku, price=a.price, options=a.options, id=a.id),
            VariantDraft(sku=a.sku, price=b.price, options=b.options, id=b.id),
        )

        await actions.save_product(
            conn, merchant.id, a_draft("Shirt", id=product_id, option_names=("Size",), variants=swapped)
        )

        assert {i.variant_id: i.sku for i in await reads.items_of(conn, [product_id], "en")} == {
            a.id: "L-M",
            b.id: "L-S",
        }


@pytest.mark.parametrize(
    ("draft", "fields"),
    [
        (a_draft("Linen Shirt"), {"slug"}),
        (a_draft("Other", variants=(VariantDraft(sku="L-S", price=1),)), {"variants.0.sku"}),
        (a_draft("", slug="x"), {"title"}),
    ],
)
async def test_a_refused_draft_changes_nothing(db, draft, fields):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        await actions.save_product(conn, merchant.id, SHIRT)
        before = await counts(conn)

        with pytest.raises(Invalid) as refused:
            await actions.save_product(conn, merchant.id, draft)

        assert set(refused.value.by_field()) == fields
        assert await counts(conn) == before


async def test_of_many_drafts_errors_name_theirs_and_none_is_saved(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        twice = [a_draft("A"), a_draft("B", slug="a"), a_draft("C", variants=(VariantDraft(sku="SKU-A", price=1),))]

        with pytest.raises(Invalid) as refused:
            await actions.save_products(conn, merchant.id, twice)

        assert set(refused.value.by_field()) == {"1.slug", "2.variants.0.sku"}
        assert (await counts(conn))["product"] == 0


async def test_two_merchants_may_use_the_same_words(db):
    async with db.transaction() as conn:
        for slug in ("one", "two"):
            merchant = await a_merchant(conn, slug)
            await actions.save_product(conn, merchant.id, SHIRT)
        assert (await counts(conn))["product"] == 2


@pytest.mark.parametrize("confined", [True, False])
async def test_another_merchants_product_cannot_be_touched(db, confined):
    # given a product of one merchant
    async with db.transaction() as conn:
        owner, thief = await a_merchant(conn, "owner"), await a_merchant(conn, "thief")
        product_id = await actions.save_product(conn, owner.id, SHIRT)
        variant_id = (await reads.items_of(conn, [product_id], "en"))[0].variant_id
        before = await merchant_reads.draft(conn, owner.id, product_id)
    steal = [
        lambda conn: actions.save_product(conn, thief.id, a_draft("Mine", id=product_id)),
        lambda conn: actions.save_product(
            conn, thief.id, a_draft("Mine", variants=(VariantDraft(sku="x", price=1, id=variant_id),))
        ),
        lambda conn: actions.archive_product(conn, thief.id, product_id),
    ]

    # when another tries to change it, then there is no such product
    for attempt in steal:
        with pytest.raises(NoSuchProduct):
            async with db.confined(thief.id) if confined else db.transaction() as conn:
                await attempt(conn)
    with pytest.raises(Invalid) as refused:
        async with db.confined(thief.id) if confined else db.transaction() as conn:
            await actions.save_bundle(conn, thief.id, BundleDraft(title="Set", parts=(BundlePartDraft(variant_id),)))
    assert list(refused.value.by_field()) == ["parts.0.variant_id"]

    # and nothing has changed
    async with db.transaction() as conn:
        assert await merchant_reads.draft(conn, owner.id, product_id) == before
        assert await counts(conn) == {
            **{"category": 1, "product": 1, "product_image": 2, "variant": 2, "bundle": 0, "bundle_part": 0}
        }


async def own_ids(conn, merchant_id, words):
    found = await merchant_reads.merchant_products(conn, merchant_id, "en", CatalogueFilter(words))
    return [row.product_id for row in found.rows]


async def test_a_merchant_sees_only_its_own(db):
    async with db.transaction() as conn:
        mine, other = await a_merchant(conn, "mine"), await a_merchant(conn, "other")
        other_id = await actions.save_product(conn, other.id, SHIRT)
    async with db.confined(mine.id) as conn:
        product_id = await actions.save_product(conn, mine.id, SHIRT)
        assert (await reads.cards(conn, [product_id, other_id], "en")).keys() == {product_id}
        assert await own_ids(conn, mine.id, "linen") == [product_id]
        assert await own_ids(conn, mine.id, "6901") == [product_id]
        assert [c.product_id for c in (await reads.search(conn, "亚麻", "zh")).rows] == [product_id]


async def test_the_same_product_saved_at_once_is_made_once(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)

    async def save() -> str:
        try:
            async with db.confined(merchant.id) as conn:
                await actions.save_product(conn, merchant.id, SHIRT)
        except Invalid as refused:
            return ",".join(refused.by_field())
        return "saved"

    outcomes = await asyncio.gather(*(save() for _ in range(5)))

    taken = "slug,variants.0.sku,variants.1.sku"
    assert sorted(outcomes) == ["saved", taken, taken, taken, taken]


async def test_an_import_may_name_its_own_ids(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        draft = a_draft(id=derived_id("p"), variants=(VariantDraft(sku="x", price=1, id=derived_id("v")),))
        for _ in range(2):
            assert await actions.save_product(conn, merchant.id, draft) == derived_id("p")
        assert (await reads.items_of(conn, [derived_id("p")], "en"))[0].variant_id == derived_id("v")
        assert (await counts(conn))["variant"] == 1


# --- categories, variants, bundles ------------------------------------------------------------------------------------


async def test_a_category_is_paged_newest_first_without_gap_or_duplicate(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        made = [await actions.save_product(conn, merchant.id, a_draft(f"P{i}", category="Teas")) for i in range(5)]
        await actions.save_product(conn, merchant.id, a_draft("Cup", category="Cups"))

        seen, after = [], None
        for n in range(3):
            page = await reads.products(conn, merchant.id, "en", category="teas", after=after, limit=2)
            seen += [card.product_id for card in page.rows]
            after = page.after
            await actions.save_product(conn, merchant.id, a_draft(f"New {n}", category="Teas"))

        assert seen == made[::-1]
        assert after is None


async def test_categories_count_what_is_active_and_are_said_in_the_language(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        await actions.save_category(
            conn, merchant.id, CategoryDraft(title="Teas", translations={"zh": ProductTranslation("茶叶")})
        )
        await actions.save_products(
            conn,
            merchant.id,
            [a_draft("A", category="Teas"), a_draft("B", category="teas", status=ProductStatus.DRAFT)],
        )
        assert [(c.slug, c.title, c.products) for c in await reads.categories(conn, merchant.id, "zh")] == [
            ("teas", "茶叶", 1)
        ]


async def test_a_till_finds_variants_by_barcode_or_sku(db):
    async with db.transaction() as conn:
        merchant, other = await a_merchant(conn), await a_merchant(conn, "other")
        await actions.save_product(conn, merchant.id, SHIRT)
        for code in ("6901", " L-S "):
            (item,) = await reads.variants_by_code(conn, merchant.id, code, "zh")
            assert (item.sku, item.title, item.options, item.sellable) == ("L-S", "亚麻衬衫", ("小",), True)
        assert await reads.variants_by_code(conn, other.id, "6901", "zh") == []
        assert (await reads.variants_by_sku(conn, merchant.id, ["L-M", "nope"], "en")).keys() == {"L-M"}


async def test_a_code_of_several_variants_finds_all_that_are_on_sale(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        for sku, active in (("CUP-1", True), ("CUP-2", True), ("CUP-OLD", False)):
            cup = VariantDraft(sku=sku, price=100, barcode="4006381333931", active=active)
            await actions.save_product(conn, merchant.id, a_draft(f"Cup {sku}", variants=(cup,)))
        found = await reads.variants_by_code(conn, merchant.id, "4006381333931", "en")
        assert sorted(item.sku for item in found) == ["CUP-1", "CUP-2"]
        assert [item.sku for item in await reads.variants_by_code(conn, merchant.id, "cup-old", "en")] == ["CUP-OLD"]


async def test_a_bundle_is_its_parts(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        product_id = await actions.save_product(conn, merchant.id, SHIRT)
        small, medium = await reads.items_of(conn, [product_id], "en")
        draft = BundleDraft(
            title="Pair", parts=(BundlePartDraft(medium.variant_id, 2), BundlePartDraft(small.variant_id))
        )

        bundle_id = await actions.save_bundle(conn, merchant.id, draft)
        assert await actions.save_bundle(conn, merchant.id, draft) == bundle_id

        (bundle,) = await bundles.bundles_with(conn, product_id, "zh")
        assert bundle == await bundles.bundle(conn, merchant.id, "pair", "zh")
        assert [(p.item.sku, p.quantity, p.item.title) for p in bundle.parts] == [
            ("L-M", 2, "亚麻衬衫"),
            ("L-S", 1, "亚麻衬衫"),
        ]
        assert await bundles.bundles(conn, merchant.id, "zh") == [bundle]


async def test_new_skus_replace_all_variants_again_and_again_until_a_clear_end(db):
    def draft(round_number: int, product_id=None):
        variants = tuple(VariantDraft(sku=f"R{round_number}-{n}", price=1) for n in range(100))
        named = tuple(msgspec.structs.replace(v, options=(v.sku,)) for v in variants)
        return a_draft("Shirt", variants=named, option_names=("Size",), id=product_id)

    async with db.transaction() as conn:
        merchant = await a_merchant(conn)
        product_id = await actions.save_product(conn, merchant.id, draft(0))
        for round_number in range(1, rules.MAX_STORED_VARIANTS // 100):
            await actions.save_product(conn, merchant.id, draft(round_number, product_id))
        for_editor = await merchant_reads.draft(conn, merchant.id, product_id)
        assert for_editor is not None
        assert len(for_editor.variants) == rules.MAX_VARIANTS
        assert await actions.save_product(conn, merchant.id, for_editor) == product_id

        before = await counts(conn)
        with pytest.raises(Invalid) as refused:
            await actions.save_product(conn, merchant.id, draft(99, product_id))
        assert list(refused.value.by_field()) == ["variants"]
        assert await counts(conn) == before
