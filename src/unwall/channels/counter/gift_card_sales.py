"""Selling a gift card over the counter: paid at once, its code shown once."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.channels.counter.context import CounterContext, CounterPage
from unwall.channels.http.page_context import FieldTexts, known_id
from unwall.channels.http.routes import FormData
from unwall.commerce.credit import rules
from unwall.commerce.credit.actions import Issuer
from unwall.commerce.credit.values import GiftCardDraft, GiftRecipient
from unwall.commerce.payments.rules import till_payment
from unwall.kernel import typed
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.money import parse_money
from unwall.kernel.text import N_, locale_of
from unwall.messages import gift_cards
from unwall.people.reads import merchant

PATH = "/counter/sell/gift-card"


class SellGiftCardPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/sell_gift_card.html"

    card_id: UUID
    currency: str
    kept: FieldTexts
    errors: FieldTexts
    problem: str | None


class SoldGiftCardPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/sold_gift_card.html"

    code: str
    amount: str
    email: str


@get(PATH)
async def ask(ctx: CounterContext) -> Response[str]:
    return await _page(ctx, {})


@post(PATH, status_code=200)
async def sell(ctx: CounterContext, data: FormData) -> Response[Any]:
    """Answers with the page that shows the code; sent again, it shows the same."""
    try:
        async with ctx.confined() as conn:
            currency = await _currency(conn, ctx)
            draft = _draft(data, currency, ctx.lang)
            by = Issuer(ctx.staff.merchant_id, currency, f"staff:{ctx.staff.email}")
            code = await gift_cards.issue(conn, by, draft, ctx.services.secret)
    except (Invalid, Conflict) as error:
        return await _page(ctx, data, error)
    amount = parse_money(data["amount"], currency, field="amount")
    return ctx.page(
        SoldGiftCardPage(
            title=ctx.words(N_("Gift card sold")),
            code=rules.shown_code(code),
            amount=amount.text(locale_of(ctx.lang)),
            email=draft.recipient.email,
        ),
        beep="ok",
    )


async def _currency(conn: Connection, ctx: CounterContext) -> str:
    return existing(await merchant(conn, ctx.staff.merchant_id, ctx.lang), N_("There is no such store.")).currency


def _draft(data: FormData, currency: str, lang: str) -> GiftCardDraft:
    """Raises `Invalid`."""
    card_id = known_id(data.get("card_id", ""), N_("Start a new sale."))
    amount = parse_money(data.get("amount", ""), currency, field="amount").amount
    paid = till_payment(data.get("paid_by", ""), data.get("reference", ""))
    recipient = GiftRecipient(email=typed.email(data.get("email", "")), lang=lang)
    return GiftCardDraft(card_id, amount, None, recipient, str(paid.method), paid.reference)


async def _page(ctx: CounterContext, kept: FormData, error: Invalid | Conflict | None = None) -> Response[Any]:
    async with ctx.confined() as conn:
        currency = await _currency(conn, ctx)
    return ctx.page(
        SellGiftCardPage(
            title=ctx.words(N_("Sell a gift card")),
            card_id=known_id(kept["card_id"], N_("Start a new sale.")) if kept.get("card_id") else new_id(),
            currency=currency,
            kept=FieldTexts(kept),
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
        ),
        error=error,
    )


HANDLERS: list[Any] = [ask, sell]
