"""The reviews of a product, writing one's own, and helpful votes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from unwall.catalogue.values import Product, ProductCard
from unwall.channels.design.values import Option, Tab
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.context import AnyRequest
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts, see_other, with_query
from unwall.channels.http.pictures import picture_url, thumbnail_url
from unwall.channels.http.rendering import Content
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.opinions import (
    RatingView,
    ReviewView,
    rating_view,
    review_views,
    reviews_url,
    structured_data,
    write_url,
)
from unwall.commerce.orders.values import HandedOverLine
from unwall.content.reviews import actions, reads
from unwall.content.reviews.rules import (
    LICENCE_WORDS,
    MAX_PICTURES,
    MAX_WORDS_CHARACTERS,
    STARS,
    TOO_MANY_VOTES,
    voting_limits,
)
from unwall.content.reviews.values import LicenceScope, OwnReview, ReviewDraft, ReviewPicture, ReviewSort
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound, SignInNeeded, TooMany, UnwallError, existing
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.media.reads import shown
from unwall.people.attempts import count_attempt
from unwall.people.values import Member
from unwall.usecases import review_purchase

REVIEWS = 10


class DueView(msgspec.Struct, frozen=True):
    """Goods of which the person has written no review; `url` leads to writing it."""

    url: str
    title: str
    image: str | None


def due_views(lines: Sequence[HandedOverLine]) -> list[DueView]:
    return [DueView(write_url(line.product_id), line.title, thumbnail_url(line.image_file)) for line in lines]


SORTS = {
    ReviewSort.HELPFUL: N_("Most helpful"),
    ReviewSort.NEWEST: N_("Newest"),
    ReviewSort.HIGH: N_("Best first"),
    ReviewSort.LOW: N_("Worst first"),
}
NOT_ON_SALE = N_("This is not on sale, or not any more.")
NO_LICENCE = ""


class ReviewsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/reviews.html"

    product: Product
    product_url: str
    rating: RatingView | None
    sorts: list[Tab]
    stars: int | None
    """those with so many only"""
    all_url: str
    reviews: list[ReviewView]
    next_url: str | None
    write_url: str
    structured: Mapping[str, object]
    """schema.org's, as JSON-LD"""


@get("/m/{merchant:str}/p/{slug:str}/reviews", include_in_schema=False)
async def reviews_page(ctx: ShopContext, merchant: str, slug: str) -> Response[str]:
    asked = ctx.query
    sort = ReviewSort(asked["sort"]) if asked.get("sort") in set(ReviewSort) else ReviewSort.HELPFUL
    stars = int(asked["stars"]) if asked.get("stars") in {str(n) for n in STARS} else None
    async with ctx.services.db.read() as conn:
        product, image = await product_of(conn, ctx, merchant, slug)
        rating = (await reads.ratings(conn, [product.id])).get(product.id)
        reviews = await reads.product_reviews(
            conn, product.id, sort, stars=stars, after=asked.get("after"), limit=REVIEWS * ctx.pages
        )
        ids = [review.id for review in reviews.rows]
        voted = await reads.voted(conn, ctx.member.id, ids) if ctx.member else set()
        videos = await shown(conn, {review.video_id for review in reviews.rows if review.video_id})
    path, kept = reviews_url(product), {"sort": sort.value, "stars": str(stars) if stars else ""}
    url = ctx.base_url + links.product_url(product.merchant_slug, product.slug)
    page = ReviewsPage(
        title=ctx.words(N_("Reviews of {title}"), title=product.title),
        product=product,
        product_url=links.product_url(product.merchant_slug, product.slug),
        rating=rating_view(rating, product, ctx.lang),
        sorts=[
            Tab(with_query(path, {**kept, "sort": one.value}), ctx.words(label), one is sort)
            for one, label in SORTS.items()
        ],
        stars=stars,
        all_url=path,
        reviews=review_views(reviews.rows, videos, ctx.lang, voted),
        next_url=with_query(path, {**kept, "after": reviews.after}) if reviews.after else None,
        write_url=write_url(product.id),
        structured=structured_data(product, url, image and ctx.base_url + image, rating, reviews.rows),
        canonical=ctx.base_url + path,
    )
    return ctx.page(page)


