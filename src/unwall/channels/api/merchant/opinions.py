"""Reviews and questions for merchants' programs: list and answer."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, put
from litestar.params import Parameter

from unwall.channels.api.callers import Made, key_name, lang
from unwall.channels.http.context import AnyRequest
from unwall.content.questions import actions as questions
from unwall.content.questions import reads as question_reads
from unwall.content.questions.values import MerchantQuestion, QuestionFilter, Said
from unwall.content.reviews import actions, reads
from unwall.content.reviews.rules import STARS
from unwall.content.reviews.values import MerchantReview, ReviewFilter
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import existing
from unwall.messages.hearing import Answered, answered
from unwall.people import reads as people_reads
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services

TAGS = ["merchant"]
PAGE = 50


class AnswerBody(msgspec.Struct, frozen=True):
    words: str
    """Empty takes it back."""


class QuestionAnswer(msgspec.Struct, frozen=True):
    words: str


@get("/reviews", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def reviews(
    request: AnyRequest,
    services: Services,
    key: ApiKey,
    stars: Annotated[int | None, Parameter(ge=min(STARS), le=max(STARS))] = None,
    after: str | None = None,
    *,
    unanswered: bool = False,
) -> ResultPage[MerchantReview]:
    """Newest first, without those that their authors have withdrawn."""
    wanted = ReviewFilter(unanswered=unanswered, stars=stars)
    async with services.db.confined(key.merchant_id) as conn:
        return await reads.merchant_reviews(conn, key.merchant_id, wanted, lang(request), after, PAGE)


@put("/reviews/{review_id:uuid}/answer", scope=ApiScope.CONTENT_WRITE, tags=TAGS)
async def answer_review(
    request: AnyRequest, services: Services, key: ApiKey, review_id: UUID, data: AnswerBody
) -> MerchantReview:
    """The store's answer below the review; another one replaces it."""
    async with services.db.confined(key.merchant_id) as conn:
        await actions.answer(conn, key.merchant_id, review_id, data.words, key_name(key), now())
        await answered(conn, Answered("review", review_id))
        review = await reads.merchant_review(conn, key.merchant_id, review_id, lang(request))
    return existing(review, actions.NO_SUCH_REVIEW)


@get("/questions", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def all_questions(
    request: AnyRequest,
    services: Services,
    key: ApiKey,
    q: str = "",
    after: str | None = None,
    *,
    unanswered: bool = False,
) -> ResultPage[MerchantQuestion]:
    """Newest first."""
    wanted = QuestionFilter(q[:100], unanswered=unanswered)
    async with services.db.confined(key.merchant_id) as conn:
        return await question_reads.merchant_questions(conn, key.merchant_id, lang(request), wanted, after=after)


@put("/questions/{question_id:uuid}/answer", scope=ApiScope.CONTENT_WRITE, tags=TAGS)
async def answer_question(services: Services, key: ApiKey, question_id: UUID, data: QuestionAnswer) -> Made:
    """The store's answer, under its name; another one replaces it."""
    async with services.db.confined(key.merchant_id) as conn:
        merchant = existing(await people_reads.merchant(conn, key.merchant_id, ""), "There is no such store.")
        said = Said(data.words, merchant.name)
        answer_id = await questions.answer_as_merchant(conn, key.merchant_id, question_id, said)
        await answered(conn, Answered("answer", answer_id))
        return Made(answer_id)


HANDLERS: list[Any] = [reviews, answer_review, all_questions, answer_question]
