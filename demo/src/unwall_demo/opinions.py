"""What the people of the demo market say and save: reviews by those who have what they bought, questions, comments below
posts that they like, and saved posts. As in a shop: one order in twenty is reviewed, most of them well.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np

from unwall.content.reviews.rules import LICENCE_VERSION
from unwall.content.reviews.values import LicenceScope
from unwall.content.saves.values import SavedKind
from unwall.intake.dataset.records.reviews import (
    AnswerRecord,
    CommentRecord,
    QuestionRecord,
    ReviewLicenceRecord,
    ReviewPictureRecord,
    ReviewRecord,
    ReviewRequestRecord,
    ReviewVoteRecord,
    SaveRecord,
)
from unwall.intake.dataset.writer import DatasetWriter
from unwall.journal.values import EventKind
from unwall.kernel.files import key_for
from unwall.kernel.ids import derived_id, id_at
from unwall_demo.artwork import picture
from unwall_demo.happenings import KINDS, Happenings
from unwall_demo.opinion_words import ASKED, BLAME, COMMENTS, MIXED, PRAISE, REPLIES, SORRY, THANKS
from unwall_demo.records import Papers
from unwall_demo.registry import known, time_of, times
from unwall_demo.stage import Ints
from unwall_demo.warehouse import line_numbers

REVIEWED = 0.25
"""Of the members' orders that were handed over: with those of guests and of the counter, one order in twenty."""
PICTURED = 0.12
"""Of the reviews."""
STARS, SHARES = (5, 4, 3, 2, 1), (0.62, 0.2, 0.08, 0.04, 0.06)
ASKED_DAYS = 30
"""Buyers of longer ago are not asked any more."""
DAY, HOUR = 86_400_000, 3_600_000
PICTURE_SIDE = 800


class Reviewed(NamedTuple):
    """A line of an order that is reviewed."""

    person: int
    order: int
    line: int
    product: int
    at: int
    """when the review was written"""


def tell(papers: Papers, columns: dict[str, Ints], happenings: Happenings) -> None:
    """Some of those who like a post save it too, fewer comment on it. `columns` are the events so far."""
    which = columns["kind"] == KINDS.index(EventKind.LIKE)
    liked = {name: column[which] for name, column in columns.items()}
    first = np.sort(np.unique(liked["post"] * papers.crowd.size + liked["person"], return_index=True)[1])
    liked = {name: column[first] for name, column in liked.items()}
    members = liked["person"] < papers.crowd.members
    for kind, chosen, later in (
        (EventKind.SAVE, np.arange(len(first)) % 5 == 0, 9_000),
        (EventKind.COMMENT, members & (np.arange(len(first)) % 11 == 3), 45_000),
    ):
        here = {name: column[chosen] for name, column in liked.items() if name not in {"at", "kind"}}
        happenings.add(kind, liked["at"][chosen] + later, **here)


def write(writer: DatasetWriter, papers: Papers, columns: dict[str, Ints], rng: np.random.Generator) -> None:
    chosen = list(_chosen(papers, rng))
    stars = rng.choice(STARS, size=len(chosen), p=SHARES).tolist()
    reviews = [_review(papers, one, given, rng) for one, given in zip(chosen, stars, strict=True)]
    pictures = _drawn(writer, papers, chosen, reviews, rng)
    writer.write("reviews", reviews)
    writer.write("review_pictures", pictures)
    writer.write("review_licences", _licences(reviews, pictures))
    writer.write("review_votes", _votes(papers, reviews, rng))
    writer.write("review_requests", _requests(papers))
    questions = list(_questions(papers, rng))
    writer.write("questions", questions)
    writer.write("answers", _answers(papers, questions, chosen, rng))
    comments = _comments(papers, columns, rng)
    writer.write("comments", comments)
    writer.write("saves", _saves(papers, columns))


