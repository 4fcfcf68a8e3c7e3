"""Sending goods back: asking for it from an order's page, and what became of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import segno
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from unwall.channels.design.values import Option, Step
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.context import AnyRequest
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.return_forms import units_of
from unwall.channels.http.return_words import CHOOSE_REASON, RETURN_REASONS, RETURN_STATES, RETURN_TONES
from unwall.channels.http.routes import FormData
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.views import money
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.commerce.payments.values import RefundState
from unwall.commerce.pricing.known_rates import per_cent_of
from unwall.commerce.returns import actions, reads, rules
from unwall.commerce.returns.values import (
    OrderReturn,
    ReturnReason,
    ReturnRequest,
    ReturnSettings,
    ReturnState,
)
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, FieldError, Invalid, TooMany, UnwallError, existing
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.people.attempts import count_attempt
from unwall.people.rules import PEOPLE_PER_NETWORK

PATH = "/order/{order_id:uuid}/return"
TOO_OFTEN = N_("You have asked for many returns just now. Wait a little.")


class ReturnView(msgspec.Struct, frozen=True):
    number: str
    state: str
    tone: str
    goods: list[str]
    steps: list[Step]
    answer: str
    """Why it was refused."""
    code: str | None
    """To be shown or written on the parcel, while the goods are with the shopper."""
    qr: str | None
    money: str
    withdraw_url: str | None


def return_view(ctx: ShopContext, one: OrderReturn, zone: str) -> ReturnView:
    awaited = one.state is ReturnState.ACCEPTED
    withdrawable = one.state in rules.NEXT[ReturnState.WITHDRAWN]
    moment = formatters(ctx.lang).moment
    return ReturnView(
        number=one.number,
        state=ctx.words(RETURN_STATES[one.state]),
        tone=RETURN_TONES.get(one.state, ""),
        goods=[f"{line.quantity} × {' · '.join([line.title, *line.options])}" for line in one.lines],
        steps=[
            Step(state="done", title=ctx.words(RETURN_STATES[step.state]), at=moment(step.at, zone), note=None)
            for step in one.steps
        ],
        answer=one.steps[-1].note,
        code=one.number if awaited else None,
        qr=segno.make(one.number, micro=False).svg_inline(omitsize=True, border=2) if awaited else None,
        money=_money_words(ctx, one),
        withdraw_url=f"/order/{one.order_id}/return/{one.id}/withdraw" if withdrawable else None,
    )


def _money_words(ctx: ShopContext, one: OrderReturn) -> str:
    if one.state not in {ReturnState.INSPECTED, ReturnState.REFUNDED} or not one.amount:
        return ""
    facts = {"amount": money(one.amount, one.currency, ctx.lang), "fee": money(one.fee, one.currency, ctx.lang)}
    if one.refund_state is RefundState.DONE:
        said = N_("{amount} went back to you, the way you paid.")
    elif one.refund_state is RefundState.FAILED:
        said = N_("The bank did not take {amount} back. The store will settle it with you.")
    else:
        said = N_("{amount} is about to go back to you, the way you paid.")
    words = ctx.words(said, **facts)
    return f"{words} {ctx.words(N_('A restocking fee of {fee} was kept.'), **facts)}" if one.fee else words


async def may_return(conn: Connection, order: Order) -> bool:
    """Whether to offer it; the action decides."""
    until = rules.open_until(await reads.settings_of(conn, order.merchant_id), await reads.left_at(conn, order))
    if until is None or now() > until:
        return False
    return any(line.left for line in rules.returnable(order, await reads.claimed_units(conn, order.id)))


# --- asking -----------------------------------------------------------------------------------------------------------


class UnitsField(msgspec.Struct, frozen=True):
    name: str
    title: str
    detail: str
    image: str | None
    left: int
    value: str
    error: str


class ReturnPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/return.html"

    order: Order
    id: str
    lines: list[UnitsField]
    reasons: list[Option]
    reason: str
    note: str
    fee: str
    until: str
    errors: FieldTexts
    problem: str | None
    max_note_characters: int
    max_pictures: int


@get(PATH, include_in_schema=False)
async def ask_page(ctx: ShopContext, order_id: UUID) -> Response[Any]:
    return await _page(ctx, order_id, {"id": str(new_id())})


@post(PATH, include_in_schema=False, status_code=303, request_max_body_size=MAX_UPLOAD_BYTES)
async def ask(request: AnyRequest, ctx: ShopContext, order_id: UUID) -> Response[Any]:
    sent = await request.form()
    typed = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    uploads = [value for _, value in sent.multi_items() if isinstance(value, UploadFile) and value.filename]
    try:
        wanted = _request(order_id, typed)
        await _check(ctx, wanted, len(uploads))
        wanted = msgspec.structs.replace(wanted, pictures=await _kept(ctx, uploads))
        async with ctx.services.db.transaction() as conn:
            await actions.ask(conn, ctx.visit, wanted, now())
    except (Invalid, Conflict, TooMany) as error:
        return await _page(ctx, order_id, typed, error)
    ctx.flash(Flash(ctx.words(N_("The store has your request. It answers here, and you get a message."))))
    return see_other(f"/order/{order_id}#returns")


async def _check(ctx: ShopContext, wanted: ReturnRequest, pictures: int) -> None:
    """Before pictures are stored. Raises as `actions.ask`, and `TooMany`."""
    if pictures > rules.MAX_PICTURES:
        raise Invalid.one("pictures", N_("At most {limit} pictures.", limit=rules.MAX_PICTURES))
    async with ctx.services.db.read() as conn:
        order = existing(await orders.own_order(conn, ctx.visit, wanted.order_id, ctx.lang), actions.NO_SUCH_ORDER)
        if await reads.staff_return(conn, wanted.id) is None:
            rules.check_request(wanted, order, await reads.claimed_units(conn, order.id))
    await count_attempt(ctx.services.db, {f"return@{ctx.visit.network}": PEOPLE_PER_NETWORK}, now(), TOO_OFTEN)


async def _kept(ctx: ShopContext, uploads: Sequence[UploadFile]) -> tuple[str, ...]:
    images = [
        await picture_uploads.keep(ctx.services.db, ctx.services.files, one.file, field="pictures") for one in uploads
    ]
    return tuple(dict.fromkeys(image.file for image in images))


def _request(order_id: UUID, typed: FormData) -> ReturnRequest:
    """Raises `Invalid` (reason, units.LINE, units)."""
    return_id, reason = parse_id(typed.get("id", "")), typed.get("reason", "")
    units = units_of(typed)
    errors = [] if return_id else [FieldError("units", actions.USED)]
    if reason not in set(ReturnReason):
        errors.append(FieldError("reason", CHOOSE_REASON))
    if errors or return_id is None:
        raise Invalid(errors)
    return ReturnRequest(return_id, order_id, units, ReturnReason(reason), typed.get("note", ""))


async def _page(ctx: ShopContext, order_id: UUID, typed: FormData, error: UnwallError | None = None) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        order = existing(await orders.own_order(conn, ctx.visit, order_id, ctx.lang), actions.NO_SUCH_ORDER)
        claimed = await reads.claimed_units(conn, order_id)
        settings = await reads.settings_of(conn, order.merchant_id)
        until = rules.open_until(settings, await reads.left_at(conn, order))
    if until and now() > until:
        until = None
    errors = ctx.field_errors(error)
    page = ReturnPage(
        title=ctx.words(N_("Return goods of order {number}"), number=order.number),
        order=order,
        id=typed.get("id", ""),
        lines=[
            UnitsField(
                name=f"units.{line.line}",
                title=line.title,
                detail=" · ".join(line.options),
                image=thumbnail_url(line.image_file),
                left=line.left,
                value=typed.get(f"units.{line.line}", "0"),
                error=errors[f"units.{line.line}"],
            )
            for line in rules.returnable(order, claimed)
            if line.left
        ],
        reasons=[Option(reason.value, ctx.words(label)) for reason, label in RETURN_REASONS.items()],
        reason=typed.get("reason", ""),
        note=typed.get("note", ""),
        fee=_fee(settings),
        until=formatters(ctx.lang).moment(until, order.timezone) if until else "",
        errors=errors,
        problem=ctx.problem(error),
        max_note_characters=rules.MAX_NOTE_CHARACTERS,
        max_pictures=rules.MAX_PICTURES,
    )
    return ctx.page(page, status=status_of(error, in_form=True))


def _fee(settings: ReturnSettings) -> str:
    """Per cent; empty where none is kept."""
    return per_cent_of(settings.fee_millionths) if settings.fee_millionths else ""


@post(f"{PATH}/{{return_id:uuid}}/withdraw", include_in_schema=False, status_code=303)
async def withdraw(ctx: ShopContext, order_id: UUID, return_id: UUID, data: FormData) -> Redirect:
    async with ctx.services.db.transaction() as conn:
        await actions.withdraw(conn, ctx.visit, return_id, now())
    ctx.flash(Flash(ctx.words(N_("You keep the goods. The return is withdrawn."))))
    return see_other(f"/order/{order_id}#returns")


HANDLERS: list[Any] = [ask_page, ask, withdraw]
