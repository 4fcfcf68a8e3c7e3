"""Reviews and answers of buyers: the order line that proves the purchase comes from the orders."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.reads import handed_over_lines
from unwall.commerce.orders.values import HandedOverLine
from unwall.content.questions.actions import answer_as_buyer
from unwall.content.questions.reads import question
from unwall.content.questions.values import NoSuchQuestion, Said
from unwall.content.reviews import actions
from unwall.content.reviews.reads import asked_orders, reviewed
from unwall.content.reviews.rules import REVIEWS_PER_WINDOW, check
from unwall.content.reviews.values import NotBought, ProofOfPurchase, ReviewDraft
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import SignInNeeded
from unwall.kernel.text import N_
from unwall.people.attempts import count_attempt

MAX_ASKED_ORDERS = 20
"""The number of latest orders for whose goods somebody is asked for a review."""
TOO_MANY = N_("You have written a lot just now.")


async def check_may_write(db: Database, visit: Visit, product_id: UUID, draft: ReviewDraft, now: datetime) -> None:
    """Before pictures are decoded: what is wrong with the words, whether the member has the product, and whether they
    have written too much just now, which this counts as an attempt."""
    if visit.member_id is None:
        raise SignInNeeded(actions.SIGN_IN)
    check(draft)
    await count_attempt(db, {f"pictures:{visit.member_id}": REVIEWS_PER_WINDOW}, now, TOO_MANY)
    async with db.read() as conn:
        if await proof_of_purchase(conn, visit, product_id) is None:
            raise NotBought(actions.NOT_BOUGHT)


async def write_review(  # what is said of which purchase
    db: Database, visit: Visit, product_id: UUID, draft: ReviewDraft, now: datetime, *, order_id: UUID | None = None
) -> UUID:
    """Write or change the member's review of a product that they have, by their order `order_id` where it is named.
    Raises the errors of `reviews.actions.write`, and `TooMany`.
    """
    if visit.member_id is None:
        raise SignInNeeded(actions.SIGN_IN)
    check(draft)
    await count_attempt(db, {f"review:{visit.member_id}": REVIEWS_PER_WINDOW}, now, TOO_MANY)
    async with db.transaction() as conn:
        proof = await proof_of_purchase(conn, visit, product_id, order_id)
        return await actions.write(conn, visit, proof, draft, now)


async def proof_of_purchase(
    conn: Connection, visit: Visit, product_id: UUID, order_id: UUID | None = None
) -> ProofOfPurchase | None:
    order_ids = None if order_id is None else [order_id]
    lines = await handed_over_lines(conn, visit, visit.lang, product_id=product_id, order_ids=order_ids)
    line = lines[0] if lines else None
    return ProofOfPurchase(line.order_id, line.line, line.merchant_id, product_id) if line else None


async def answer_question(conn: Transaction, visit: Visit, question_id: UUID, said: Said) -> UUID:
    """The answer of a buyer. Raises the errors of `questions.actions.answer_as_buyer`, and `SignInNeeded`."""
    if visit.member_id is None:
        raise SignInNeeded(N_("Sign in to answer."))
    asked = await question(conn, question_id)
    if asked is None:
        raise NoSuchQuestion(N_("There is no such question."))
    bought = await proof_of_purchase(conn, visit, asked.product_id) is not None
    return await answer_as_buyer(conn, visit.member_id, question_id, said, bought=bought)


async def reviews_due(conn: Connection, visit: Visit, lang: str) -> list[HandedOverLine]:
    """The goods for which the person was asked for a review and has written none, each product once."""
    asked = await asked_orders(conn, visit.person_ids, MAX_ASKED_ORDERS)
    if not asked:
        return []
    lines = await handed_over_lines(conn, visit, lang, order_ids=[one.order_id for one in asked])
    return await not_reviewed(conn, visit, lines)


async def not_reviewed(conn: Connection, visit: Visit, lines: Iterable[HandedOverLine]) -> list[HandedOverLine]:
    """The first line of each product of which the person has written no review."""
    first = {line.product_id: line for line in reversed(list(lines)) if line.product_slug}
    done = await reviewed(conn, visit.member_id, list(first)) if visit.member_id and first else set()
    return [line for product_id, line in reversed(first.items()) if product_id not in done]
