"""People whom the merchant has blocked: from what they wrote, in a list, and back."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import see_other
from unwall.channels.http.routes import FormData, own_path
from unwall.content.accounts.reads import blocked_by
from unwall.content.accounts.rules import staff_actor
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.usecases.block_person import Wrote, block_author, unblock

BLOCKED = "/console/blocked"


class BlockedRow(msgspec.Struct, frozen=True):
    id: str
    name: str
    since: str


class BlockedPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/blocked.html"

    subjects: list[Tab]
    people: list[BlockedRow]


@get(BLOCKED, permission=Permission.PUBLISH, include_in_schema=False)
async def blocked(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        people = await blocked_by(conn, staff_actor(ctx.staff).owner)
    nameless = ctx.words(N_("Somebody who wrote no name"))
    rows = [BlockedRow(str(one.person_id), one.name or nameless, views.moment(ctx, one.at)) for one in people]
    return ctx.page(
        BlockedPage(title=ctx.words(N_("Blocked people")), subjects=views.said_tabs(ctx, BLOCKED), people=rows)
    )


@post(
    f"{BLOCKED}/{{kind:str}}/{{subject_id:uuid}}",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
)
async def block(ctx: ConsoleContext, kind: str, subject_id: UUID, data: FormData) -> Redirect:
    """The author of a comment, review, question or answer."""
    if kind not in set(Wrote):
        raise NotFound(N_("This is not there, or not any more."))
    person_id = await block_author(ctx.services.db, staff_actor(ctx.staff), Wrote(kind), subject_id)
    said = N_("They do not follow, comment or write to you any more, and their comments are hidden.")
    ctx.flash(ctx.words(said), f"{BLOCKED}/{person_id}/undo")
    return see_other(own_path(data.get("next", BLOCKED), BLOCKED))


@post(f"{BLOCKED}/{{person_id:uuid}}/undo", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def undo(ctx: ConsoleContext, person_id: UUID, data: FormData) -> Redirect:
    await unblock(ctx.services.db, staff_actor(ctx.staff), person_id)
    ctx.flash(ctx.words(N_("They are not blocked any more.")))
    return see_other(BLOCKED)


HANDLERS: list[Any] = [blocked, block, undo]
