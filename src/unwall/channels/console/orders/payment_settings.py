"""When a store takes the money."""

from typing import Any

from litestar import Response, get, post

from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.payments import settings
from unwall.commerce.payments.values import CaptureAt
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/payments"
LABELS = {
    CaptureAt.ORDER: N_("When the order is placed"),
    CaptureAt.DEPARTURE: N_("When the first parcel leaves, or the goods are handed over"),
}


class PaymentSettingsPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/payment_settings.html"

    choices: list[Option]
    kept: FieldTexts
    errors: FieldTexts


@get(PATH, permission=Permission.PRICES, include_in_schema=False)
async def payment_settings(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx)


async def _page(
    ctx: ConsoleContext, data: FormData | None = None, error: Invalid | ChangedMeanwhile | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        stored = {"capture": str(await settings.capture_at(conn, ctx.merchant_id))}
    return ctx.page(
        PaymentSettingsPage(
            title=ctx.words(N_("Payments")),
            version=data.get(FIELD, "") if data else version_of(stored),
            choices=[Option(value, ctx.words(label)) for value, label in LABELS.items()],
            kept=FieldTexts(stored | dict(data or {})),
            errors=ctx.field_errors(error),
        ),
        error=error,
    )


@post(PATH, permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    try:
        capture = settings.capture_in(data.get("capture", ""))
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            stored = {"capture": str(await settings.capture_at(conn, ctx.merchant_id))}
            check_version(data.get(FIELD, ""), stored, {"capture": str(capture)})
            await settings.save_capture_at(conn, ctx.merchant_id, capture)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, data, error)
    ctx.flash(ctx.words(N_("Saved. It applies to payments from now on.")))
    return see_other(PATH)


HANDLERS: list[Any] = [payment_settings, save]
