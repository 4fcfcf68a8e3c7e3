"""A merchant's accounts and posts."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import Parameter

from unwall.channels.api.callers import Made, json_answer, lang, once
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.channels.http.files import check_stored
from unwall.content.accounts import reads as account_reads
from unwall.content.accounts.rules import key_actor
from unwall.content.accounts.values import Account, BlockedPerson, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts import reads as post_reads
from unwall.content.posts.scheduling import schedule as schedule_post
from unwall.content.posts.values import EditablePost, Post, PostDraft, PostFilter, PostState
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.errors import existing
from unwall.kernel.idempotency import StoredAnswer
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services
from unwall.usecases.block_person import Wrote, block_author, unblock

TAGS = ["merchant"]


@get("/accounts", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def accounts(request: AnyRequest, services: Services, key: ApiKey) -> list[Account]:
    async with services.db.confined(key.merchant_id) as conn:
        return await account_reads.own_accounts(conn, Owner(merchant_id=key.merchant_id), lang(request))


@get("/posts", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def all_posts(
    request: AnyRequest,
    services: Services,
    key: ApiKey,
    after: str | None = None,
    in_state: Annotated[PostState | None, Parameter(query="state")] = None,
) -> ResultPage[Post]:
    """In every state or in one, newest first."""
    owner = Owner(merchant_id=key.merchant_id)
    async with services.db.confined(key.merchant_id) as conn:
        return await post_reads.own_posts(conn, owner, lang(request), PostFilter(state=in_state), after=after)


@get("/posts/{post_id:uuid}", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def read_post(services: Services, key: ApiKey, post_id: UUID) -> EditablePost:
    async with services.db.confined(key.merchant_id) as conn:
        return await _own_post(conn, key, post_id)


async def _own_post(conn: Connection, key: ApiKey, post_id: UUID) -> EditablePost:
    return existing(
        await post_reads.editable_post(conn, Owner(merchant_id=key.merchant_id), post_id), "There is no such post."
    )


@post("/posts", scope=ApiScope.CONTENT_WRITE, tags=TAGS, repeatable=True, responses=answers(Made))
async def draft_post(request: AnyRequest, services: Services, key: ApiKey, data: PostDraft) -> Response[bytes]:
    """Create a draft. Needs an Idempotency-Key."""
    await check_stored(services, {f"media.{n}.file": m.file for n, m in enumerate(data.media) if m.file})

    async def work(made: UUID) -> StoredAnswer:
        async with services.db.confined(key.merchant_id) as conn:
            draft = msgspec.structs.replace(data, id=made)
            return json_answer(Made(await posts.save_draft(conn, key_actor(key), draft)), 201)

    return await once(request, services, f"key {key.id}", work)


@post("/posts/{post_id:uuid}/publish", scope=ApiScope.CONTENT_WRITE, status_code=200, tags=TAGS)
async def publish(services: Services, key: ApiKey, post_id: UUID) -> EditablePost:
    """Publishing a live post changes nothing."""
    async with services.db.confined(key.merchant_id) as conn:
        await posts.publish(conn, key_actor(key), post_id, now())
        return await _own_post(conn, key, post_id)


class ScheduleWish(msgspec.Struct, frozen=True):
    scheduled_at: Annotated[datetime, msgspec.Meta(tz=True)]
    """With its offset from UTC."""


@post("/posts/{post_id:uuid}/schedule", scope=ApiScope.CONTENT_WRITE, status_code=200, tags=TAGS)
async def schedule(services: Services, key: ApiKey, post_id: UUID, data: ScheduleWish) -> EditablePost:
    """Publish it at a time within a year; a scheduled or missed post is given a new time. More than an hour late it is
    missed, and not published by itself."""
    async with services.db.confined(key.merchant_id) as conn:
        await schedule_post(conn, key_actor(key), post_id, data.scheduled_at, now())
        return await _own_post(conn, key, post_id)


@post("/posts/{post_id:uuid}/remove", scope=ApiScope.CONTENT_WRITE, status_code=200, tags=TAGS)
async def remove(services: Services, key: ApiKey, post_id: UUID) -> EditablePost:
    async with services.db.confined(key.merchant_id) as conn:
        await posts.remove(conn, key_actor(key), post_id)
        return await _own_post(conn, key, post_id)


class Blocking(msgspec.Struct, frozen=True):
    person_id: UUID
    """To take it back by."""


@get("/blocked-people", scope=ApiScope.CONTENT_READ, tags=TAGS)
async def blocked_people(services: Services, key: ApiKey) -> list[BlockedPerson]:
    """Whom the merchant's accounts have blocked, the last first."""
    async with services.db.confined(key.merchant_id) as conn:
        return await account_reads.blocked_by(conn, Owner(merchant_id=key.merchant_id))


@put("/authors/{wrote:str}/{subject_id:uuid}/block", scope=ApiScope.CONTENT_WRITE, tags=TAGS)
async def block(services: Services, key: ApiKey, wrote: Wrote, subject_id: UUID) -> Blocking:
    """Block who wrote a comment, review or question: they do not follow, comment or write any more, and their comments
    below the merchant's posts are hidden."""
    return Blocking(await block_author(services.db, key_actor(key), wrote, subject_id))


@delete("/blocked-people/{person_id:uuid}", scope=ApiScope.CONTENT_WRITE, status_code=204, tags=TAGS)
async def unblock_person(services: Services, key: ApiKey, person_id: UUID) -> None:
    await unblock(services.db, key_actor(key), person_id)


HANDLERS: list[Any] = [
    accounts,
    all_posts,
    read_post,
    draft_post,
    publish,
    schedule,
    remove,
    blocked_people,
    block,
    unblock_person,
]
