"""Gift cards at the till: the one that a customer shows."""

from collections.abc import Mapping

import msgspec

from unwall.channels.counter.context import CounterContext
from unwall.commerce.credit.rules import shares
from unwall.commerce.credit.values import CreditAccount
from unwall.commerce.orders.counter_sale import CounterCredit
from unwall.commerce.pricing.values import Quote
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany
from unwall.kernel.money import Money
from unwall.kernel.text import N_, locale_of
from unwall.usecases.try_code import gift_card_of

MAX_SHOWN_DIGITS = 18


class ShownCard(msgspec.Struct, frozen=True):
    """The gift card whose code was typed; a code that is none is not tried again."""

    code: str = ""
    account: CreditAccount | None = None
    problem: str = ""


class CardTotals(msgspec.Struct, frozen=True):
    """The sum's rows with what the card pays, that amount in minor units, and what is left to pay."""

    rows: list[tuple[str, str]]
    by_card: int
    due: str


async def shown_card(ctx: CounterContext, data: Mapping[str, str]) -> ShownCard:
    code = data.get("gift_card", "").strip()
    if not code:
        return ShownCard()
    try:
        return ShownCard(code, await gift_card_of(ctx.services.db, ctx.staff, code, now()))
    except Invalid as error:
        return ShownCard(problem=ctx.words(error.errors[0].message))
    except TooMany as error:
        return ShownCard(problem=ctx.problem(error) or "")


def card_totals(ctx: CounterContext, card: ShownCard, quote: Quote, rows: list[tuple[str, str]]) -> CardTotals:
    total, locale = Money(quote.total, quote.currency), locale_of(ctx.lang)
    by_card = sum(shares([card.account], total.amount, total.currency, now()).values()) if card.account else 0
    due = Money(total.amount - by_card, total.currency).text(locale)
    if not by_card:
        return CardTotals(rows, 0, due)
    paid = (ctx.words(N_("Gift card")), Money(-by_card, total.currency).text(locale))
    return CardTotals([*rows, paid, (ctx.words(N_("Left to pay")), due)], by_card, due)


def by_credit(card: ShownCard, data: Mapping[str, str]) -> CounterCredit | None:
    """What the till showed that the card pays. A card that cannot pay is agreed to by nobody: a sale that was finished
    before is found under its id, and a new one is refused."""
    if card.problem:
        return CounterCredit([], -1)
    shown = data.get("by_card", "")
    known = shown.isascii() and shown.isdecimal() and len(shown) <= MAX_SHOWN_DIGITS
    return CounterCredit([card.account.id], int(shown) if known else 0) if card.account else None
