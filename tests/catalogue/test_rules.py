"""Drafts: what they must be. No database."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogue.drafts import a_draft
from unwall.catalogue import bundle_rules, rules, texts
from unwall.catalogue.values import BundleDraft as Bundle
from unwall.catalogue.values import BundlePart, BundlePartDraft, ProductTranslation, VariantDraft, VariantItem
from unwall.kernel.ids import derived_id
from unwall.kernel.money import Money
from unwall.media.values import Image


def wrong(**changes):
    return {error.field for error in rules.check(rules.tidy(a_draft(**changes)))}


def test_a_good_draft_has_nothing_wrong():
    assert wrong() == set()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": " \n"}, {"title", "slug"}),
        ({"title": "x" * 256, "variants": (VariantDraft(sku="a", price=5),)}, {"title"}),
        ({"slug": "a b"}, {"slug"}),
        ({"slug": "../etc"}, {"slug"}),
        ({"description": "x" * 100_001}, {"description"}),
        ({"tags": ("x" * 256,)}, {"tags"}),
        ({"variants": ()}, {"variants"}),
        (
            {"variants": (VariantDraft(sku="", price=-1, weight_g=-1),)},
            {f"variants.0.{f}" for f in ("sku", "price", "weight_g")},
        ),
        ({"variants": (VariantDraft(sku="a", price=5, compare_at=5),)}, {"variants.0.compare_at"}),
        ({"variants": (VariantDraft(sku="a", price=5, options=("S",)),)}, {"variants.0.options"}),
        ({"option_names": ("Size",)}, {"variants.0.options"}),
        ({"option_names": ("a", "b", "c", "d")}, {"option_names", "variants.0.options"}),
        ({"images": (Image("javascript:1", "", 1, 1),)}, {"images.0.file"}),
        ({"images": (Image("../../etc/passwd", "", 1, 1),)}, {"images.0.file"}),
        ({"images": (Image("http://x/y.png", "", 1, 1),)}, {"images.0.file"}),
        ({"images": (Image("ab/c.webp", "", 0, 1),)}, {"images.0.file"}),
        ({"images": (Image("ab/c.webp", "", 10**12, 1),)}, {"images.0.file"}),
        ({"translations": {"xx": ProductTranslation("x")}}, {"translations"}),
        ({"translations": {"zh": ProductTranslation(words={"S": "x" * 1001})}}, {"translations.zh.words"}),
    ],
)
def test_a_wrong_draft_names_its_fields(changes, fields):
    assert wrong(**changes) == fields


def test_two_variants_may_not_be_the_same():
    variants = (VariantDraft(sku="a", price=1, options=("S",)), VariantDraft(sku="a", price=1, options=("S",)))
    assert wrong(option_names=("Size",), variants=variants) == {"variants.1.sku", "variants.1.options"}


def test_the_address_is_made_from_the_title():
    assert rules.tidy(a_draft(" Red  Tea, 250 g ")).slug == "red-tea-250-g"
    assert rules.tidy(a_draft("武夷红茶")).slug == "武夷红茶"


def test_tags_are_parted_at_commas_and_said_once():
    assert rules.tidy(a_draft(tags=("gift, warm", " gift ", ""))).tags == ("gift", "warm")


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p onclick='x()'>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
        ("<a href='javascript:x'>go</a>", '<a rel="noopener noreferrer">go</a>'),
        ("<img src=x onerror=y><b>w</b>", "<b>w</b>"),
        ("a\r\nb\x00", "a\nb"),
    ],
)
def test_html_is_made_safe(html, clean):
    assert texts.clean_html(html) == clean


PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<a href='https://x'>", "</a>", "<b>", "</b>", "<table>", "<tr>", "<td>", "<li>", "</td>"),
        "&amp;",
        "&#13;",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_cleaning_twice_changes_nothing(html):
    once = texts.clean_html(html)
    assert texts.clean_html(once) == once


@given(st.text(max_size=30), st.lists(st.text(max_size=8), max_size=4), st.text(max_size=8))
def test_tidying_twice_changes_nothing(title, tags, code):
    once = rules.tidy(a_draft(title, tags=tuple(tags), variants=(VariantDraft(sku=code, price=1, barcode=code),)))
    assert rules.tidy(once) == once


# --- which variant is which -------------------------------------------------------------------------------------------

KNOWN = a_draft(
    option_names=("Size",),
    variants=tuple(VariantDraft(sku=s, price=1, options=(s,), id=derived_id(s)) for s in ("S", "M", "L")),
)


def matched(*variants: VariantDraft) -> list[tuple[str, UUID | None, bool]]:
    whole = rules.match_variants(a_draft(option_names=("Size",), variants=variants), KNOWN)
    return [(v.sku, v.id, v.active) for v in whole.variants]


def test_a_variant_is_known_by_id_then_sku_then_options():
    assert matched(
        VariantDraft(sku="New name", price=1, options=("x",), id=derived_id("M")),
        VariantDraft(sku="S", price=1, options=("Small",)),
        VariantDraft(sku="L-2", price=1, options=("L",)),
        VariantDraft(sku="XL", price=1, options=("XL",)),
    ) == [
        ("New name", derived_id("M"), True),
        ("S", derived_id("S"), True),
        ("L-2", derived_id("L"), True),
        ("XL", None, True),
    ]


def test_a_variant_left_out_stops_being_sold():
    assert matched(VariantDraft(sku="M", price=1, options=("M",))) == [
        ("M", derived_id("M"), True),
        ("S", derived_id("S"), False),
        ("L", derived_id("L"), False),
    ]


def test_of_a_new_product_every_variant_is_new():
    assert rules.match_variants(a_draft(), None) == a_draft()


# --- bundles ----------------------------------------------------------------------------------------------------------


def part(name: str, price: int, quantity: int, sellable: bool = True) -> BundlePart:
    blank = dict.fromkeys(VariantItem.__struct_fields__, "")
    ids = dict.fromkeys(("variant_id", "product_id", "merchant_id"), derived_id(name))
    numbers = {"price": price, "weight_g": 0, "sellable": sellable, "options": ()}
    nothing = dict.fromkeys(("compare_at", "category_id"))
    return BundlePart(msgspec.convert({**blank, **ids, **numbers, **nothing}, VariantItem, strict=False), quantity)


def test_a_bundle_costs_what_its_parts_cost():
    assert bundle_rules.bundle_price([part("cup", 300, 2), part("pot", 1000, 1)], "CNY") == Money(1600, "CNY")


def test_a_bundle_is_there_as_often_as_its_scarcest_part_allows():
    parts = [part("cup", 300, 2), part("pot", 1000, 1)]
    assert bundle_rules.bundle_available(parts, {derived_id("cup"): 7, derived_id("pot"): 5}) == 3
    assert bundle_rules.bundle_available(parts, {derived_id("cup"): 7}) == 0
    assert bundle_rules.bundle_available(parts, {derived_id("cup"): -2, derived_id("pot"): 5}) == 0
    assert bundle_rules.bundle_available([part("cup", 300, 1, sellable=False)], {derived_id("cup"): 7}) == 0
    assert bundle_rules.bundle_available([], {}) == 0


def test_a_wrong_bundle_names_its_fields():
    mine, other = derived_id("mine"), derived_id("other")
    draft = Bundle(title="", parts=(BundlePartDraft(other), BundlePartDraft(mine, 0), BundlePartDraft(mine)))
    errors = {e.field for e in bundle_rules.check_bundle(bundle_rules.tidy_bundle(draft), {mine})}
    assert errors == {"title", "slug", "parts.0.variant_id", "parts.1.quantity", "parts.2.variant_id"}
    assert {e.field for e in bundle_rules.check_bundle(Bundle(title="Set", slug="set", parts=()), set())} == {"parts"}


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("हिन्दी किताब", "हिन्दी-किताब"),
        ("หนังสือ", "หนังสือ"),
        ("Złoty — 50% Off!", "złoty-50-off"),
        ("\u202e\u200bTea\u00a0Set", "tea-set"),
        ("", ""),
    ],
)
def test_titles_of_every_script_make_an_address(title, slug):
    assert texts.slugify(title) == slug
    assert not slug or rules.is_slug(slug)


def test_a_title_without_letters_still_has_an_address():
    gift, tree = texts.slugify("🎁"), texts.slugify("🎄")
    assert gift != tree
    assert rules.is_slug(gift)
    assert rules.is_slug(tree)


def test_an_address_fits_into_a_request():
    assert len(texts.slugify("หนังสือ" * 40).encode()) <= texts.MAX_SLUG_BYTES
    assert not rules.is_slug("หนังสือ" * 40)


def test_a_picture_shows_the_value_that_only_its_variants_share() -> None:
    by_colour = {("Red", "S"): "red", ("Red", "M"): "red", ("Blue", "S"): "blue", ("Blue", "M"): "blue"}
    assert rules.shown_forms(by_colour) == {"red": "Red", "blue": "Blue"}
    assert rules.shown_forms({("Red", "S"): "one", ("Blue", "M"): "one"}) == {}
    assert rules.shown_forms({("Red", "S"): "one", ("Red", "M"): "two"}) == {"one": "S", "two": "M"}
