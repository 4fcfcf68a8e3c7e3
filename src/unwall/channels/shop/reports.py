"""Reporting what somebody published, with a reason. A page for each kind of subject finds what moderators shall see of
it: `FINDERS`."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.catalogue.bundle_rules import bundle_sold
from unwall.catalogue.bundles import bundle_by_id
from unwall.catalogue.reads import cards
from unwall.channels.design.values import Option
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.report_words import REASONS
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.links import account_url, bundle_url, post_url, product_url
from unwall.channels.shop.views import excerpt
from unwall.content.accounts.reads import account
from unwall.content.comments.reads import comment as shown_comment
from unwall.content.moderation.rules import MAX_REPORT_CHARACTERS
from unwall.content.moderation.values import ReportDraft, Reported, ReportReason, Subject, SubjectKind
from unwall.content.posts.reads import post as live_post
from unwall.content.questions.reads import answer as shown_answer
from unwall.content.questions.reads import question as shown_question
from unwall.content.reviews.reads import review as shown_review
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import FieldError, Invalid, NotFound, TooMany
from unwall.kernel.text import N_
from unwall.people.attempts import count_act
from unwall.usecases import moderate

Finder = Callable[[Connection, UUID, str], Awaitable[Reported | None]]


async def _post(conn: Connection, post_id: UUID, lang: str) -> Reported | None:
    live = await live_post(conn, post_id, lang)
    if live is None:
        return None
    words = "\n".join(text for text in (live.title, excerpt(live.body_html)) if text)
    return Reported(Subject(SubjectKind.POST, post_id), live.merchant_id, words, post_url(post_id))


async def _account(conn: Connection, account_id: UUID, lang: str) -> Reported | None:
    profile = await account(conn, account_id, lang)
    if profile is None:
        return None
    words = "\n".join(text for text in (f"{profile.name} (@{profile.handle})", profile.bio) if text)
    return Reported(
        Subject(SubjectKind.ACCOUNT, account_id),
        profile.merchant_id,
        words,
        account_url(profile.handle),
    )


async def _review(conn: Connection, review_id: UUID, lang: str) -> Reported | None:
    review = await shown_review(conn, review_id)
    if review is None:
        return None
    words = f"{review.author}: {'★' * review.stars} {review.words}"
    url = await _product_url(conn, review.product_id, "/reviews", lang)
    return Reported(Subject(SubjectKind.REVIEW, review_id), review.merchant_id, words, url)


async def _question(conn: Connection, question_id: UUID, lang: str) -> Reported | None:
    question = await shown_question(conn, question_id)
    if question is None:
        return None
    url = await _product_url(conn, question.product_id, "/questions", lang)
    words = f"{question.author}: {question.words}"
    return Reported(Subject(SubjectKind.QUESTION, question_id), question.merchant_id, words, url)


async def _answer(conn: Connection, answer_id: UUID, lang: str) -> Reported | None:
    """The store's own is decided by the install's moderators, as its products are."""
    answer = await shown_answer(conn, answer_id)
    if answer is None:
        return None
    url = await _product_url(conn, answer.product_id, "/questions", lang)
    judges = None if answer.by_merchant else answer.merchant_id
    return Reported(Subject(SubjectKind.ANSWER, answer_id), judges, f"{answer.author}: {answer.words}", url)


async def _product_url(conn: Connection, product_id: UUID, page: str, lang: str) -> str:
    card = (await cards(conn, [product_id], lang)).get(product_id)
    return product_url(card.merchant_slug, card.slug) + page if card else "/"


async def _comment(conn: Connection, comment_id: UUID, lang: str) -> Reported | None:
    comment = await shown_comment(conn, comment_id)
    if comment is None:
        return None
    words, url = f"{comment.author}: {comment.words}", f"{post_url(comment.post_id)}/comments"
    return Reported(Subject(SubjectKind.COMMENT, comment_id), comment.merchant_id, words, url)


async def _product(conn: Connection, product_id: UUID, lang: str) -> Reported | None:
    """The install's moderators decide: a store is no judge of its own goods."""
    card = (await cards(conn, [product_id], lang)).get(product_id)
    if card is None:
        return None
    words, url = f"{card.title} ({card.merchant_name})", product_url(card.merchant_slug, card.slug)
    return Reported(Subject(SubjectKind.PRODUCT, product_id), None, words, url)


