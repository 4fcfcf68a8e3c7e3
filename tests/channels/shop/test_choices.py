"""Which of a product's options are chosen, by whom, and what the page shows of them."""

from unwall.catalogue.values import Product, ProductDetails, ProductStatus, Variant
from unwall.channels.shop.variant_choices import address, ask_for, choices, pictures_of, select
from unwall.commerce.orders.values import Origin
from unwall.kernel.ids import derived_id
from unwall.media.values import Image


def variant(*options: str) -> Variant:
    return Variant(derived_id(*options), "-".join(options), None, options, 1000, None, 0, True)


RED_S, RED_M, BLUE_S, BLUE_M = (variant(*pair.split()) for pair in ("Red S", "Red M", "Blue S", "Blue M"))
ALL = {one.id for one in (RED_S, RED_M, BLUE_S, BLUE_M)}


def page(*images: Image) -> ProductDetails:
    product = Product(
        id=derived_id("dress"),
        merchant_id=derived_id("store"),
        merchant_slug="store",
        merchant_name="Store",
        currency="CNY",
        slug="dress",
        title="Dress",
        description="",
        vendor="",
        tags=(),
        option_names=("Colour", "Size"),
        status=ProductStatus.ACTIVE,
        category_slug=None,
        category_title=None,
    )
    return ProductDetails(product, (RED_S, RED_M, BLUE_S, BLUE_M), images)


def picture(file: str, shows: str = "") -> Image:
    return Image(f"aa/{file}.webp", "", 800, 1000, shows)


RED, BLUE, CLOTH = picture("red", "Red"), picture("blue", "Blue"), picture("cloth")
PICTURED = page(RED, BLUE, CLOTH)


def test_a_colour_is_shown_and_no_size_is_chosen() -> None:
    found = select(PICTURED, {}, ALL)
    assert (found.variant, found.chosen, found.open) == (RED_S, {0}, (1,))
    colour, size = choices(PICTURED, found, ALL, Origin(), "en")
    assert (colour.value, size.value, size.ask) == ("Red", "", "Choose a size")
    assert [choice.active for choice in size.choices] == [False, False]
    assert [choice.image is not None for choice in colour.choices] == [True, True]


def test_without_pictures_of_colours_nothing_is_chosen() -> None:
    found = select(page(CLOTH), {}, ALL)
    assert (found.chosen, found.open) == (set(), (0, 1))
    assert address(page(CLOTH), found, Origin()) == "/m/store/p/dress"
    assert [group.pictured for group in choices(page(CLOTH), found, ALL, Origin(), "en")] == [False, False]


def test_the_first_colour_is_one_that_is_in_stock() -> None:
    assert select(PICTURED, {}, {BLUE_M.id}).variant == BLUE_M
    assert select(PICTURED, {}, set()).variant == RED_S


def test_another_colour_keeps_the_size_open_and_a_size_completes_the_choice() -> None:
    found = select(PICTURED, {}, ALL)
    colour, size = choices(PICTURED, found, ALL, Origin(), "en")
    assert colour.choices[1].url == f"/m/store/p/dress?variant={BLUE_S.id}&chosen=0"
    assert size.choices[1].url == f"/m/store/p/dress?variant={RED_M.id}"
    blue = select(PICTURED, {"variant": str(BLUE_S.id), "chosen": "0"}, ALL)
    assert (blue.variant.options[0], blue.open) == ("Blue", (1,))
    whole = select(PICTURED, {"variant": str(RED_M.id)}, ALL)
    assert (whole.variant, whole.open) == (RED_M, ())
    assert address(PICTURED, whole, Origin()) == f"/m/store/p/dress?variant={RED_M.id}"


def test_the_pictures_are_those_of_the_chosen_colour_and_of_the_whole() -> None:
    blue = select(PICTURED, {"variant": str(BLUE_S.id)}, ALL)
    assert pictures_of(PICTURED, blue) == [BLUE, CLOTH]
    assert pictures_of(PICTURED, select(PICTURED, {}, ALL)) == [RED, CLOTH]
    only_red = page(RED)
    assert pictures_of(only_red, select(only_red, {"variant": str(BLUE_S.id)}, ALL)) == [RED]


def test_a_value_is_in_stock_where_any_that_fits_the_choice_is() -> None:
    stocked = {RED_M.id, BLUE_S.id}
    colour, size = choices(PICTURED, select(PICTURED, {"variant": str(RED_M.id)}, stocked), stocked, Origin(), "en")
    assert [choice.in_stock for choice in size.choices] == [False, True]
    assert [choice.in_stock for choice in colour.choices] == [True, False]


def test_a_forged_choice_chooses_nothing_more() -> None:
    for text in ("x", "-1", "7,99,²", "0,0"):
        found = select(PICTURED, {"variant": str(RED_S.id), "chosen": text}, ALL)
        assert found.chosen <= {0}


def test_what_the_button_asks() -> None:
    assert [ask_for(name, "en") for name in ("Size", "Amount", "EU size")] == [
        "Choose a size",
        "Choose an amount",
        "Choose a EU size",
    ]
