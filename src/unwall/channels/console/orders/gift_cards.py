"""Gift cards and store credit: what the store owes, one account with its movements, issuing, granting and voiding."""

from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.design.values import Option, Tab
from unwall.channels.http.credit_words import account_words
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.credit import actions, reads, rules
from unwall.commerce.credit.values import (
    CreditAccount,
    CreditEntry,
    CreditGrant,
    CreditKind,
    CreditReason,
    GiftCardDraft,
    GiftRecipient,
)
from unwall.commerce.orders.reads import order_by_number, order_heads
from unwall.commerce.payments.rules import START_AGAIN
from unwall.kernel import typed
from unwall.kernel.clock import local
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, FieldError, Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.money import parse_money
from unwall.kernel.text import LANGUAGES, N_
from unwall.messages import gift_cards as sending
from unwall.people.reads import member_id_by_code
from unwall.people.values import Permission

PATH = "/console/gift-cards"
ONE = f"{PATH}/{{credit_id:uuid}}"
KINDS = ((CreditKind.GIFT_CARD, N_("Gift cards")), (CreditKind.STORE_CREDIT, N_("Store credit")))
REASONS = {
    CreditReason.SOLD: N_("Sold"),
    CreditReason.GRANTED: N_("Given"),
    CreditReason.HELD: N_("Put aside for an order"),
    CreditReason.RELEASED: N_("Let go"),
    CreditReason.SPENT: N_("Spent"),
    CreditReason.GIVEN_BACK: N_("Given back"),
    CreditReason.REFUNDED: N_("Refund of an order"),
    CreditReason.VOIDED: N_("Voided"),
}
PAID_BY = {"": N_("Not paid: it is given"), "cash": N_("Cash"), "terminal": N_("Card terminal")}
NO_CUSTOMER = N_("There is no customer with this number, and no order of a member with it.")


class CreditRowView(msgspec.Struct, frozen=True):
    name: str
    url: str
    state: str
    tone: str
    issued: str
    left: str
    recipient: str


class GiftCardsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/gift_cards.html"

    kinds: list[Tab]
    of_cards: bool
    owed: str
    query: str
    rows: list[CreditRowView]
    next_url: str | None
    may_issue: bool


@get(PATH, permission=Permission.ORDERS, include_in_schema=False)
async def gift_cards(ctx: ConsoleContext) -> Response[Any]:
    """Also by a code, which leads to its card."""
    asked, query = ctx.query.get("kind", ""), ctx.query.get("q", "").strip()
    kind = CreditKind(asked) if asked in set(CreditKind) else CreditKind.GIFT_CARD
    async with ctx.confined() as conn:
        if code := rules.tidy_card_code(query):
            card = await reads.card_of_code(conn, ctx.merchant_id, rules.code_hash(code))
            if card is not None:
                return see_other(f"{PATH}/{card.id}")
        last4 = query.upper()[-4:]
        page = await reads.merchant_accounts(
            conn, ctx.merchant_id, kind, last4, ctx.query.get("after") or None, listing.ROWS
        )
        owed = await reads.owed(conn, ctx.merchant_id)
    return ctx.page(
        GiftCardsPage(
            title=ctx.words(N_("Gift cards and store credit")),
            kinds=[Tab(listing.address(PATH, kind=one), ctx.words(label), one is kind) for one, label in KINDS],
            of_cards=kind is CreditKind.GIFT_CARD,
            owed=views.money(ctx, sum(owed.values())),
            query=query[:40],
            rows=[_row(ctx, one) for one in page.rows],
            next_url=listing.address(PATH, kind=kind, q=query, after=page.after) if page.after else None,
            may_issue=ctx.may(Permission.REFUND),
        )
    )


def _row(ctx: ConsoleContext, one: CreditAccount) -> CreditRowView:
    words, tone = _state(ctx, one)
    return CreditRowView(
        name=account_words(one.kind, one.last4, ctx.lang),
        url=f"{PATH}/{one.id}",
        state=words,
        tone=tone,
        issued=views.moment(ctx, one.issued_at),
        left=views.money(ctx, one.available),
        recipient=one.recipient.name or one.recipient.email or "–",
    )


def _state(ctx: ConsoleContext, one: CreditAccount) -> tuple[str, str]:
    if one.voided_at is not None:
        return ctx.words(N_("Voided")), "bad"
    if one.expires_at is not None and one.expires_at <= ctx.now:
        return ctx.words(N_("Expired")), "soon"
    return (ctx.words(N_("To spend")), "good") if one.available else (ctx.words(N_("Used up")), "")


# --- one account ------------------------------------------------------------------------------------------------------


class CreditEntryView(msgspec.Struct, frozen=True):
    at: str
    what: str
    amount: str
    order_url: str
    by: str
    note: str


class CreditAccountPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/gift_card.html"

    credit_id: UUID
    state: str
    tone: str
    facts: list[tuple[str, str]]
    entries: list[CreditEntryView]
    may_void: bool
    may_send: bool
    typed: FieldTexts
    errors: FieldTexts
    problem: str | None
    max_note_characters: int


