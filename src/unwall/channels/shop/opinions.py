"""Reviews of and questions on a product, as the shop's templates show them. Pure."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from unwall.catalogue.values import Product
from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import picture_url, thumbnail_url
from unwall.channels.http.videos import VideoView, video_shape, video_view
from unwall.channels.shop import links
from unwall.content.questions.values import Question
from unwall.content.reviews.values import Rating, Review
from unwall.insight.pages.storefront_cache import Opinions
from unwall.kernel.text import N_, gettext, ngettext
from unwall.media.values import Video


class ReviewPictureView(msgspec.Struct, frozen=True):
    src: str
    url: str
    """of the whole picture"""


class ReviewView(msgspec.Struct, frozen=True):
    id: str
    author: str
    stars: int
    words: str
    said: str
    """when"""
    pictures: list[ReviewPictureView]
    video: VideoView | None
    video_shape: str
    answer: str
    answered: str
    """when"""
    helpful: str
    voted: bool
    warned: bool
    """moderators warn of it"""


class AnswerView(msgspec.Struct, frozen=True):
    id: str
    author: str
    words: str
    by_merchant: bool
    said: str
    warned: bool


class QuestionView(msgspec.Struct, frozen=True):
    id: str
    author: str
    words: str
    said: str
    warned: bool
    answers: list[AnswerView]


class StarsBar(msgspec.Struct, frozen=True):
    """How many reviews give so many stars; `share` of all in per cent."""

    stars: int
    count: str
    share: int
    url: str


class RatingView(msgspec.Struct, frozen=True):
    average: str
    stars: int
    """the average as whole stars"""
    count: str
    bars: list[StarsBar]
    """from five stars to one"""


class OpinionsView(msgspec.Struct, frozen=True):
    """What a product's page shows of its reviews and questions."""

    rating: RatingView | None
    reviews: list[ReviewView]
    questions: list[QuestionView]
    reviews_url: str
    questions_url: str
    write_url: str
    merchant_name: str


def reviews_url(product: Product) -> str:
    return f"{links.product_url(product.merchant_slug, product.slug)}/reviews"


def questions_url(product: Product) -> str:
    return f"{links.product_url(product.merchant_slug, product.slug)}/questions"


def write_url(product_id: UUID) -> str:
    return f"/review/{product_id}"


def opinions_view(product: Product, said: Opinions, lang: str) -> OpinionsView:
    return OpinionsView(
        rating=rating_view(said.rating, product, lang),
        reviews=review_views(said.reviews, said.videos, lang),
        questions=[question_view(question, lang) for question in said.questions],
        reviews_url=reviews_url(product),
        questions_url=questions_url(product),
        write_url=write_url(product.id),
        merchant_name=product.merchant_name,
    )


def rating_view(rating: Rating | None, product: Product, lang: str) -> RatingView | None:
    if rating is None or not rating.reviews:
        return None
    number = formatters(lang).number
    bars = [
        StarsBar(stars, number(count), round(100 * count / rating.reviews), f"{reviews_url(product)}?stars={stars}")
        for stars, count in reversed(list(enumerate(rating.by_stars, 1)))
    ]
    count = ngettext(lang, "{number} review", "{number} reviews", rating.reviews, number=number(rating.reviews))
    return RatingView(number(round(rating.average, 1)), round(rating.average), count, bars)


def review_views(
    reviews: Sequence[Review], videos: Mapping[UUID, Video], lang: str, voted: Collection[UUID] = ()
) -> list[ReviewView]:
    return [
        _review_view(review, videos.get(review.video_id) if review.video_id else None, lang, voted=review.id in voted)
        for review in reviews
    ]


def _review_view(review: Review, video: Video | None, lang: str, *, voted: bool) -> ReviewView:
    formatter = formatters(lang)
    film = video_view(video) if video else None
    said = formatter.ago(review.edited_at or review.created_at)
    number = formatter.number(review.helpful)
    return ReviewView(
        id=str(review.id),
        author=review.author,
        stars=review.stars,
        words=review.words,
        said=gettext(lang, N_("edited {ago}"), ago=said) if review.edited_at else said,
        pictures=[
            ReviewPictureView(thumbnail_url(one.file) or "", picture_url(one.file) or "") for one in review.pictures
        ],
        video=film,
        video_shape=video_shape(film.width, film.height) if film else "",
        answer=review.answer,
        answered=formatter.ago(review.answered_at) if review.answered_at else "",
        helpful=gettext(lang, N_("Helpful ({number})"), number=number) if review.helpful else gettext(lang, "Helpful"),
        voted=voted,
        warned=review.warned,
    )


def question_view(question: Question, lang: str) -> QuestionView:
    ago = formatters(lang).ago
    return QuestionView(
        id=str(question.id),
        author=question.author,
        words=question.words,
        said=ago(question.created_at),
        warned=question.warned,
        answers=[
            AnswerView(str(one.id), one.author, one.words, one.by_merchant, ago(one.created_at), one.warned)
            for one in question.answers
        ],
    )


def structured_data(
    product: Product, url: str, image: str | None, rating: Rating | None, reviews: Sequence[Review]
) -> Mapping[str, object]:
    """schema.org's Product with its reviews; pages put it into a block that no browser runs."""
    about: dict[str, object] = {"@context": "https://schema.org", "@type": "Product", "name": product.title, "url": url}
    if image:
        about["image"] = image
    if rating is not None and rating.reviews:
        about["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(rating.average, 2),
            "reviewCount": rating.reviews,
            "bestRating": 5,
            "worstRating": 1,
        }
        about["review"] = [_structured(review) for review in reviews]
    return about


def _structured(review: Review) -> Mapping[str, object]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": review.author},
        "datePublished": review.created_at.date().isoformat(),
        "reviewBody": review.words,
        "reviewRating": {"@type": "Rating", "ratingValue": review.stars, "bestRating": 5, "worstRating": 1},
    }