async def product_of(conn: Connection, ctx: ShopContext, merchant: str, slug: str) -> tuple[Product, str | None]:
    """A product on sale, and its picture's address."""
    details = await ctx.services.storefront.product_page(conn, merchant, slug, ctx.lang)
    if details is None or not details.variants:
        raise NotFound(NOT_ON_SALE)
    return details.product, picture_url(details.images[0].file) if details.images else None


# --- writing ----------------------------------------------------------------------------------------------------------


class FilmPart(Content, frozen=True, kw_only=True):
    TEMPLATE = "shop/review_film.html"

    film: str


class WriteReviewPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/review.html"

    card: ProductCard
    image: str | None
    product_url: str
    action: str
    bought: bool
    written: bool
    stars: str
    stars_options: list[Option]
    words: str
    author: str
    pictures: list[Option]
    """the file, and its address"""
    film: str
    """the id of the video"""
    licence: str
    licences: list[Option]
    max_pictures: int
    max_characters: int
    errors: FieldTexts
    problem: str | None


@get("/review/{product_id:uuid}", include_in_schema=False)
async def write_page(ctx: ShopContext, product_id: UUID) -> Response[str]:
    member = signed_in(ctx, actions.SIGN_IN)
    async with ctx.services.db.read() as conn:
        own = await reads.own_review(conn, member.id, product_id)
    draft = own.draft if own else ReviewDraft(0, author=member.name)
    return await _form(ctx, product_id, draft, own)


@post("/review/{product_id:uuid}", include_in_schema=False, status_code=303, request_max_body_size=MAX_UPLOAD_BYTES)
async def write(request: AnyRequest, ctx: ShopContext, product_id: UUID) -> Response[Any]:
    member = signed_in(ctx, actions.SIGN_IN)
    sent = await request.form()
    fields = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    kept = {value for name, value in sent.multi_items() if name == "keep" and isinstance(value, str)}
    uploads = [value for _, value in sent.multi_items() if isinstance(value, UploadFile) and value.filename]
    async with ctx.services.db.read() as conn:
        own = await reads.own_review(conn, member.id, product_id)
    pictures = tuple(one for one in own.draft.pictures if one.file in kept) if own else ()
    draft = _draft(fields, pictures)
    try:
        await review_purchase.check_may_write(ctx.services.db, ctx.visit, product_id, draft, now())
        draft = await _with_uploads(ctx, draft, uploads)
        await review_purchase.write_review(ctx.services.db, ctx.visit, product_id, draft, now())
    except (Invalid, TooMany) as error:
        return await _form(ctx, product_id, draft, own, error)
    ctx.flash(Flash(ctx.words(N_("Thank you. Your review is shown with the product."))))
    return see_other(await _product_url(ctx, product_id))


def signed_in(ctx: ShopContext, message: str) -> Member:
    if ctx.member is None:
        raise SignInNeeded(message)
    return ctx.member


def _draft(fields: Mapping[str, str], pictures: tuple[ReviewPicture, ...]) -> ReviewDraft:
    stars, licence = fields.get("stars", ""), fields.get("licence", "")
    return ReviewDraft(
        stars=int(stars) if stars in {str(n) for n in STARS} else 0,
        words=fields.get("words", ""),
        author=fields.get("author", ""),
        pictures=pictures,
        video_id=parse_id(fields.get("video", "")),
        licence=LicenceScope(licence) if licence in set(LicenceScope) else None,
    )


async def _with_uploads(ctx: ShopContext, draft: ReviewDraft, uploads: list[UploadFile]) -> ReviewDraft:
    if len(draft.pictures) + len(uploads) > MAX_PICTURES:
        raise Invalid.one("pictures", N_("At most {limit} pictures.", limit=MAX_PICTURES))
    if uploads and draft.licence is None:
        raise Invalid.one("licence", N_("Allow your pictures to be shown, or leave them out."))
    added = []
    for upload in uploads:
        image = await picture_uploads.keep(ctx.services.db, ctx.services.files, upload.file, field="pictures")
        added.append(ReviewPicture(image.file, image.width, image.height))
    pictures = tuple({one.file: one for one in (*draft.pictures, *added)}.values())
    return msgspec.structs.replace(draft, pictures=pictures)