@get(ONE, permission=Permission.ORDERS, include_in_schema=False)
async def one_account(ctx: ConsoleContext, credit_id: UUID) -> Response[Any]:
    return await _page(ctx, credit_id, {})


async def _account(conn: Connection, ctx: ConsoleContext, credit_id: UUID) -> CreditAccount:
    return existing(await reads.account(conn, ctx.merchant_id, credit_id), actions.NO_SUCH_ACCOUNT)


async def _page(
    ctx: ConsoleContext, credit_id: UUID, kept: FormData, error: Invalid | Conflict | None = None
) -> Response[Any]:
    async with ctx.confined() as conn:
        one = await _account(conn, ctx, credit_id)
        entries = await reads.ledger_of(conn, credit_id)
    words, tone = _state(ctx, one)
    changes = ctx.may(Permission.REFUND) and one.voided_at is None
    return ctx.page(
        CreditAccountPage(
            title=account_words(one.kind, one.last4, ctx.lang),
            credit_id=one.id,
            state=words,
            tone=tone,
            facts=_facts(ctx, one),
            entries=[_entry(ctx, entry) for entry in reversed(entries)],
            may_void=changes and one.available > 0,
            may_send=changes and bool(one.recipient.email),
            typed=FieldTexts(kept),
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
            max_note_characters=rules.MAX_NOTE_CHARACTERS,
        ),
        error=error,
    )


def _facts(ctx: ConsoleContext, one: CreditAccount) -> list[tuple[str, str]]:
    until = local(one.expires_at, ctx.merchant.timezone).date().isoformat() if one.expires_at else ""
    recipient = " · ".join(part for part in (one.recipient.name, one.recipient.email) if part)
    facts = [
        (N_("To spend"), views.money(ctx, one.available)),
        (N_("Put aside for orders"), views.money(ctx, one.held) if one.held else ""),
        (N_("Can be used until"), until),
        (N_("For"), recipient),
        (N_("Mailed"), views.moment(ctx, one.sent_at) if one.sent_at else ""),
        (N_("Paid by"), ctx.words(PAID_BY[one.paid_by]) if one.kind is CreditKind.GIFT_CARD else ""),
    ]
    return [(ctx.words(label), text) for label, text in facts if text]


def _entry(ctx: ConsoleContext, entry: CreditEntry) -> CreditEntryView:
    sign = {"available": -1}.get(entry.source, 1 if entry.target == "available" else 0)
    return CreditEntryView(
        at=views.moment(ctx, entry.at),
        what=ctx.words(REASONS[entry.reason]),
        amount=views.money(ctx, sign * entry.amount) if sign else "–",
        order_url=views.order_url(entry.order_id) if entry.order_id else "",
        by=views.actor(ctx, entry.actor),
        note=entry.note,
    )


@post(f"{ONE}/void", permission=Permission.REFUND, include_in_schema=False, status_code=303)
async def void(ctx: ConsoleContext, credit_id: UUID, data: FormData) -> Response[Any]:
    try:
        async with ctx.confined() as conn:
            await actions.void(conn, ctx.merchant_id, credit_id, data.get("note", ""), ctx.actor, ctx.now)
    except (Invalid, Conflict) as error:
        return await _page(ctx, credit_id, data, error)
    ctx.flash(ctx.words(N_("It is voided. Nothing can be spent of it any more.")))
    return see_other(f"{PATH}/{credit_id}")


