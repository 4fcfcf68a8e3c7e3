"""A member's addresses: add, change, remove, and choose the one that checkouts begin with."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.channels.shop.address_forms import RECIPIENT, AddressFields, address_fields, as_fields, recipient_in
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.kernel import gazetteer
from unwall.kernel.clock import now
from unwall.kernel.errors import Conflict, Invalid, UnwallError
from unwall.kernel.text import N_
from unwall.people import addresses

LIST = "/me#addresses"
ADD, CHANGE = N_("Add an address"), N_("Change the address")


class AddressPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/address.html"

    action: str
    version: str
    form: AddressFields
    kept: dict[str, str]
    errors: FieldTexts
    problem: str | None


def _form(
    ctx: ShopContext, action: str, data: Mapping[str, str], *, version: str = "", error: UnwallError | None = None
) -> Response[str]:
    kept = {name: data.get(name, "") for name in RECIPIENT}
    errors = ctx.field_errors(error)
    errors |= {"address": errors["street"]} if "street" in errors else {}
    page = AddressPage(
        title=ctx.words(CHANGE if version else ADD),
        action=action,
        version=version,
        form=address_fields(ctx, kept["country"].upper()),
        kept=kept,
        errors=errors,
        problem=ctx.problem(error),
    )
    return ctx.page(page, status=status_of(error, in_form=True))


@get("/me/addresses/new", include_in_schema=False)
async def new_address(ctx: ShopContext) -> Response[str]:
    member_id = ctx.signed_in().id
    asked = {field: text for field, text in ctx.query.items() if field in RECIPIENT}
    async with ctx.services.db.read() as conn:
        latest = next(iter(await addresses.addresses_of(conn, member_id)), None)
    known = {"name": ctx.member.name if ctx.member else "", "country": latest.address.country if latest else ""}
    return _form(ctx, "/me/addresses", known | asked)


@post("/me/addresses", include_in_schema=False, status_code=303)
async def add(ctx: ShopContext, data: FormData) -> Response[Any]:
    member_id = ctx.signed_in().id
    await gazetteer.until_loaded()
    try:
        async with ctx.services.db.transaction() as conn:
            address_id = await addresses.add_address(conn, member_id, recipient_in(data), now())
            if data.get("preferred"):
                await addresses.prefer_address(conn, member_id, address_id)
    except Invalid as error:
        return _form(ctx, "/me/addresses", data, error=error)
    ctx.flash(Flash(ctx.words(N_("The address is saved."))))
    return see_other(LIST)


@get("/me/addresses/{address_id:uuid}", include_in_schema=False)
async def edit_page(ctx: ShopContext, address_id: UUID) -> Response[str]:
    member_id = ctx.signed_in().id
    async with ctx.services.db.read() as conn:
        address = await addresses.address_of(conn, member_id, address_id)
    asked = {field: text for field, text in ctx.query.items() if field in RECIPIENT}
    return _form(ctx, f"/me/addresses/{address_id}", as_fields(address) | asked, version=address.version)


@post("/me/addresses/{address_id:uuid}", include_in_schema=False, status_code=303)
async def change(ctx: ShopContext, address_id: UUID, data: FormData) -> Response[Any]:
    member_id, version = ctx.signed_in().id, data.get("version", "")
    await gazetteer.until_loaded()
    try:
        async with ctx.services.db.transaction() as conn:
            await addresses.change_address(conn, member_id, address_id, recipient_in(data), version)
    except (Invalid, Conflict) as error:
        async with ctx.services.db.read() as conn:
            there = await addresses.address_of(conn, member_id, address_id)
        seen = there.version if isinstance(error, Conflict) else version
        return _form(ctx, f"/me/addresses/{address_id}", data, version=seen, error=error)
    ctx.flash(Flash(ctx.words(N_("The address is changed."))))
    return see_other(LIST)


@post("/me/addresses/{address_id:uuid}/prefer", include_in_schema=False, status_code=303)
async def prefer(ctx: ShopContext, address_id: UUID) -> Redirect:
    member_id = ctx.signed_in().id
    async with ctx.services.db.transaction() as conn:
        await addresses.prefer_address(conn, member_id, address_id)
    return see_other(LIST)


@post("/me/addresses/{address_id:uuid}/remove", include_in_schema=False, status_code=303)
async def remove(ctx: ShopContext, address_id: UUID) -> Redirect:
    member_id = ctx.signed_in().id
    async with ctx.services.db.transaction() as conn:
        gone = await addresses.remove_address(conn, member_id, address_id)
    undo = as_fields(gone) | ({"preferred": "1"} if gone.preferred else {})
    ctx.flash(Flash(ctx.words(N_("The address is removed.")), "/me/addresses", undo))
    return see_other(LIST)


HANDLERS: list[Any] = [new_address, add, edit_page, change, prefer, remove]