def _one_of(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


# --- reviews ----------------------------------------------------------------------------------------------------------


def _chosen(papers: Papers, rng: np.random.Generator) -> Iterator[Reviewed]:
    """Of orders that left and did not come back, of members: one line each, a product once a member."""
    lines, orders, now = papers.orders.lines, papers.orders, papers.stage.now
    seen: set[tuple[int, int]] = set()
    wants = rng.random(len(orders.placed)) < REVIEWED
    columns = (
        lines.order.tolist(),
        lines.variant.tolist(),
        line_numbers(lines.order).tolist(),
        papers.returned.tolist(),
    )
    for order, variant, line, back in zip(*columns, strict=True):
        person, product = int(orders.person[order]), int(papers.stage.variant_product[variant])
        left = int(papers.deliveries.left[order])
        at = left + int(rng.integers(1 * DAY, 9 * DAY)) if wants[order] else now + 1
        if at > now or person >= papers.crowd.members or back <= now or (person, product) in seen:
            continue
        wants[order] = False
        seen.add((person, product))
        yield Reviewed(person, order, line, product, at)


def _review(papers: Papers, one: Reviewed, stars: int, rng: np.random.Generator) -> ReviewRecord:
    registry, now = papers.registry, papers.stage.now
    words = _one_of(PRAISE if stars > 3 else MIXED if stars == 3 else BLAME, rng)
    answered = rng.random() < (0.3 if stars > 3 else 0.85)
    at = one.at + int(rng.integers(2 * HOUR, 40 * HOUR))
    answers = answered and at < now
    owner = papers.stage.owner[one.product]
    return ReviewRecord(
        id=id_at(time_of(one.at), int(rng.integers(1 << 62))),
        merchant_id=known(registry.merchants[owner]),
        product_id=known(registry.products[one.product]),
        member_id=known(registry.members[one.person]),
        order_id=known(registry.orders[one.order]),
        order_line=one.line,
        author=_author(papers, one.person),
        stars=stars,
        words=words,
        answer=_one_of(THANKS if stars > 3 else SORRY, rng) if answers else "",
        answered_by=f"staff:owner@{papers.stage.market.merchants[owner].slug}.example" if answers else "",
        answered_at=time_of(at) if answers else None,
        created_at=time_of(one.at),
    )


def _author(papers: Papers, person: int) -> str:
    """The given name and the first letter of the other."""
    first, _, last = papers.names[person].partition(" ")
    return f"{first} {last[:1]}." if last else first


def _drawn(
    writer: DatasetWriter,
    papers: Papers,
    chosen: Sequence[Reviewed],
    reviews: Sequence[ReviewRecord],
    rng: np.random.Generator,
) -> list[ReviewPictureRecord]:
    """The goods as their buyers took them: drawn anew."""
    pictures = []
    for one, review in zip(chosen, reviews, strict=True):
        images = papers.stage.market.products[one.product].images
        if review.stars < 4 or not images or rng.random() > PICTURED:
            continue
        art = msgspec.structs.replace(images[0].art, seed=images[0].art.seed + 7_000 + one.person)
        data = picture(art).encode()
        key = key_for(data, ".svg")
        writer.put_media(key, data)
        size = {"width": PICTURE_SIDE, "height": PICTURE_SIDE * 5 // 4}
        pictures.append(
            ReviewPictureRecord(review_id=review.id, position=0, merchant_id=review.merchant_id, file=key, **size)
        )
    return pictures


def _licences(
    reviews: Sequence[ReviewRecord], pictures: Sequence[ReviewPictureRecord]
) -> Iterator[ReviewLicenceRecord]:
    by_id = {review.id: review for review in reviews}
    for n, one in enumerate(pictures):
        review = by_id[one.review_id]
        yield ReviewLicenceRecord(
            review_id=review.id,
            granted_at=review.created_at,
            merchant_id=review.merchant_id,
            member_id=review.member_id,
            scope=LicenceScope.MARKETING if n % 2 else LicenceScope.SHOP,
            text_version=LICENCE_VERSION,
        )


def _votes(papers: Papers, reviews: Sequence[ReviewRecord], rng: np.random.Generator) -> Iterator[ReviewVoteRecord]:
    for review in reviews:
        count = int(rng.geometric(0.55)) - 1
        for voter in sorted({int(n) for n in rng.integers(papers.crowd.members, size=count)}):
            member_id = known(papers.registry.members[voter])
            if member_id != review.member_id:
                yield ReviewVoteRecord(
                    review_id=review.id,
                    member_id=member_id,
                    merchant_id=review.merchant_id,
                    created_at=review.created_at,
                )


def _requests(papers: Papers) -> Iterator[ReviewRequestRecord]:
    """Two days after the goods left; those of longer ago were asked and forgot it."""
    registry, orders, now = papers.registry, papers.orders, papers.stage.now
    for n, left in enumerate(papers.deliveries.left.tolist()):
        due = left + 2 * DAY
        if now - ASKED_DAYS * DAY < due <= now:
            person = int(orders.person[n])
            yield ReviewRequestRecord(
                order_id=known(registry.orders[n]),
                merchant_id=known(registry.merchants[orders.merchant[n]]),
                person_id=registry.members[person] or known(registry.visitors[person]),
                due_at=time_of(due),
                asked_at=time_of(due),
            )


# --- questions --------------------------------------------------------------------------------------------------------


def _questions(papers: Papers, rng: np.random.Generator) -> Iterator[QuestionRecord]:
    """On every third product or so."""
    registry, now = papers.registry, papers.stage.now
    for product, owner in enumerate(papers.stage.owner.tolist()):
        if rng.random() > 0.35:
            continue
        at, person = now - int(rng.integers(60 * DAY)), int(rng.integers(papers.crowd.members))
        yield QuestionRecord(
            id=id_at(time_of(at), int(rng.integers(1 << 62))),
            merchant_id=known(registry.merchants[owner]),
            product_id=known(registry.products[product]),
            member_id=known(registry.members[person]),
            author=_author(papers, person),
            words=_one_of([asked for asked, _, _ in ASKED], rng),
            created_at=time_of(at),
        )


def _answers(
    papers: Papers, questions: Sequence[QuestionRecord], chosen: Sequence[Reviewed], rng: np.random.Generator
) -> Iterator[AnswerRecord]:
    """Of the store, and of somebody who reviewed the product."""
    replies = {asked: (store, buyer) for asked, store, buyer in ASKED}
    buyers = {known(papers.registry.products[one.product]): one.person for one in chosen}
    names = {
        known(known_id): m.name
        for known_id, m in zip(papers.registry.merchants[:-1], papers.stage.market.merchants, strict=True)
    }
    now = time_of(papers.stage.now)
    for question in questions:
        store, buyer = replies[question.words]
        answer = _answer(question, now)
        if rng.random() < 0.85:
            yield from answer(None, names[question.merchant_id], store, 5)
        person = buyers.get(question.product_id)
        if person is not None and rng.random() < 0.6:
            yield from answer(known(papers.registry.members[person]), _author(papers, person), buyer, 20)


def _answer(question: QuestionRecord, now: datetime) -> Callable[[UUID | None, str, str, int], Iterator[AnswerRecord]]:
    def answer(member_id: UUID | None, author: str, words: str, hours: int) -> Iterator[AnswerRecord]:
        at = question.created_at + timedelta(hours=hours)
        if at < now:
            yield AnswerRecord(
                id=derived_id(question.id, "answer", member_id),
                question_id=question.id,
                merchant_id=question.merchant_id,
                member_id=member_id,
                author=author,
                words=words,
                created_at=at,
            )

    return answer


# --- comments and saves, as the journal tells them --------------------------------------------------------------------


def _told(columns: dict[str, Ints], kind: EventKind) -> Iterator[tuple[int, int, datetime]]:
    """(post, person, when), in order of time."""
    which = columns["kind"] == KINDS.index(kind)
    return zip(
        columns["post"][which].tolist(), columns["person"][which].tolist(), times(columns["at"][which]), strict=True
    )


def _comments(papers: Papers, columns: dict[str, Ints], rng: np.random.Generator) -> list[CommentRecord]:
    """Every fourth is a reply to the first comment of its post."""
    registry, comments = papers.registry, list[CommentRecord]()
    first: dict[int, UUID] = {}
    for n, (post, person, at) in enumerate(_told(columns, EventKind.COMMENT)):
        comment_id, parent = id_at(at, int(rng.integers(1 << 62))), first.get(post) if n % 4 == 0 else None
        comments.append(
            CommentRecord(
                id=comment_id,
                merchant_id=known(registry.merchants[papers.stage.post_owner[post]]),
                post_id=known(registry.posts[post]),
                parent_id=parent,
                member_id=known(registry.members[person]),
                author=_author(papers, person),
                words=_one_of(REPLIES if parent else COMMENTS, rng),
                created_at=at,
            )
        )
        if parent is None:
            first.setdefault(post, comment_id)
    return comments


def _saves(papers: Papers, columns: dict[str, Ints]) -> Iterator[SaveRecord]:
    registry = papers.registry
    for n, (post, person, at) in enumerate(_told(columns, EventKind.SAVE)):
        yield SaveRecord(
            person_id=registry.members[person] or known(registry.visitors[person]),
            kind=SavedKind.POST,
            subject_id=known(registry.posts[post]),
            entry=id_at(at, n),
            merchant_id=known(registry.merchants[papers.stage.post_owner[post]]),
            created_at=at,
        )
