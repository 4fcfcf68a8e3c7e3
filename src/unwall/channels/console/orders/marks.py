"""Tags, notes and the archive of orders, and filters kept under a name."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Response, post
from litestar.response import Redirect

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext
from unwall.channels.console.orders.details import order_page
from unwall.channels.console.orders.order_list import PATH, fields_of, filter_of
from unwall.channels.http.errors import first_words
from unwall.channels.http.page_context import known_id, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.orders import marks
from unwall.commerce.orders.listing_values import OrderFilter, OrderNote
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.text import N_
from unwall.people.values import Permission


@post(f"{PATH}/marks", permission=Permission.ORDERS, include_in_schema=False, status_code=303)
async def mark_orders(ctx: ConsoleContext) -> Redirect:
    """What the pressed button does with the chosen orders; back to the order that it was pressed on, else to the list
    as it was filtered."""
    sent = await ctx.request.form()
    chosen = [known_id(text, marks.NO_ORDER) for text in sent.getall("order", []) if isinstance(text, str)]
    fields = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    try:
        async with ctx.confined() as conn:
            done = await _mark(conn, ctx, chosen, fields)
    except (Invalid, Conflict) as error:
        done = first_words(error, ctx.lang)
    ctx.flash(done)
    if fields.get("back") == "order" and chosen:
        return see_other(f"{views.order_url(chosen[0])}#notes")
    return see_other(listing.address(PATH, **fields_of(_filter_in(fields))))


def _filter_in(fields: dict[str, str]) -> OrderFilter:
    """The filter that a form carries as the query of an address."""
    return filter_of(dict(parse_qsl(fields.get("filter", ""))))


async def _mark(conn: Transaction, ctx: ConsoleContext, orders: list[UUID], fields: dict[str, str]) -> str:
    """What was done, in words. Raises as the actions do."""
    tag, act = fields.get("tag", ""), fields.get("act")
    if act == "tag":
        n = await marks.tag(conn, ctx.merchant_id, orders, tag)
        return ctx.count("{n} order was tagged.", "{n} orders were tagged.", n)
    if act == "untag":
        n = await marks.untag(conn, ctx.merchant_id, orders, tag)
        return ctx.count("The tag was taken off {n} order.", "The tag was taken off {n} orders.", n)
    if act in {"archive", "restore"}:
        n = await marks.archive(conn, ctx.merchant_id, orders, ctx.now, archived=act == "archive")
        if act == "archive":
            return ctx.count("{n} order was archived.", "{n} orders were archived.", n)
        return ctx.count("{n} order is back in the list.", "{n} orders are back in the list.", n)
    raise Invalid.one("act", N_("Choose what to do with the orders."))


@post(f"{PATH}/{{order_id:uuid}}/notes", permission=Permission.ORDERS, include_in_schema=False, status_code=303)
async def add_note(ctx: ConsoleContext, order_id: UUID, data: FormData) -> Response[str] | Redirect:
    note_id = derived_id("order-note", order_id, data.get("key") or new_id())
    note = OrderNote(note_id, ctx.now, ctx.actor, data.get("note", ""))
    try:
        async with ctx.confined() as conn:
            await marks.add_note(conn, ctx.merchant_id, order_id, note)
    except (Invalid, Conflict) as error:
        return await order_page(ctx, order_id, error, note.text)
    return see_other(f"{views.order_url(order_id)}#notes")


@post(f"{PATH}/filters", permission=Permission.ORDERS, include_in_schema=False, status_code=303)
async def save_filter(ctx: ConsoleContext, data: FormData) -> Redirect:
    wanted = _filter_in(data)
    done = ctx.words(N_("The filter is kept. All staff of your store see it above the list."))
    try:
        async with ctx.confined() as conn:
            await marks.save_filter(conn, ctx.merchant_id, data.get("name", ""), wanted)
    except (Invalid, Conflict) as error:
        done = first_words(error, ctx.lang)
    ctx.flash(done)
    return see_other(listing.address(PATH, **fields_of(wanted)))


@post(f"{PATH}/filters/delete", permission=Permission.ORDERS, include_in_schema=False, status_code=303)
async def delete_filter(ctx: ConsoleContext, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await marks.delete_filter(conn, ctx.merchant_id, data.get("name", ""))
    return see_other(PATH)


HANDLERS: list[Any] = [mark_orders, add_note, save_filter, delete_filter]