@post("/review/{product_id:uuid}/film", include_in_schema=False, status_code=200)
async def add_film(ctx: ShopContext, product_id: UUID, data: FormData) -> Response[str]:
    """The part of the form that shows a video with the review, once it was sent: `do` is film:ID."""
    video_id = parse_id(data.get("do", "").partition(":")[2])
    if video_id is None:
        raise Invalid.one("video_id", N_("Name a video that you have sent."))
    return ctx.part(FilmPart(film=str(video_id)))


async def _form(
    ctx: ShopContext, product_id: UUID, draft: ReviewDraft, own: OwnReview | None, error: UnwallError | None = None
) -> Response[str]:
    async with ctx.services.db.read() as conn:
        card = await _card(conn, ctx, product_id)
        bought = await review_purchase.proof_of_purchase(conn, ctx.visit, product_id) is not None
    page = WriteReviewPage(
        title=ctx.words(N_("Your review of {title}"), title=card.title),
        card=card,
        image=thumbnail_url(card.image_file),
        product_url=links.product_url(card.merchant_slug, card.slug),
        action=write_url(product_id),
        bought=bought,
        written=own is not None,
        stars=str(draft.stars or ""),
        stars_options=[Option(str(n), f"{n} ★") for n in STARS],
        words=draft.words,
        author=draft.author,
        pictures=[Option(one.file, thumbnail_url(one.file) or "") for one in draft.pictures],
        film=str(draft.video_id or ""),
        licence=draft.licence or NO_LICENCE,
        licences=[Option(scope.value, ctx.words(words)) for scope, words in LICENCE_WORDS.items()],
        max_pictures=MAX_PICTURES,
        max_characters=MAX_WORDS_CHARACTERS,
        errors=ctx.field_errors(error),
        problem=ctx.problem(error),
    )
    return ctx.page(page, status=status_of(error, in_form=True))


async def _card(conn: Connection, ctx: ShopContext, product_id: UUID) -> ProductCard:
    cards = await ctx.services.storefront.cards(conn, [product_id], ctx.lang)
    if product_id not in cards:
        raise NotFound(NOT_ON_SALE)
    return cards[product_id]


async def _product_url(ctx: ShopContext, product_id: UUID) -> str:
    async with ctx.services.db.read() as conn:
        card = await _card(conn, ctx, product_id)
    return links.product_url(card.merchant_slug, card.slug)


@post("/review/{product_id:uuid}/withdraw", include_in_schema=False, status_code=303)
async def withdraw(ctx: ShopContext, product_id: UUID, data: FormData) -> Redirect:
    member = signed_in(ctx, actions.SIGN_IN)
    async with ctx.services.db.transaction() as conn:
        await actions.withdraw(conn, member.id, product_id)
    ctx.flash(Flash(ctx.words(N_("Your review is not shown any more."))))
    return see_other("/me")


@post("/review/{product_id:uuid}/withdraw-pictures", include_in_schema=False, status_code=303)
async def withdraw_pictures(ctx: ShopContext, product_id: UUID, data: FormData) -> Redirect:
    """From wherever they are shown."""
    member = signed_in(ctx, actions.SIGN_IN)
    async with ctx.services.db.transaction() as conn:
        await actions.withdraw_pictures(conn, member.id, product_id, now())
    ctx.flash(Flash(ctx.words(N_("Your pictures and your video are not shown any more."))))
    return see_other(write_url(product_id))


@post("/reviews/{review_id:uuid}/{what:str}", include_in_schema=False, status_code=303)
async def vote(ctx: ShopContext, review_id: UUID, what: str, data: FormData) -> Redirect:
    """`what`: helpful, or unhelpful to take it back."""
    member = signed_in(ctx, N_("Sign in to say what helped you."))
    change = existing({"helpful": actions.vote, "unhelpful": actions.unvote}.get(what), actions.NO_SUCH_REVIEW)
    await count_attempt(ctx.services.db, voting_limits(member.id), now(), TOO_MANY_VOTES)
    async with ctx.services.db.transaction() as conn:
        await change(conn, member.id, review_id)
    return see_other(own_path(data.get("next", "/")))


HANDLERS: list[Any] = [reviews_page, write_page, write, add_film, withdraw, withdraw_pictures, vote]
