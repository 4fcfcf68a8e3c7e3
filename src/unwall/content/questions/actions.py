"""Changes of questions and answers."""

from datetime import datetime
from uuid import UUID

from unwall.content.accounts.reads import check_own_name
from unwall.content.accounts.values import Owner
from unwall.content.questions import rules
from unwall.content.questions.values import NoSuchQuestion, NotABuyer, Said
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction
from unwall.kernel.errors import SignInNeeded
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.rules import MAX_AUTHOR_CHARACTERS, NAMELESS

NO_SUCH_QUESTION = N_("There is no such question.")
SIGN_IN = N_("Sign in to ask.")


async def ask(conn: Transaction, visit: Visit, product_id: UUID, said: Said, now: datetime) -> UUID:
    """A member asks about a product on sale. Raises `Invalid`, `SignInNeeded`, `NoSuchQuestion` where there is no such
    product.
    """
    if visit.member_id is None:
        raise SignInNeeded(SIGN_IN)
    checked, question_id = rules.checked(said), new_id()
    await check_own_name(conn, Owner(member_id=visit.member_id), checked.author)
    merchant_id: UUID | None = await conn.fetchval(
        """
        INSERT INTO question (id, merchant_id, product_id, member_id, author, words, created_at)
        SELECT $1, merchant_id, id, $3, $4, $5, $6 FROM product_summary WHERE id = $2 AND active
        RETURNING merchant_id
        """,
        question_id,
        product_id,
        visit.member_id,
        checked.author,
        checked.words,
        now,
    )
    if merchant_id is None:
        raise NoSuchQuestion(N_("This is not on sale, or not any more."))
    fact = Event(
        id=new_id(),
        at=now,
        kind=EventKind.QUESTION,
        merchant_id=merchant_id,
        **visit.ids,
        product_id=product_id,
    )
    await journal.record(conn, [fact])
    return question_id


async def answer_as_buyer(conn: Transaction, member_id: UUID, question_id: UUID, said: Said, *, bought: bool) -> UUID:
    """The answer of a member who `bought` the product; another one replaces it. Raises `NotABuyer`, `Invalid`,
    `NoSuchQuestion`.
    """
    checked = rules.checked(said)
    if not bought:
        raise NotABuyer(N_("Only who bought this and has it can answer."))
    await check_own_name(conn, Owner(member_id=member_id), checked.author)
    return await _answer(conn, question_id, member_id, checked, None)


async def answer_as_merchant(conn: Transaction, merchant_id: UUID, question_id: UUID, said: Said) -> UUID:
    """The merchant's answer, under its name as far as there is room for it; another one replaces it. Raises `Invalid`,
    `NoSuchQuestion`.
    """
    checked = rules.checked(Said(said.words, said.author[:MAX_AUTHOR_CHARACTERS]))
    return await _answer(conn, question_id, None, checked, merchant_id)


async def _answer(
    conn: Transaction, question_id: UUID, member_id: UUID | None, said: Said, merchant_id: UUID | None
) -> UUID:
    """A dropped answer is not replaced."""
    answered: UUID | None = await conn.fetchval(
        """
        INSERT INTO answer AS a (id, question_id, merchant_id, member_id, author, words)
        SELECT $1, id, merchant_id, $3, $4, $5 FROM question
        WHERE id = $2 AND state = 'shown' AND ($6::uuid IS NULL OR merchant_id = $6)
        ON CONFLICT (question_id, (coalesce(member_id, merchant_id))) DO UPDATE
            SET words = excluded.words, author = excluded.author, state = 'shown'
        WHERE a.state <> 'dropped'
        RETURNING a.id
        """,
        new_id(),
        question_id,
        member_id,
        said.author,
        said.words,
        merchant_id,
    )
    if answered is None:
        raise NoSuchQuestion(NO_SUCH_QUESTION)
    return answered


async def drop(conn: Transaction, question_id: UUID) -> bool:
    """Moderation hides the question; returns whether it was shown."""
    sql = "UPDATE question SET state = 'dropped' WHERE id = $1 AND state = 'shown' RETURNING true"
    return bool(await conn.fetchval(sql, question_id))


async def restore(conn: Transaction, question_id: UUID) -> bool:
    sql = "UPDATE question SET state = 'shown' WHERE id = $1 AND state = 'dropped' RETURNING true"
    return bool(await conn.fetchval(sql, question_id))


async def drop_answer(conn: Transaction, answer_id: UUID) -> bool:
    """As `drop`."""
    sql = "UPDATE answer SET state = 'dropped' WHERE id = $1 AND state = 'shown' RETURNING true"
    return bool(await conn.fetchval(sql, answer_id))


async def restore_answer(conn: Transaction, answer_id: UUID) -> bool:
    sql = "UPDATE answer SET state = 'shown' WHERE id = $1 AND state = 'dropped' RETURNING true"
    return bool(await conn.fetchval(sql, answer_id))


async def forget_author(conn: Transaction, member_id: UUID) -> None:
    """What the member asked and answered stays, without their name."""
    await conn.execute("UPDATE question SET author = $2 WHERE member_id = $1", member_id, NAMELESS)
    await conn.execute("UPDATE answer SET author = $2 WHERE member_id = $1", member_id, NAMELESS)
