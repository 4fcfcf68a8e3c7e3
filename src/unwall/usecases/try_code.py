"""Try the code of a promotion or of a gift card, for a bag or at a till; codes cannot be found by trying many."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.credit.actions import check_usable
from unwall.commerce.credit.reads import card_of_code
from unwall.commerce.credit.rules import code_hash, tidy_card_code
from unwall.commerce.credit.values import CreditAccount
from unwall.commerce.orders import cart
from unwall.commerce.orders.credit import add_gift_card
from unwall.commerce.pricing.promotion_rules import tidy_code
from unwall.commerce.pricing.reads import codes_left
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.text import N_
from unwall.people.attempts import count_attempt, uncount_attempt
from unwall.people.rules import PEOPLE_PER_NETWORK
from unwall.people.values import Staff

CODES_PER_VISITOR = 4
"""How many times as many codes as passwords somebody may try."""
TOO_MANY_CODES = N_("Too many codes were tried. Wait some minutes.")


async def try_code(db: Database, visit: Visit, cart_id: UUID, code: str, now: datetime) -> bool:
    """Whether it is a gift card, which will pay for the bag. Raises `Invalid` (code), `NotFound` and `TooMany`."""
    subjects = {f"code:{visit.visitor_id}": CODES_PER_VISITOR}
    if visit.network:
        subjects[f"code@{visit.network}"] = CODES_PER_VISITOR * PEOPLE_PER_NETWORK
    await count_attempt(db, subjects, now, TOO_MANY_CODES)
    async with db.transaction() as conn:
        if await add_gift_card(conn, visit, cart_id, code, now):
            return True
        await cart.add_code(conn, visit, cart_id, code)
        return False


async def gift_card_of(db: Database, staff: Staff, code: str, now: datetime) -> CreditAccount:
    """The merchant's gift card that a customer shows at a till, if something can be spent of it; one that it has not
    counts against the clerk. Raises `Invalid` (code), and `TooMany`."""
    subject = f"code:{staff.id}"
    await count_attempt(db, {subject: CODES_PER_VISITOR}, now, TOO_MANY_CODES)
    tidied = tidy_card_code(code)
    async with db.confined(staff.merchant_id) as conn:
        card = await card_of_code(conn, staff.merchant_id, code_hash(tidied)) if tidied else None
    if card is not None:
        async with db.transaction() as conn:
            await uncount_attempt(conn, [subject], now)
    return check_usable(card, card.currency if card else "", now)


async def is_code(db: Database, staff: Staff, code: str, now: datetime) -> bool:
    """Whether the merchant has such a code, which a customer shows at a till; one that it has not counts against the
    clerk. Raises `TooMany`."""
    subject = f"code:{staff.id}"
    await count_attempt(db, {subject: CODES_PER_VISITOR}, now, TOO_MANY_CODES)
    async with db.confined(staff.merchant_id) as conn:
        known = bool(await codes_left(conn, staff.merchant_id, [tidy_code(code)]))
    if known:
        async with db.transaction() as conn:
            await uncount_attempt(conn, [subject], now)
    return known
