"""Opening a return for an order, and under which conditions goods come back."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import SubmittedForm, whole
from unwall.channels.console.orders.returns import PATH, refunded, return_url
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.return_forms import units_of
from unwall.channels.http.return_words import CHOOSE_REASON, RETURN_REASONS
from unwall.channels.http.routes import FormData
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.commerce.pricing.known_rates import per_cent_of
from unwall.commerce.pricing.tax_rules import parse_per_cent
from unwall.commerce.returns import actions, reads, rules
from unwall.commerce.returns.values import (
    ReturnableLine,
    ReturnReason,
    ReturnRequest,
    ReturnSettings,
)
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Conflict, FieldError, Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.rules import permit
from unwall.people.values import Permission

FOR_ORDER = "/console/orders/{order_id:uuid}/return"
SETTINGS = f"{PATH}/settings"

# --- opening one ------------------------------------------------------------------------------------------------------


class OpenReturnPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/open_return.html"

    order: Order
    lines: list[ReturnableLine]
    reasons: list[Option]
    may_keep: bool
    typed: FieldTexts
    errors: FieldTexts
    problem: str | None
    max_note_characters: int


@get(FOR_ORDER, permission=Permission.FULFIL, include_in_schema=False)
async def open_page(ctx: ConsoleContext, order_id: UUID) -> Response[Any]:
    return await _opening(ctx, order_id, {"id": str(new_id())})


@post(FOR_ORDER, permission=Permission.FULFIL, include_in_schema=False, status_code=303)
async def open_return(ctx: ConsoleContext, order_id: UUID, data: FormData) -> Response[Any]:
    """`keep`: the customer keeps the goods; then the money goes back at once."""
    kept = "keep" in data
    if kept:
        permit(ctx.staff, Permission.REFUND)
    try:
        request = _request(order_id, data)
        async with ctx.confined() as conn:
            existing(await orders.order(conn, order_id, ctx.lang), actions.NO_SUCH_ORDER)
            await (actions.open_kept if kept else actions.open_accepted)(conn, ctx.staff, request, ctx.now)
    except (Invalid, Conflict) as error:
        return await _opening(ctx, order_id, data, error)
    return await refunded(ctx, request.id, data) if kept else see_other(return_url(request.id))


def _request(order_id: UUID, data: FormData) -> ReturnRequest:
    """Raises `Invalid` with every field that is wrong."""
    form = SubmittedForm(data, [])
    return_id = form.read("id", UUID, order_id, actions.USED)
    units = units_of(data)
    reason = form.read("reason", ReturnReason, ReturnReason.OTHER, CHOOSE_REASON)
    if len(form.text("note")) > rules.MAX_NOTE_CHARACTERS:
        form.errors.append(FieldError("note", rules.LONG_NOTE))
    form.check()
    return ReturnRequest(return_id, order_id, units, reason, form.text("note"))


async def _opening(
    ctx: ConsoleContext, order_id: UUID, typed: FormData, error: Invalid | Conflict | None = None
) -> Response[Any]:
    async with ctx.confined() as conn:
        order = existing(await orders.order(conn, order_id, ctx.lang), actions.NO_SUCH_ORDER)
        claimed = await reads.claimed_units(conn, order_id)
    errors = ctx.field_errors(error)
    return ctx.page(
        OpenReturnPage(
            title=ctx.words(N_("Take back from {number}"), number=order.number),
            order=order,
            lines=[line for line in rules.returnable(order, claimed) if line.left],
            reasons=[Option(reason.value, ctx.words(label)) for reason, label in RETURN_REASONS.items()],
            may_keep=ctx.may(Permission.REFUND),
            typed=FieldTexts(typed),
            errors=errors,
            problem=ctx.problem(error) or errors["id"] or errors["units"] or None,
            max_note_characters=rules.MAX_NOTE_CHARACTERS,
        ),
        error=error,
    )


# --- the conditions ---------------------------------------------------------------------------------------------------


class ReturnSettingsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/return_settings.html"

    version: str
    typed: FieldTexts
    errors: FieldTexts


@get(SETTINGS, permission=Permission.PRICES, include_in_schema=False)
async def settings(ctx: ConsoleContext) -> Response[Any]:
    async with ctx.confined() as conn:
        stored = _stored(await reads.settings_of(conn, ctx.merchant_id))
    return _settings(ctx, stored, version_of(stored))


@post(SETTINGS, permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save_settings(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    window = form.read("window_days", whole, 0)
    fee = form.read("fee", partial(parse_per_cent, field="fee"), 0)
    try:
        form.check()
        typed = ReturnSettings(window, fee)
        async with ctx.confined() as conn:
            await lock_subject(conn, SETTINGS, ctx.merchant_id)
            stored = _stored(await reads.settings_of(conn, ctx.merchant_id))
            check_version(form.text(FIELD), stored, _stored(typed))
            await actions.save_settings(conn, ctx.merchant_id, typed)
    except (Invalid, ChangedMeanwhile) as error:
        return _settings(ctx, data, form.text(FIELD), error)
    ctx.flash(ctx.words(N_("The conditions are saved. They hold for returns from now on.")))
    return see_other(SETTINGS)


def _stored(settings: ReturnSettings) -> dict[str, str]:
    return {"window_days": str(settings.window_days), "fee": per_cent_of(settings.fee_millionths)}


def _settings(
    ctx: ConsoleContext, typed: FormData, version: str, error: Invalid | ChangedMeanwhile | None = None
) -> Response[Any]:
    return ctx.page(
        ReturnSettingsPage(
            title=ctx.words(N_("Conditions of returns")),
            version=version,
            typed=FieldTexts(typed),
            errors=ctx.field_errors(error),
        ),
        error=error,
    )


HANDLERS: list[Any] = [open_page, open_return, settings, save_settings]
