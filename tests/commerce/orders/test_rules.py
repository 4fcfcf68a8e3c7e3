"""Contacts and choices, without a database."""

import pytest

from tests.commerce.market import ANN, HANGZHOU, PICKING_UP
from unwall.commerce.orders.rules import checked_contact, place_of
from unwall.commerce.orders.values import Contact
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.errors import Invalid
from unwall.kernel.geo import Place
from unwall.kernel.ids import derived_id

SHIP, AT_A_SHOP = DeliveryChoice(DeliveryMethod.SHIP), DeliveryChoice(DeliveryMethod.PICKUP, derived_id("shop"))


def test_a_contact_is_trimmed_and_keeps_its_own_place():
    told = Contact("  Ann Lin ", " 138 0013 8000", "", "1 Lake Road", "Suzhou", 31.3, 120.6)
    clean = checked_contact(told, SHIP, HANGZHOU)
    assert (clean.name, clean.phone, place_of(clean)) == ("Ann Lin", "138 0013 8000", Place("Suzhou", 31.3, 120.6))


def test_without_a_place_of_its_own_it_gets_the_visits():
    assert place_of(checked_contact(PICKING_UP, AT_A_SHOP, HANGZHOU)) == HANGZHOU
    assert place_of(checked_contact(PICKING_UP, AT_A_SHOP, None)) is None


@pytest.mark.parametrize(
    ("changed", "choice", "fields"),
    [
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
        checked_contact(told, choice, HANGZHOU)
        named = []
    except Invalid as wrong:
        named = list(wrong.by_field())
    assert named == fields
