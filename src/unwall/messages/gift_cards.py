"""Gift cards by mail. The code is made when the mail is written, so that it is stored neither with the mail nor with
its job."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from uuid import UUID

import msgspec
import structlog
from jinja2 import Environment, PackageLoader

from unwall.commerce.credit import actions, reads
from unwall.commerce.credit.actions import Issuer
from unwall.commerce.credit.rules import code_of, shown_code
from unwall.commerce.credit.values import CreditAccount, GiftCardDraft
from unwall.kernel import typed
from unwall.kernel.clock import local, now
from unwall.kernel.database import Database, Transaction
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.money import Money
from unwall.kernel.text import N_, gettext, locale_of
from unwall.messages import rules
from unwall.messages.mail import MailTransport, NotSent
from unwall.messages.mailing import MailOrigin
from unwall.people.reads import merchant
from unwall.people.values import Merchant

SEND_GIFT_CARD = "messages.send-gift-card"
"""The entry point that mails a gift card."""
SUBJECT = N_("A gift card for {store}: {amount}")
TEXT = N_("{amount} to spend at {store}.")
CODE = N_("Your code: {code}")
HOW = N_("Enter it at the checkout, or show it at a shop.")
UNTIL = N_("It can be used until {day}.")
OPEN = N_("To the store")

log = structlog.get_logger()
_TEMPLATES = Environment(loader=PackageLoader("unwall.messages"), autoescape=True)


class GiftCardMail(msgspec.Struct, frozen=True):
    """`again` makes another mail of the same card, with another Message-ID."""

    card_id: UUID
    again: int = 0
    attempts: int = 0


async def issue(conn: Transaction, by: Issuer, draft: GiftCardDraft, secret: bytes) -> str:
    """Issue a gift card and mail it, if it has an address; returns its code, also where the same request came before.
    Raises as `issue_gift_card`."""
    code = code_of(secret, draft.id)
    new = await actions.issue_gift_card(conn, by, draft, code, now())
    if new and draft.recipient.email:
        await send(conn, GiftCardMail(draft.id))
    return code


async def send(conn: Transaction, mail: GiftCardMail, delay_seconds: int = 0) -> None:
    await enqueue(conn, [NewJob(SEND_GIFT_CARD, msgspec.json.encode(mail), delay_seconds)])


class GiftCardMailer:
    """The handler of `SEND_GIFT_CARD`. Without a transport nothing is sent."""

    def __init__(self, db: Database, origin: MailOrigin, transport: MailTransport | None) -> None:
        self._db = db
        self._origin = origin
        self._transport = transport

    async def __call__(self, payload: bytes) -> None:
        wanted = msgspec.json.decode(payload, type=GiftCardMail)
        async with self._db.read() as conn:
            card = await reads.account_by_id(conn, wanted.card_id)
            store = await merchant(conn, card.merchant_id, card.recipient.lang) if card else None
        if card is None or store is None or card.voided_at or not card.recipient.email or self._transport is None:
            return
        try:
            await self._transport.send(card_message(card, store, self._origin, wanted.again))
        except NotSent as error:
            await self._try_later(wanted, error)
            return
        async with self._db.transaction() as conn:
            await actions.note_sent(conn, card.id, now())

    async def _try_later(self, wanted: GiftCardMail, error: NotSent) -> None:
        log.warning("a gift card was not sent", problem=error.message, lasting=error.lasting)
        if error.lasting or wanted.attempts >= len(rules.MAIL_RETRY_SECONDS):
            return
        later = msgspec.structs.replace(wanted, attempts=wanted.attempts + 1)
        async with self._db.transaction() as conn:
            await send(conn, later, rules.MAIL_RETRY_SECONDS[wanted.attempts])


def card_message(card: CreditAccount, store: Merchant, origin: MailOrigin, again: int = 0) -> EmailMessage:
    """In the recipient's language, as text and as HTML. Raises `NotSent` for an address that mails do not know."""
    recipient, lang = card.recipient, card.recipient.lang
    amount = Money(card.available + card.held, card.currency).text(locale_of(lang))
    code = shown_code(code_of(origin.secret, card.id))
    title = gettext(lang, SUBJECT, store=store.name, amount=amount)
    parts = [recipient.message, gettext(lang, TEXT, store=store.name, amount=amount), gettext(lang, CODE, code=code)]
    parts.append(gettext(lang, HOW))
    if card.expires_at:
        parts.append(gettext(lang, UNTIL, day=local(card.expires_at, store.timezone).date().isoformat()))
    text, url = "\n\n".join(part for part in parts if part), f"{origin.base_url}/m/{store.slug}"
    name, address = parseaddr(origin.sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    try:
        message["To"] = Address(typed.line(recipient.name), addr_spec=recipient.email)
    except ValueError as error:
        raise NotSent(repr(error), lasting=True) from error
    message["Subject"] = typed.line(title)
    message["Date"] = format_datetime(card.issued_at)
    message["Message-ID"] = f"<{card.id}.{again}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    opened = gettext(lang, OPEN)
    message.set_content(f"{text}\n\n{opened}: {url}\n")
    shown = {"lang": lang, "title": title, "text": text, "url": url, "open": opened}
    message.add_alternative(_TEMPLATES.get_template("mail.html").render(shown), subtype="html")
    return message
