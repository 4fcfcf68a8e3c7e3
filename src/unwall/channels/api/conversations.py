"""Messages between shoppers and stores."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.api.callers import json_answer, once
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest, origin_of
from unwall.channels.http.files import check_stored
from unwall.content.accounts.actions import NO_SUCH_ACCOUNT
from unwall.content.accounts.reads import account_by_handle
from unwall.content.conversations import actions, reads, rules
from unwall.content.conversations.values import (
    AccountConversation,
    Conversation,
    ConversationFilter,
    ConversationState,
    ConversationView,
    Message,
    MessageDraft,
    Sent,
    Writer,
)
from unwall.content.moderation.reads import visibilities
from unwall.content.moderation.values import SubjectKind, Visibility
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage, decode
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound, SignInNeeded, existing
from unwall.kernel.idempotency import StoredAnswer
from unwall.kernel.text import N_
from unwall.media.rules import size_of
from unwall.media.values import Image
from unwall.messages.actions import mark_subject_read
from unwall.messages.values import NotificationKind
from unwall.people.attempts import count_attempt
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services

SHOPPER, MERCHANT = ["shopper"], ["merchant"]
PAGE = 30


class ToldConversation(msgspec.Struct, frozen=True):
    """As both sides may know it: who of the store has it, and by which id the store knows the person, is not told."""

    id: UUID
    account_id: UUID
    name: str
    state: ConversationState
    excerpt: str
    waiting_since: datetime | None
    last_id: UUID
    last_at: datetime
    last_shopper_id: UUID | None
    last_staff_id: UUID | None
    shopper_read_id: UUID | None
    staff_read_id: UUID | None


class WrittenConversation(msgspec.Struct, frozen=True):
    """In the list of the shopper."""

    conversation: ToldConversation
    handle: str
    account_name: str
    avatar: str | None


class ReceivedConversation(msgspec.Struct, frozen=True):
    """In the list of the member whose accounts are written to."""

    conversation: ToldConversation
    handle: str
    account_name: str


class NewMessage(msgspec.Struct, frozen=True):
    """Words, a picture, or both."""

    body: Annotated[str, msgspec.Meta(max_length=rules.MAX_MESSAGE_CHARACTERS)] = ""
    picture: Image | None = None
    """as POST /pictures gave it"""


async def _draft(services: Services, data: NewMessage) -> MessageDraft:
    """Raises `Invalid`."""
    if data.picture is not None:
        await check_stored(services, {"picture.file": data.picture.file})
        if size_of(data.picture.file) != (data.picture.width, data.picture.height):
            raise Invalid.one("picture.file", N_("Name an uploaded picture."))
    return rules.tidy(MessageDraft("key", data.body, data.picture))


async def _without_removed(services: Services, page: ResultPage[Message]) -> ResultPage[Message]:
    """Moderators of the install decide about messages: no store's connection sees their cases."""
    async with services.db.read() as conn:
        judged = await visibilities(conn, SubjectKind.MESSAGE, [one.id for one in page.rows])
    removed = {one for one, what in judged.items() if what is Visibility.DROP}
    return ResultPage([_emptied(one) if one.id in removed else one for one in page.rows], page.after)


def _emptied(one: Message) -> Message:
    return msgspec.structs.replace(one, body="", file=None, width=None, height=None, removed=True)


# --- for shoppers' apps -----------------------------------------------------------------------------------------------


@get("/conversations", tags=SHOPPER)
async def own_conversations(
    services: Services, caller: Visit, after: str | None = None
) -> ResultPage[WrittenConversation]:
    """The caller's, the one with the newest message first."""
    async with services.db.read() as conn:
        page = await reads.own_conversations(conn, caller, caller.lang, after, PAGE)
    told = [msgspec.convert(one, WrittenConversation, from_attributes=True) for one in page.rows]
    return ResultPage(told, page.after)


@get("/conversations/{handle:str}/messages", tags=SHOPPER)
async def own_messages(services: Services, caller: Visit, handle: str, after: str | None = None) -> ResultPage[Message]:
    """Of the conversation with this account, newest first; the staff's notes are not among them. Asking for the newest
    marks them as read."""
    decode(after)  # a wrong cursor is told whether there is a conversation or not
    async with services.db.transaction() as conn:
        account = await account_by_handle(conn, handle, caller.lang)
        known = await reads.shown_conversation(conn, caller, account.id) if account else None
        if known is None:
            return ResultPage([], None)
        if not after:
            await actions.read_as_shopper(conn, caller, known.id, known.last_id)
        page = await reads.messages(conn, known.id, after, PAGE)
    return await _without_removed(services, page)


@post("/conversations/{handle:str}/messages", tags=SHOPPER, repeatable=True, responses=answers(Sent))
async def write(
    request: AnyRequest, services: Services, caller: Visit, handle: str, data: NewMessage
) -> Response[bytes]:
    """Write to an account; to a member's only as a member. Needs an Idempotency-Key."""
    draft = await _draft(services, data)

    async def work(message_id: UUID) -> StoredAnswer:
        limits = rules.writing_limits(caller.person_id, origin_of(request, services))
        await count_attempt(services.db, limits, now(), rules.TOO_MANY)
        async with services.db.transaction() as conn:
            account = await account_by_handle(conn, handle, caller.lang)
            if account is None:
                raise NotFound(NO_SUCH_ACCOUNT)
            keyed = msgspec.structs.replace(draft, key=str(message_id))
            return json_answer(await actions.write(conn, caller, "", account.id, keyed, now()), 201)

    return await once(request, services, f"visitor {caller.visitor_id}", work)


