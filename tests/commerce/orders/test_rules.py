"""Contacts and choices, without a database."""

import pytest
from msgspec.structs import replace

from tests.commerce.market import ANN, HANGZHOU, PICKING_UP
from unwall.commerce.orders.contacts import checked_contact, known_contact, place_of, same_destination
from unwall.commerce.orders.values import Contact
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.errors import Invalid
from unwall.kernel.geo import Place
from unwall.kernel.ids import derived_id

SHIP, AT_A_SHOP = DeliveryChoice(DeliveryMethod.SHIP), DeliveryChoice(DeliveryMethod.PICKUP, derived_id("shop"))


def test_a_contact_is_trimmed_and_keeps_its_own_place():
    told = Contact("  Ann Lin ", " 138 0013 8000", "", "1 Lake Road", "Suzhou", 31.3, 120.6)
    clean = checked_contact(told, SHIP, HANGZHOU, "CN")
    assert (clean.name, clean.phone, place_of(clean)) == ("Ann Lin", "138 0013 8000", Place("Suzhou", 31.3, 120.6))


def test_without_a_place_of_its_own_it_gets_the_visits():
    assert place_of(checked_contact(PICKING_UP, AT_A_SHOP, HANGZHOU)) == HANGZHOU
    assert place_of(checked_contact(PICKING_UP, AT_A_SHOP, None)) is None


@pytest.mark.parametrize(
    ("changed", "choice", "fields"),
    [
        ({"city": "Lhasa"}, SHIP, ["latitude"]),
        ({"country": "XX"}, SHIP, ["country"]),
        ({"country": "US", "city": "Springfield", "latitude": None, "longitude": None}, SHIP, ["region", "postcode"]),
        ({"postcode": "31001"}, SHIP, ["postcode"]),
        ({"city": "Lhasa", "region": "浙江省", "latitude": None, "longitude": None}, SHIP, ["region"]),
        ({"district": "d" * 81}, AT_A_SHOP, ["district"]),
        ({"name": " "}, SHIP, ["name"]),
        ({"phone": ""}, AT_A_SHOP, ["phone"]),
        ({"phone": "call me"}, SHIP, ["phone"]),
        ({"email": "ann@"}, SHIP, ["email"]),
        ({"email": ""}, SHIP, []),
        ({"address": "", "city": ""}, AT_A_SHOP, []),
        ({"address": "", "city": " "}, DeliveryChoice(DeliveryMethod.COURIER), ["address", "city"]),
        ({"name": "x" * 81, "address": "y" * 301}, SHIP, ["name", "address"]),
        ({"latitude": None}, SHIP, ["latitude"]),
        ({"longitude": 181.0}, SHIP, ["latitude"]),
        ({"latitude": float("nan")}, SHIP, ["latitude"]),
        ({}, DeliveryChoice(DeliveryMethod.PICKUP), ["node_id"]),
        ({}, DeliveryChoice(DeliveryMethod.TAKEN), ["method"]),
    ],
)
def test_every_wrong_field_is_named(changed, choice, fields):
    told = Contact(**{name: getattr(ANN, name) for name in Contact.__struct_fields__} | changed)
    try:
        checked_contact(told, choice, HANGZHOU, "CN")
        named = []
    except Invalid as wrong:
        named = list(wrong.by_field())
    assert named == fields


def test_a_member_is_known_by_the_last_order_and_the_last_address():
    collected = Contact("Ann Lin", "139 0000 0000", "new@example.org")
    sent = Contact("Ann L.", "138 0000 0000", "old@example.org", "1 Lake Road", "Hangzhou")
    assert known_contact([collected, sent]) == replace(
        sent, name="Ann Lin", phone="139 0000 0000", email="new@example.org"
    )
    assert known_contact([sent, collected]) == sent
    assert known_contact([collected]) == collected
    assert known_contact([]) == Contact()


def written(country: str = "", **parts: str) -> Contact:
    return Contact("Ann Lin", "138 0013 8000", country=country, address="1 Lake Road", **parts)


def test_what_is_carried_goes_to_its_address_wherever_the_visit_is():
    clean = checked_contact(written(city="Lhasa"), SHIP, HANGZHOU, "CN")
    assert place_of(clean) == Place("Lhasa", 29.65, 91.1)
    assert (clean.country, clean.region) == ("CN", "西藏自治区")
    abroad = checked_contact(written("de", city="Leipzig", postcode="04109"), SHIP, HANGZHOU, "CN")
    assert (abroad.country, place_of(abroad)) == ("DE", Place("Leipzig", 51.34, 12.371))
    nowhere = checked_contact(written(city="Nowhereton", region="浙江省"), SHIP, HANGZHOU, "CN")
    assert place_of(nowhere) is None


def test_the_country_is_the_merchants_where_none_is_named_and_never_a_guess():
    assert checked_contact(written(city="Leipzig", postcode="04109"), SHIP, None, "DE").country == "DE"
    with pytest.raises(Invalid, match="country"):
        checked_contact(written(city="Leipzig", postcode="04109"), SHIP, None, "")


def test_a_telephone_number_means_what_it_means_in_the_country_of_the_address():
    assert checked_contact(written(city="Lhasa"), SHIP, None, "CN").phone_e164 == "+8613800138000"


@pytest.mark.parametrize(
    ("seen", "now", "same"),
    [
        (HANGZHOU, HANGZHOU, True),
        (HANGZHOU, Place("Lhasa", 29.65, 91.1), False),
        (HANGZHOU, None, False),
        (None, HANGZHOU, True),
        (None, None, True),
    ],
)
def test_an_address_elsewhere_is_another_destination(seen, now, same):
    assert same_destination(seen, now) is same
