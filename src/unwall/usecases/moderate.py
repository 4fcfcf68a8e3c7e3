"""Report subjects and decide about them. A decision about a post changes the post in the same transaction; other
subjects are filtered by the view `moderated` when they are read."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from unwall.catalogue.off_sale import (
    put_back_on_sale,
    put_bundle_back_on_sale,
    take_bundle_off_sale,
    take_off_sale,
)
from unwall.content.comments import actions as comments
from unwall.content.conversations import actions as conversations
from unwall.content.conversations.reads import message_files
from unwall.content.moderation import actions
from unwall.content.moderation.reads import cases_about
from unwall.content.moderation.rules import may_block, may_judge
from unwall.content.moderation.values import (
    Action,
    ChangedSinceSeen,
    Decided,
    Moderator,
    ReportDraft,
    Reported,
    Subject,
    SubjectKind,
    Verdict,
    Visibility,
)
from unwall.content.posts.locks import lock
from unwall.content.posts.reads import last_edits, posts_in_any_state
from unwall.content.posts.review import follow_decision
from unwall.content.questions import actions as questions
from unwall.content.reviews import actions as reviews
from unwall.content.reviews.reads import media_of, picture_files
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.text import N_, SOURCE
from unwall.media import blocked as media
from unwall.media.video_rules import BLOCKED

NEVER_EDITED = UUID(int=0)
WITH_MEDIA = frozenset({SubjectKind.POST, SubjectKind.REVIEW, SubjectKind.MESSAGE})
"""What has pictures and videos that can be blocked."""


def moderating(db: Database, moderator: Moderator) -> AbstractAsyncContextManager[Transaction]:
    """Confined to the moderator's merchant, unless they also decide about what belongs to none: then
    `rules.may_judge` is the only guard."""
    if moderator.merchant_id and not moderator.install and not moderator.operator:
        return db.confined(moderator.merchant_id)
    return db.transaction()


async def report(db: Database, visit: Visit, reported: Reported, draft: ReportDraft, at: datetime) -> None:
    """Raises `Invalid`, `TooMany`."""
    async with db.transaction() as conn:
        led_to = await actions.report(conn, visit, reported, draft, at)
        await _follow(conn, [led_to] if led_to else [], actions.AUTOMATIC, at)


async def decide(
    db: Database,
    moderator: Moderator,
    case_ids: Collection[UUID],
    verdict: Verdict,
    at: datetime,
    *,
    seen: Collection[UUID] = (),
) -> list[Decided]:
    """`seen`: the last edits of posts (`versions_of`) as the moderator saw them, where that is known. Raises the errors
    of `content.moderation.actions.decide`, and `ChangedSinceSeen`; and then nothing is decided."""
    async with moderating(db, moderator) as conn:
        decided = await actions.decide(conn, moderator, case_ids, verdict, at)
        if seen:
            await _check_seen(conn, decided, seen)
        await _follow(conn, decided, moderator.name, at)
        for one in decided if may_block(moderator) else ():
            await _block(conn, one, verdict.action, moderator.name)
    return decided


async def versions_of(conn: Connection, subjects: Collection[Subject]) -> dict[UUID, UUID]:
    """By which it is known whether a post is still what somebody saw, by its id."""
    post_ids = [subject.id for subject in subjects if subject.kind is SubjectKind.POST]
    edits = await last_edits(conn, post_ids) if post_ids else {}
    return {post_id: edits.get(post_id, NEVER_EDITED) for post_id in post_ids}


async def _check_seen(conn: Transaction, decided: Collection[Decided], seen: Collection[UUID]) -> None:
    """Its author may change a post while a moderator reads it. Whoever changes one has locked it."""
    await lock(conn, [one.subject.id for one in decided if one.subject.kind is SubjectKind.POST])
    versions = await versions_of(conn, [one.subject for one in decided])
    if not set(seen).issuperset(versions.values()):
        raise ChangedSinceSeen(N_("This was changed while you read it. Look at it again, then decide."))


async def sees_blocked(db: Database, moderator: Moderator, digest: bytes) -> bool:
    """Whether they may still see a blocked file: who may block, and who decides about a subject that it is part of."""
    if may_block(moderator):
        return True
    async with db.read() as conn:
        cases = await cases_about(conn, await media.subjects_of(conn, digest))
    return any(may_judge(moderator, case) for case in cases)


async def _follow(conn: Transaction, decided: Collection[Decided], by: str, at: datetime) -> None:
    """In the order of their ids, as posts are locked."""
    posts = sorted(one.subject.id for one in decided if one.subject.kind is SubjectKind.POST)
    for post_id in posts:
        await follow_decision(conn, post_id, by, at)
    for one in sorted(decided, key=lambda one: one.subject.id.int):
        change = _CHANGES.get((one.subject.kind, one.visibility is Visibility.DROP))
        if change is not None:
            await change(conn, one.subject.id)
        back = _BACK_ON_SALE.get(one.subject.kind)
        if back is not None and one.before is Visibility.DROP is not one.visibility:
            await back(conn, one.subject.id)


async def _block(conn: Transaction, decided: Decided, action: Action, by: str) -> None:
    """What is shown again may be sent again."""
    if action is Action.BLOCK:
        for key in await _media_of(conn, decided.subject):
            await media.block(conn, decided.subject.id, key, BLOCKED, by)
    elif decided.before is Visibility.DROP and decided.visibility is not Visibility.DROP:
        await media.unblock(conn, decided.subject.id)


async def pictures_of(conn: Connection, subject: Subject) -> list[str]:
    """The keys of the pictures of a review or message, whatever its state is; none of other subjects."""
    if subject.kind is SubjectKind.REVIEW:
        return await picture_files(conn, subject.id)
    return await message_files(conn, subject.id) if subject.kind is SubjectKind.MESSAGE else []


async def _media_of(conn: Connection, subject: Subject) -> list[str]:
    """The keys of its pictures, and the ids of its videos."""
    if subject.kind is SubjectKind.REVIEW:
        return await media_of(conn, subject.id)
    if subject.kind is not SubjectKind.POST:
        return await pictures_of(conn, subject)
    by_id = await posts_in_any_state(conn, [subject.id], SOURCE.code)
    shown = [one for post in by_id.values() for one in post.media]
    return [str(one.video_id) if one.video_id else one.file for one in shown]


_BACK_ON_SALE = {SubjectKind.PRODUCT: put_back_on_sale, SubjectKind.BUNDLE: put_bundle_back_on_sale}
"""Only what was taken off sale before: another decision does not put on sale what its merchant has archived."""
_CHANGES = {
    (SubjectKind.PRODUCT, True): take_off_sale,
    (SubjectKind.BUNDLE, True): take_bundle_off_sale,
    (SubjectKind.REVIEW, True): reviews.drop,
    (SubjectKind.REVIEW, False): reviews.restore,
    (SubjectKind.QUESTION, True): questions.drop,
    (SubjectKind.QUESTION, False): questions.restore,
    (SubjectKind.ANSWER, True): questions.drop_answer,
    (SubjectKind.ANSWER, False): questions.restore_answer,
    (SubjectKind.COMMENT, True): comments.drop,
    (SubjectKind.COMMENT, False): comments.restore,
    (SubjectKind.MESSAGE, True): conversations.hide_excerpt,
    (SubjectKind.MESSAGE, False): conversations.show_excerpt,
}
"""What a decision changes, by the kind of subject and whether it is dropped (it is then no longer counted)."""
