"""Reviews and questions for shoppers' apps: read, write, answer; and the pictures that are shown with them."""

from io import BytesIO
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import Parameter

from unwall.channels.api.callers import Made, json_answer, once
from unwall.channels.api.description import answers
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.context import AnyRequest, origin_of
from unwall.channels.http.files import check_stored
from unwall.commerce.orders.values import HandedOverLine
from unwall.content.questions import actions as questions
from unwall.content.questions import reads as question_reads
from unwall.content.questions.rules import writing_limits
from unwall.content.questions.values import Question, Said
from unwall.content.reviews import actions, reads, rules
from unwall.content.reviews.rules import STARS
from unwall.content.reviews.values import OwnReview, Rating, Review, ReviewDraft, ReviewSort
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import SignInNeeded, existing
from unwall.kernel.idempotency import StoredAnswer
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.media.values import Image
from unwall.messages.hearing import Answered, answered
from unwall.people.attempts import count_attempt
from unwall.people.rules import PEOPLE_PER_NETWORK
from unwall.services import Services
from unwall.usecases import review_purchase

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")
PICTURES_PER_WINDOW = 6
"""As how many people one caller counts for the limit on attempts."""
VOTE_SIGN_IN = N_("Sign in to say what helped you.")
NO_REVIEW = "You have not reviewed this."


class OpinionChange(msgspec.Struct, frozen=True):
    changed: bool
    """false where it was so before"""


def _member(caller: Visit, message: str) -> UUID:
    if caller.member_id is None:
        raise SignInNeeded(message)
    return caller.member_id


# --- reviews ----------------------------------------------------------------------------------------------------------


@get("/products/{product_id:uuid}/rating", tags=TAGS)
async def rating(services: Services, caller: Visit, product_id: UUID) -> Rating:
    """How many reviews give each number of stars."""
    async with services.db.read() as conn:
        counted = await reads.ratings(conn, [product_id])
    return counted.get(product_id, Rating(product_id, 0, 0, 0, 0, 0))


@get("/products/{product_id:uuid}/reviews", tags=TAGS)
async def product_reviews(
    services: Services,
    caller: Visit,
    product_id: UUID,
    sort: ReviewSort = ReviewSort.HELPFUL,
    stars: Annotated[int | None, Parameter(ge=min(STARS), le=max(STARS))] = None,
    after: str | None = AFTER,
) -> ResultPage[Review]:
    """Those that are shown, all or with so many stars."""
    async with services.db.read() as conn:
        return await reads.product_reviews(conn, product_id, sort, stars=stars, after=after)


@get("/products/{product_id:uuid}/review", tags=TAGS)
async def own_review(services: Services, caller: Visit, product_id: UUID) -> OwnReview:
    """The member's own, in any state."""
    member_id = _member(caller, actions.SIGN_IN)
    async with services.db.read() as conn:
        return existing(await reads.own_review(conn, member_id, product_id), NO_REVIEW)


@put("/products/{product_id:uuid}/review", tags=TAGS)
async def write_review(services: Services, caller: Visit, product_id: UUID, data: ReviewDraft) -> OwnReview:
    """Write or change the review of what the member has bought and has. Pictures are named as POST /pictures gave them,
    a video by the id of its upload."""
    member_id = _member(caller, actions.SIGN_IN)
    await check_stored(services, {f"pictures.{n}.file": one.file for n, one in enumerate(data.pictures)})
    await review_purchase.write_review(services.db, caller, product_id, data, now())
    async with services.db.read() as conn:
        return existing(await reads.own_review(conn, member_id, product_id), NO_REVIEW)


@delete("/products/{product_id:uuid}/review", status_code=200, tags=TAGS)
async def withdraw(services: Services, caller: Visit, product_id: UUID) -> OpinionChange:
    """It is not shown any more, until it is written again."""
    member_id = _member(caller, actions.SIGN_IN)
    async with services.db.transaction() as conn:
        return OpinionChange(await actions.withdraw(conn, member_id, product_id))