async def _bundle(conn: Connection, bundle_id: UUID, lang: str) -> Reported | None:
    """As a product's."""
    bundle = await bundle_by_id(conn, bundle_id, lang)
    if bundle is None or not bundle_sold(bundle):
        return None
    store = bundle.parts[0].item
    words, url = f"{bundle.title} ({bundle.merchant_name})", bundle_url(store.merchant_slug, bundle.slug)
    return Reported(Subject(SubjectKind.BUNDLE, bundle_id), None, words, url)


FINDERS: dict[str, Finder] = {
    SubjectKind.BUNDLE: _bundle,
    SubjectKind.PRODUCT: _product,
    SubjectKind.POST: _post,
    SubjectKind.ACCOUNT: _account,
    SubjectKind.REVIEW: _review,
    SubjectKind.QUESTION: _question,
    SubjectKind.ANSWER: _answer,
    SubjectKind.COMMENT: _comment,
}


class ReportPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/report.html"

    action: str
    back: str
    what: str
    reasons: list[Option]
    chosen: str
    words: str
    max_characters: int
    errors: FieldTexts
    problem: str | None


@get("/report/{kind:str}/{subject_id:uuid}", include_in_schema=False)
async def report_page(ctx: ShopContext, kind: str, subject_id: UUID) -> Response[Any]:
    return _page(ctx, await _found(ctx, kind, subject_id), {})


@post("/report/{kind:str}/{subject_id:uuid}", include_in_schema=False, status_code=303)
async def report(ctx: ShopContext, kind: str, subject_id: UUID, data: FormData) -> Response[Any]:
    reported = await _found(ctx, kind, subject_id)
    try:
        await count_act(ctx.services.db, ctx.visit, now())
        await moderate.report(ctx.services.db, ctx.visit, reported, _draft(data), now())
    except (Invalid, TooMany) as error:
        return _page(ctx, reported, data, error)
    ctx.flash(Flash(ctx.words(N_("Thank you. A moderator looks at it."))))
    return Redirect(own_path(reported.url or "/"), status_code=303)


async def _found(ctx: ShopContext, kind: str, subject_id: UUID) -> Reported:
    finder = FINDERS.get(kind)
    if finder:
        async with ctx.services.db.read() as conn:
            reported = await finder(conn, subject_id, ctx.lang)
        if reported:
            return reported
    raise NotFound(N_("This is not there, or not any more."))


def _draft(data: dict[str, str]) -> ReportDraft:
    reason = data.get("reason", "")
    if reason not in set(ReportReason):
        raise Invalid([FieldError("reason", N_("Choose a reason."))])
    return ReportDraft(ReportReason(reason), data.get("words", ""))


def _page(
    ctx: ShopContext, reported: Reported, data: dict[str, str], error: Invalid | TooMany | None = None
) -> Response[str]:
    page = ReportPage(
        title=ctx.words(N_("Report")),
        action=f"/report/{reported.subject.kind}/{reported.subject.id}",
        back=reported.url,
        what=reported.excerpt,
        reasons=[Option(reason.value, ctx.words(label)) for reason, label in REASONS.items()],
        chosen=data.get("reason", ""),
        words=data.get("words", ""),
        max_characters=MAX_REPORT_CHARACTERS,
        errors=ctx.field_errors(error),
        problem=ctx.problem(error),
    )
    return ctx.page(page, status=status_of(error, in_form=True))


HANDLERS: list[Any] = [report_page, report]
