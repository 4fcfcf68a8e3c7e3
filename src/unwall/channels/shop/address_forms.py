"""The fields of a postal address, as a country asks for them, in forms."""

from collections.abc import Mapping

import msgspec

from unwall.channels.design.values import Option
from unwall.channels.shop.context import ShopContext
from unwall.kernel.addresses import Address, address_form, address_lines, countries
from unwall.kernel.text import N_
from unwall.people.addresses import MemberAddress, Recipient

ADDRESS = ("country", "postcode", "region", "city", "district", "address")
"""The form's names; `address` is the street and number."""
RECIPIENT = ("name", "phone", *ADDRESS)


class FormField(msgspec.Struct, frozen=True):
    """`choices` where the country has a list."""

    name: str
    kind: str
    label: str
    required: bool
    choices: list[Option]
    example: str


class AddressFields(msgspec.Struct, frozen=True):
    countries: list[Option]
    fields: list[FormField]


def address_fields(ctx: ShopContext, country: str) -> AddressFields:
    nowhere = [] if country else [Option("", ctx.words(N_("Choose the country")))]
    fields = [
        FormField(
            "address" if field.name == "street" else field.name,
            field.name,
            field.label,
            field.required,
            [Option(*choice) for choice in field.choices],
            field.example,
        )
        for field in address_form(country, ctx.lang)
    ]
    return AddressFields(nowhere + [Option(code, name) for code, name in countries(ctx.lang)], fields)


def recipient_in(data: Mapping[str, str]) -> Recipient:
    parts = {name: data.get(name, "") for name in ADDRESS[:-1]}
    return Recipient(data.get("name", ""), data.get("phone", ""), Address(**parts, street=data.get("address", "")))


def as_fields(who: Recipient) -> dict[str, str]:
    parts = {name: getattr(who.address, name) for name in ADDRESS[:-1]}
    return {"name": who.name, "phone": who.phone, **parts, "address": who.address.street}


class AddressView(msgspec.Struct, frozen=True):
    """One of a member's addresses in a list."""

    id: str
    name: str
    phone: str
    lines: list[str]
    preferred: bool


def address_view(one: MemberAddress, lang: str) -> AddressView:
    return AddressView(str(one.id), one.name, one.phone, address_lines(one.address, lang=lang), one.preferred)