@delete("/products/{product_id:uuid}/review/pictures", status_code=204, tags=TAGS)
async def withdraw_pictures(services: Services, caller: Visit, product_id: UUID) -> None:
    """End the licence: pictures and video are not shown any more, wherever they were."""
    member_id = _member(caller, actions.SIGN_IN)
    async with services.db.transaction() as conn:
        await actions.withdraw_pictures(conn, member_id, product_id, now())


@get("/reviews/due", tags=TAGS)
async def due(services: Services, caller: Visit) -> list[HandedOverLine]:
    """The goods of which the caller was asked for a review and has written none."""
    async with services.db.read() as conn:
        return await review_purchase.reviews_due(conn, caller, caller.lang)


@put("/reviews/{review_id:uuid}/helpful", tags=TAGS)
async def vote(services: Services, caller: Visit, review_id: UUID) -> OpinionChange:
    """Nobody votes for their own."""
    member_id = _member(caller, VOTE_SIGN_IN)
    await count_attempt(services.db, rules.voting_limits(member_id), now(), rules.TOO_MANY_VOTES)
    async with services.db.transaction() as conn:
        return OpinionChange(await actions.vote(conn, member_id, review_id))


@delete("/reviews/{review_id:uuid}/helpful", status_code=200, tags=TAGS)
async def unvote(services: Services, caller: Visit, review_id: UUID) -> OpinionChange:
    member_id = _member(caller, VOTE_SIGN_IN)
    async with services.db.transaction() as conn:
        return OpinionChange(await actions.unvote(conn, member_id, review_id))


# --- questions --------------------------------------------------------------------------------------------------------


@get("/products/{product_id:uuid}/questions", tags=TAGS)
async def product_questions(
    services: Services, caller: Visit, product_id: UUID, after: str | None = AFTER
) -> ResultPage[Question]:
    """With their answers, newest first."""
    async with services.db.read() as conn:
        return await question_reads.product_questions(conn, product_id, after=after)


@post("/products/{product_id:uuid}/questions", tags=TAGS, repeatable=True, responses=answers(Made))
async def ask(request: AnyRequest, services: Services, caller: Visit, product_id: UUID, data: Said) -> Response[bytes]:
    """A member asks about a product on sale. Needs an Idempotency-Key."""
    member_id = _member(caller, questions.SIGN_IN)

    async def work(_: UUID) -> StoredAnswer:
        await _count(services, member_id)
        async with services.db.transaction() as conn:
            return json_answer(Made(await questions.ask(conn, caller, product_id, data, now())), 201)

    return await once(request, services, f"member {member_id}", work)


@put("/questions/{question_id:uuid}/answer", tags=TAGS)
async def answer(services: Services, caller: Visit, question_id: UUID, data: Said) -> Made:
    """Of a member who has bought the product and has it; another one replaces it."""
    await _count(services, _member(caller, N_("Sign in to answer.")))
    async with services.db.transaction() as conn:
        written = await review_purchase.answer_question(conn, caller, question_id, data)
        await answered(conn, Answered("answer", written))
    return Made(written)


async def _count(services: Services, member_id: UUID) -> None:
    await count_attempt(services.db, writing_limits(member_id), now(), review_purchase.TOO_MANY)


# --- pictures ---------------------------------------------------------------------------------------------------------


@post("/pictures", tags=TAGS, raw_body=True, request_max_body_size=MAX_UPLOAD_BYTES)
async def add_picture(request: AnyRequest, services: Services, caller: Visit) -> Image:
    """A picture, sent as the body, for a review or a message. It is decoded and encoded anew; the same one gives the
    same answer."""
    limits = {
        f"picture:{caller.person_id}": PICTURES_PER_WINDOW,
        f"picture@{origin_of(request, services)}": PICTURES_PER_WINDOW * PEOPLE_PER_NETWORK,
    }
    await count_attempt(services.db, limits, now(), N_("You have sent many pictures just now."))
    return await picture_uploads.keep(services.db, services.files, BytesIO(await request.body()), field="body")


HANDLERS: list[Any] = [
    rating,
    product_reviews,
    own_review,
    write_review,
    withdraw,
    withdraw_pictures,
    due,
    vote,
    unvote,
    product_questions,
    ask,
    answer,
    add_picture,
]
