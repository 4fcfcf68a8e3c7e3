"""The questions on a product: asking, and the answers of buyers."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.catalogue.values import Product
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts, see_other, with_query
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.opinions import QuestionView, question_view, questions_url
from unwall.channels.shop.reviews import product_of, signed_in
from unwall.content.questions import actions, reads
from unwall.content.questions.rules import MAX_WORDS_CHARACTERS, writing_limits
from unwall.content.questions.values import Said
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.messages.hearing import Answered, answered
from unwall.people.attempts import count_attempt
from unwall.usecases import review_purchase

QUESTIONS = 10


class QuestionsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/questions.html"

    product: Product
    product_url: str
    action: str
    questions: list[QuestionView]
    next_url: str | None
    bought: bool
    words: str
    author: str
    max_characters: int
    errors: FieldTexts
    problem: str | None


@get("/m/{merchant:str}/p/{slug:str}/questions", include_in_schema=False)
async def questions_page(ctx: ShopContext, merchant: str, slug: str) -> Response[str]:
    return await _page(ctx, merchant, slug, {})


@post("/m/{merchant:str}/p/{slug:str}/questions", include_in_schema=False, status_code=303)
async def ask(ctx: ShopContext, merchant: str, slug: str, data: FormData) -> Response[Any]:
    member = signed_in(ctx, actions.SIGN_IN)
    async with ctx.services.db.read() as conn:
        product, _ = await product_of(conn, ctx, merchant, slug)
    said = Said(data.get("words", ""), data.get("author", ""))
    try:
        await _count(ctx, member.id)
        async with ctx.services.db.transaction() as conn:
            await actions.ask(conn, ctx.visit, product.id, said, now())
    except (Invalid, TooMany) as error:
        return await _page(ctx, merchant, slug, data, error)
    ctx.flash(Flash(ctx.words(N_("Your question is asked. The store and buyers can answer it."))))
    return see_other(questions_url(product))


@post("/questions/{question_id:uuid}/answer", include_in_schema=False, status_code=303)
async def answer(ctx: ShopContext, question_id: UUID, data: FormData) -> Redirect:
    """Of a buyer."""
    member = signed_in(ctx, N_("Sign in to answer."))
    await _count(ctx, member.id)
    said = Said(data.get("words", ""), data.get("author", "") or member.name)
    async with ctx.services.db.transaction() as conn:
        written = await review_purchase.answer_question(conn, ctx.visit, question_id, said)
        await answered(conn, Answered("answer", written))
    ctx.flash(Flash(ctx.words(N_("Thank you. Your answer is shown."))))
    return see_other(own_path(data.get("next", "/")))


async def _count(ctx: ShopContext, member_id: UUID) -> None:
    await count_attempt(ctx.services.db, writing_limits(member_id), now(), review_purchase.TOO_MANY)


async def _page(
    ctx: ShopContext, merchant: str, slug: str, data: dict[str, str], error: UnwallError | None = None
) -> Response[str]:
    async with ctx.services.db.read() as conn:
        product, _ = await product_of(conn, ctx, merchant, slug)
        limit = QUESTIONS * ctx.pages
        questions = await reads.product_questions(conn, product.id, after=ctx.query.get("after"), limit=limit)
        bought = await review_purchase.proof_of_purchase(conn, ctx.visit, product.id) is not None
    path = questions_url(product)
    page = QuestionsPage(
        title=ctx.words(N_("Questions about {title}"), title=product.title),
        product=product,
        product_url=links.product_url(product.merchant_slug, product.slug),
        action=path,
        questions=[question_view(one, ctx.lang) for one in questions.rows],
        next_url=with_query(path, {"after": questions.after}) if questions.after else None,
        bought=bought and ctx.member is not None,
        words=data.get("words", ""),
        author=data.get("author", ctx.member.name if ctx.member else ""),
        max_characters=MAX_WORDS_CHARACTERS,
        errors=ctx.field_errors(error),
        problem=ctx.problem(error),
        canonical=ctx.base_url + path,
    )
    return ctx.page(page, status=status_of(error, in_form=True))


HANDLERS: list[Any] = [questions_page, ask, answer]