# --- what is written to a member's own accounts -----------------------------------------------------------------------


def _member_of(caller: Visit) -> UUID:
    """Raises `SignInNeeded`."""
    if caller.member_id is None:
        raise SignInNeeded(N_("Sign in to read what is written to your accounts."))
    return caller.member_id


async def _received(conn: Connection, caller: Visit, conversation_id: UUID) -> AccountConversation:
    """Raises `NotFound` where it is not with an account of the caller's."""
    return existing(
        await reads.members_conversation(conn, _member_of(caller), conversation_id), actions.NO_SUCH_CONVERSATION
    )


@get("/studio/conversations", tags=SHOPPER)
async def received_conversations(
    services: Services, caller: Visit, after: str | None = None
) -> ResultPage[ReceivedConversation]:
    """What people write to the accounts of a signed-in member, the conversation with the newest message first."""
    member_id = _member_of(caller)
    async with services.db.read() as conn:
        page = await reads.members_conversations(conn, member_id, after, PAGE)
    told = [msgspec.convert(one, ReceivedConversation, from_attributes=True) for one in page.rows]
    return ResultPage(told, page.after)


@get("/studio/conversations/{conversation_id:uuid}/messages", tags=SHOPPER)
async def received_messages(
    services: Services, caller: Visit, conversation_id: UUID, after: str | None = None
) -> ResultPage[Message]:
    """Newest first. Asking for the newest marks them as read."""
    async with services.db.transaction() as conn:
        known = (await _received(conn, caller, conversation_id)).conversation
        page = await reads.messages(conn, known.id, after, PAGE)
        if not after:
            await actions.read_as_staff(conn, known.id, known.last_id)
            await mark_subject_read(conn, caller, NotificationKind.MESSAGE, known.id, now())
    return await _without_removed(services, page)


@post("/studio/conversations/{conversation_id:uuid}/messages", tags=SHOPPER, repeatable=True, responses=answers(Sent))
async def answer_as_account(
    request: AnyRequest, services: Services, caller: Visit, conversation_id: UUID, data: NewMessage
) -> Response[bytes]:
    """Answer under the name of the account that was written to. Needs an Idempotency-Key."""
    async with services.db.read() as conn:
        known = await _received(conn, caller, conversation_id)
    draft = await _draft(services, data)

    async def work(message_id: UUID) -> StoredAnswer:
        await count_attempt(services.db, rules.answering_limits(caller.person_id), now(), rules.TOO_MANY)
        async with services.db.transaction() as conn:
            keyed = msgspec.structs.replace(draft, key=str(message_id))
            sent = await actions.answer(conn, Writer(None, known.account_name), conversation_id, keyed, now())
            return json_answer(sent, 201)

    return await once(request, services, f"visitor {caller.visitor_id}", work)


# --- for merchants' programs ------------------------------------------------------------------------------------------


@get("/conversations", scope=ApiScope.CONVERSATIONS_READ, tags=MERCHANT)
async def merchant_conversations(
    services: Services,
    key: ApiKey,
    view: ConversationView = ConversationView.OPEN,
    q: str = "",
    after: str | None = None,
) -> ResultPage[Conversation]:
    """The one with the newest message first. Nothing is `mine` for a program."""
    async with services.db.confined(key.merchant_id) as conn:
        wanted = ConversationFilter(view, key.id, q[:100])
        return await reads.merchant_conversations(conn, key.merchant_id, wanted, after, PAGE)


@get("/conversations/{conversation_id:uuid}/messages", scope=ApiScope.CONVERSATIONS_READ, tags=MERCHANT)
async def merchant_messages(
    services: Services, key: ApiKey, conversation_id: UUID, after: str | None = None
) -> ResultPage[Message]:
    """Newest first, with the staff's notes."""
    async with services.db.confined(key.merchant_id) as conn:
        if await reads.conversation(conn, conversation_id) is None:
            raise NotFound(actions.NO_SUCH_CONVERSATION)
        page = await reads.messages(conn, conversation_id, after, PAGE, notes=True)
    return await _without_removed(services, page)


@post(
    "/conversations/{conversation_id:uuid}/messages",
    scope=ApiScope.CONVERSATIONS_WRITE,
    tags=MERCHANT,
    repeatable=True,
    responses=answers(Sent),
)
async def answer(
    request: AnyRequest, services: Services, key: ApiKey, conversation_id: UUID, data: NewMessage
) -> Response[bytes]:
    """Answer a shopper, under the key's name. Needs an Idempotency-Key."""
    draft = await _draft(services, data)

    async def work(message_id: UUID) -> StoredAnswer:
        async with services.db.confined(key.merchant_id) as conn:
            keyed = msgspec.structs.replace(draft, key=str(message_id))
            sent = await actions.answer(conn, Writer(None, key.name), conversation_id, keyed, now())
            return json_answer(sent, 201)

    return await once(request, services, f"key {key.id}", work)


SHOPPER_HANDLERS: list[Any] = [
    *(own_conversations, own_messages, write),
    *(received_conversations, received_messages, answer_as_account),
]
MERCHANT_HANDLERS: list[Any] = [merchant_conversations, merchant_messages, answer]
