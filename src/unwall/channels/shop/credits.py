"""What gift cards and store credit pay of a bag at the checkout."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from unwall.channels.http.credit_words import account_words
from unwall.channels.shop.carts import CartView
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.links import store_url
from unwall.channels.shop.views import Total, money
from unwall.commerce.credit.reads import credit_of_member
from unwall.commerce.credit.rules import shares
from unwall.commerce.credit.values import CreditKind
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.credit import credit_for_cart, released_by
from unwall.commerce.orders.prepare import TOTAL_CHANGED
from unwall.commerce.orders.values import TotalChanged
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.text import N_
from unwall.people.reads import merchant

CARD_LEFT = N_("Gift card ending in {digits}: {amount} left")


class PaidByCredit(msgspec.Struct, frozen=True):
    """What gift cards and store credit pay of the bag; amounts but `paid` as they are shown."""

    cards: list[tuple[str, str]]
    """ids and words of the bag's gift cards"""
    own: str | None
    """what the member could pay of their store credit"""
    use_own: bool
    rows: list[Total]
    """what is paid how, where credit pays some of it"""
    paid: int
    due: str
    due_minor: int


class OwnCreditView(msgspec.Struct, frozen=True):
    """The member's store credit at one store."""

    store: str
    store_url: str
    amount: str


async def own_credit(conn: Connection, ctx: ShopContext) -> list[OwnCreditView]:
    """At all stores."""
    accounts = await credit_of_member(conn, ctx.member.id) if ctx.member else []
    return [
        OwnCreditView(store.name, store_url(store.slug), money(one.available, one.currency, ctx.lang))
        for one in accounts
        if (store := await merchant(conn, one.merchant_id, ctx.lang))
    ]


class Priced(msgspec.Struct, frozen=True):
    """A bag with its total, and who pays how much of it."""

    cart: CartView
    credit: PaidByCredit


async def credit_view(
    conn: Connection, ctx: ShopContext, cart: Cart, shown: CartView, data: Mapping[str, str]
) -> PaidByCredit:
    """The member's store credit is used unless they have taken the mark away."""
    accounts = await credit_for_cart(conn, ctx.visit, cart)
    held = await released_by(conn, cart.id) if accounts else {}
    accounts = [replace(one, available=one.available + held.get(one.id, 0)) for one in accounts]
    use_own = "use_credit" in data or "credit_shown" not in data
    usable = [one for one in accounts if use_own or one.kind is CreditKind.GIFT_CARD]
    paid = shares(usable, shown.total_minor, cart.currency, now())
    own = next((one for one in accounts if one.kind is CreditKind.STORE_CREDIT), None)
    due = shown.total_minor - sum(paid.values())

    def text(amount: int) -> str:
        return money(amount, cart.currency, ctx.lang)

    rows = [
        Total(account_words(one.kind, one.last4, ctx.lang), text(-paid[one.id])) for one in usable if one.id in paid
    ]
    left = ctx.words(N_("Left to pay"))
    return PaidByCredit(
        cards=[
            (str(one.id), ctx.words(CARD_LEFT, digits=one.last4, amount=text(one.available)))
            for one in accounts
            if one.kind is CreditKind.GIFT_CARD
        ],
        own=text(own.available) if own else None,
        use_own=use_own,
        rows=[*rows, Total(left, text(due))] if rows else [],
        paid=sum(paid.values()),
        due=text(due),
        due_minor=due,
    )


def chose_anew(shown: CartView, credit: PaidByCredit, data: Mapping[str, str]) -> bool:
    """Whether they chose a way, or what pays, whose total they have not seen: that happens without JavaScript."""
    if data.get("total") != str(shown.total_minor):
        return data.get("total_for", shown.total_for) != shown.total_for
    return "used" in data and data["used"] != ("1" if credit.use_own else "0")


def check_total(shown: CartView, credit: PaidByCredit, data: Mapping[str, str]) -> None:
    """Raises `TotalChanged`."""
    due = data.get("due", data.get("total", ""))
    if data.get("total") != str(shown.total_minor) or due != str(credit.due_minor):
        raise TotalChanged(TOTAL_CHANGED)
