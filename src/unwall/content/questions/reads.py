"""Reads of questions."""

from uuid import UUID

from unwall.content.accounts.values import MemberAuthor
from unwall.content.moderation.values import TakenDown
from unwall.content.questions.values import AnswerHead, MerchantQuestion, Question, QuestionFilter, ReportedAnswer
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

_ANSWERS = """
    coalesce((SELECT jsonb_agg(jsonb_build_object('id', a.id, 'author', a.author, 'words', a.words,
        'by_merchant', a.member_id IS NULL, 'created_at', a.created_at, 'warned', EXISTS (
            SELECT FROM moderated m WHERE m.kind = 'answer' AND m.subject_id = a.id))
        ORDER BY a.member_id IS NOT NULL, a.id) FROM answer a WHERE a.question_id = q.id AND a.state = 'shown'), '[]')
"""
_QUESTION = f"""
    SELECT q.id, q.product_id, q.merchant_id, q.author, q.words, q.created_at,
        EXISTS (SELECT FROM moderated m WHERE m.kind = 'question' AND m.subject_id = q.id) AS warned,
        {_ANSWERS} AS answers
    FROM question q
"""
_MERCHANT_QUESTION = f"""
    SELECT q.id, q.product_id, coalesce(translated(s.translations, $1, 'title', s.title), '') AS product_title,
        s.image_file AS product_image, q.author, q.words, q.created_at, {_ANSWERS} AS answers,
        (SELECT jsonb_build_object('id', a.id, 'words', a.words) FROM answer a
            WHERE a.question_id = q.id AND a.member_id IS NULL AND a.state = 'dropped') AS dropped_answer
    FROM question q LEFT JOIN product_summary s ON s.id = q.product_id
"""
_OPEN = """
    NOT EXISTS (SELECT FROM answer a WHERE a.question_id = q.id AND a.member_id IS NULL AND a.state = 'shown')
"""


async def product_questions(
    conn: Connection, product_id: UUID, *, after: str | None = None, limit: int = 10
) -> ResultPage[Question]:
    """The shown questions on a product, newest first."""
    questions = await rows(
        conn,
        Question,
        f"{_QUESTION} WHERE q.product_id = $1 AND q.state = 'shown' AND q.id < $2 ORDER BY q.id DESC LIMIT $3",
        product_id,
        decode(after),
        limit + 1,
    )
    return page_of(questions, limit, lambda question: question.id)


async def question(conn: Connection, question_id: UUID) -> Question | None:
    """A shown question."""
    return await row(conn, Question, f"{_QUESTION} WHERE q.id = $1 AND q.state = 'shown'", question_id)


async def answer_head(conn: Connection, answer_id: UUID) -> AnswerHead | None:
    """None where it or its question is not shown, or who asked has answered."""
    sql = """
        SELECT q.product_id, q.member_id AS asked_by, a.author, a.words
        FROM answer a JOIN question q ON q.id = a.question_id
        WHERE a.id = $1 AND a.state = 'shown' AND q.state = 'shown' AND q.member_id IS DISTINCT FROM a.member_id
    """
    return await row(conn, AnswerHead, sql, answer_id)


ALL_QUESTIONS = QuestionFilter()


async def merchant_questions(
    conn: Connection,
    merchant_id: UUID,
    lang: str,
    wanted: QuestionFilter = ALL_QUESTIONS,
    *,
    after: str | None = None,
    limit: int = 50,
) -> ResultPage[MerchantQuestion]:
    """Newest first."""
    questions = await rows(
        conn,
        MerchantQuestion,
        f"""
        {_MERCHANT_QUESTION}
        WHERE q.merchant_id = $2 AND q.state = 'shown' AND q.id < $3 AND (NOT $4 OR {_OPEN})
            AND ($5 = '%%' OR concat_ws(' ', q.words, q.author, s.title, s.translations::text) ILIKE $5)
        ORDER BY q.id DESC LIMIT $6
        """,
        lang,
        merchant_id,
        decode(after),
        wanted.unanswered,
        contains_pattern(wanted.words),
        limit + 1,
    )
    return page_of(questions, limit, lambda question: question.id)


async def unanswered(conn: Connection, merchant_id: UUID) -> int:
    """How many shown questions the merchant has not answered."""
    sql = f"SELECT count(*) FROM question q WHERE q.merchant_id = $1 AND q.state = 'shown' AND {_OPEN}"
    return int(await conn.fetchval(sql, merchant_id))


async def author_of(conn: Connection, merchant_id: UUID, question_id: UUID) -> MemberAuthor | None:
    """Of a question on the merchant's products."""
    sql = "SELECT member_id, author FROM question WHERE id = $1 AND merchant_id = $2"
    return await row(conn, MemberAuthor, sql, question_id, merchant_id)


async def author_of_answer(conn: Connection, merchant_id: UUID, answer_id: UUID) -> MemberAuthor | None:
    """As `author_of`, of a buyer's answer."""
    sql = "SELECT member_id, author FROM answer WHERE id = $1 AND merchant_id = $2 AND member_id IS NOT NULL"
    return await row(conn, MemberAuthor, sql, answer_id, merchant_id)


async def dropped_answer(conn: Connection, merchant_id: UUID, question_id: UUID) -> UUID | None:
    """The merchant's own answer that moderation has taken down."""
    sql = """
        SELECT id FROM answer WHERE question_id = $2 AND merchant_id = $1 AND member_id IS NULL AND state = 'dropped'
    """
    answer_id: UUID | None = await conn.fetchval(sql, merchant_id, question_id)
    return answer_id


async def answer(conn: Connection, answer_id: UUID) -> ReportedAnswer | None:
    """A shown answer to a shown question."""
    sql = """
        SELECT a.id, q.product_id, a.merchant_id, a.member_id IS NULL AS by_merchant, a.author, a.words
        FROM answer a JOIN question q ON q.id = a.question_id
        WHERE a.id = $1 AND a.state = 'shown' AND q.state = 'shown'
    """
    return await row(conn, ReportedAnswer, sql, answer_id)


async def answers_taken_down(conn: Connection, member_id: UUID) -> list[TakenDown]:
    """As `taken_down`, of the answers."""
    sql = """
        SELECT c.id, c.words FROM answer c WHERE c.member_id = $1 AND EXISTS (SELECT FROM moderated m
            WHERE m.kind = 'answer' AND m.subject_id = c.id AND m.visibility = 'drop')
        ORDER BY c.id DESC LIMIT 100
    """
    return await rows(conn, TakenDown, sql, member_id)


async def taken_down(conn: Connection, member_id: UUID) -> list[TakenDown]:
    """The questions of the member that moderation has dropped, the last first."""
    sql = """
        SELECT c.id, c.words FROM question c WHERE c.member_id = $1 AND EXISTS (SELECT FROM moderated m
            WHERE m.kind = 'question' AND m.subject_id = c.id AND m.visibility = 'drop')
        ORDER BY c.id DESC LIMIT 100
    """
    return await rows(conn, TakenDown, sql, member_id)