@post(f"{ONE}/send", permission=Permission.REFUND, include_in_schema=False, status_code=303)
async def send(ctx: ConsoleContext, credit_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        one = await _account(conn, ctx, credit_id)
        if one.recipient.email and one.voided_at is None:
            await sending.send(conn, sending.GiftCardMail(credit_id, int(ctx.now.timestamp())))
    ctx.flash(ctx.words(N_("The mail is on its way.")))
    return see_other(f"{PATH}/{credit_id}")


# --- issuing ----------------------------------------------------------------------------------------------------------


class NewGiftCardPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/new_gift_card.html"

    ways: list[Option]
    mail_languages: list[Option]
    typed: FieldTexts
    errors: FieldTexts
    problem: str | None


class GiftCardIssuedPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/gift_card_issued.html"

    code: str
    amount: str
    url: str
    email: str


@get(f"{PATH}/new", permission=Permission.REFUND, include_in_schema=False)
async def new_gift_card(ctx: ConsoleContext) -> Response[Any]:
    return _form(ctx, {"id": str(new_id()), "paid_by": "cash", "lang": ctx.merchant.locale})


def _form(ctx: ConsoleContext, kept: FormData, error: Invalid | Conflict | None = None) -> Response[Any]:
    return ctx.page(
        NewGiftCardPage(
            title=ctx.words(N_("New gift card")),
            ways=[Option(way, ctx.words(label)) for way, label in PAID_BY.items()],
            mail_languages=[Option(code, one.name) for code, one in LANGUAGES.items()],
            typed=FieldTexts(kept),
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
        ),
        error=error,
    )


@post(f"{PATH}/new", permission=Permission.REFUND, include_in_schema=False, status_code=200)
async def issue(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    """Answers with the page that shows the code, which no other page does; sent again, it shows the same."""
    try:
        draft = _draft(ctx, data)
        by = actions.Issuer(ctx.merchant_id, ctx.merchant.currency, ctx.actor)
        async with ctx.confined() as conn:
            code = await sending.issue(conn, by, draft, ctx.services.secret)
    except (Invalid, Conflict) as error:
        return _form(ctx, data, error)
    return ctx.page(
        GiftCardIssuedPage(
            title=ctx.words(N_("The gift card is ready")),
            code=rules.shown_code(code),
            amount=views.money(ctx, draft.amount),
            url=f"{PATH}/{draft.id}",
            email=draft.recipient.email,
        )
    )


def _draft(ctx: ConsoleContext, data: FormData) -> GiftCardDraft:
    """Raises `Invalid` with every field that is wrong."""
    form = SubmittedForm(data, [])
    paid_by = form.text("paid_by")
    if paid_by not in PAID_BY:
        form.errors.append(FieldError("paid_by", N_("Choose how the customer has paid.")))
    card_id = form.read("id", UUID, new_id(), START_AGAIN)
    amount = form.read("amount", lambda text: parse_money(text, ctx.merchant.currency, field="amount").amount, 1)
    expires_at = form.read("expires_at", lambda text: _end_of(ctx, text), None, N_("Choose a day."))
    recipient = GiftRecipient(
        typed.line(form.text("name")),
        typed.email(form.text("email")),
        typed.paragraphs(form.text("message")),
        form.text("lang") if form.text("lang") in LANGUAGES else "en",
    )
    form.check()
    return GiftCardDraft(card_id, amount, expires_at, recipient, paid_by, form.text("reference"), form.text("note"))


def _end_of(ctx: ConsoleContext, text: str) -> datetime | None:
    """The end of a day on the store's clock. Raises `ValueError`."""
    if not text:
        return None
    return datetime.combine(datetime.fromisoformat(text).date(), time.max, ZoneInfo(ctx.merchant.timezone))


# --- granting ---------------------------------------------------------------------------------------------------------


class GrantCreditPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/grant_credit.html"

    typed: FieldTexts
    errors: FieldTexts
    problem: str | None


@get(f"{PATH}/grant", permission=Permission.REFUND, include_in_schema=False)
async def ask_to_grant(ctx: ConsoleContext) -> Response[Any]:
    return _grant_form(ctx, {"id": str(new_id()), "customer": ctx.query.get("customer", "")[:40]})


def _grant_form(ctx: ConsoleContext, kept: FormData, error: Invalid | Conflict | None = None) -> Response[Any]:
    return ctx.page(
        GrantCreditPage(
            title=ctx.words(N_("Give store credit")),
            typed=FieldTexts(kept),
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
        ),
        error=error,
    )


@post(f"{PATH}/grant", permission=Permission.REFUND, include_in_schema=False, status_code=303)
async def grant(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    try:
        grant_id = form.read("id", UUID, new_id(), START_AGAIN)
        amount = form.read("amount", lambda text: parse_money(text, ctx.merchant.currency, field="amount").amount, 1)
        async with ctx.confined() as conn:
            member_id = await _customer(conn, ctx, form.text("customer"))
            if member_id is None:
                form.errors.append(FieldError("customer", NO_CUSTOMER))
            form.check()
            assert member_id is not None
            wanted = CreditGrant(grant_id, ctx.merchant_id, member_id, amount, form.text("note"), ctx.actor)
            await actions.grant(conn, wanted, ctx.merchant.currency, ctx.now)
            account = existing(
                await reads.store_credit(conn, ctx.merchant_id, member_id, ctx.merchant.currency),
                actions.NO_SUCH_ACCOUNT,
            )
    except (Invalid, Conflict) as error:
        return _grant_form(ctx, data, error)
    ctx.flash(ctx.words(N_("{amount} was given."), amount=views.money(ctx, amount)))
    return see_other(f"{PATH}/{account.id}")


async def _customer(conn: Connection, ctx: ConsoleContext, text: str) -> UUID | None:
    """The member with this customer number, or who placed the order with this number."""
    code = typed.code(text)
    if not code:
        return None
    if member_id := await member_id_by_code(conn, ctx.merchant_id, code):
        return member_id
    order_id = await order_by_number(conn, ctx.merchant_id, code)
    heads = await order_heads(conn, [order_id]) if order_id else []
    return heads[0].member_id if heads else None


HANDLERS: list[Any] = [gift_cards, new_gift_card, issue, ask_to_grant, grant, one_account, void, send]
