"""What a shopper saved and likes."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import delete, get, put
from litestar.params import Parameter

from unwall.content.posts import actions as posts
from unwall.content.saves import actions, reads
from unwall.content.saves.values import Saved, SavedKind, SavedSubject
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.people.attempts import count_act
from unwall.services import Services

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")


class Changed(msgspec.Struct, frozen=True):
    changed: bool
    """False where it was so already."""


@get("/saved/{kind:str}", tags=TAGS)
async def saved(services: Services, caller: Visit, kind: SavedKind, after: str | None = AFTER) -> ResultPage[Saved]:
    """The ids of the posts (`post`), products (`product`) or sets (`bundle`) that the shopper saved, newest first."""
    async with services.db.read() as conn:
        return await reads.saved(conn, caller.person_ids, kind, after)


@put("/saved/{kind:str}/{subject_id:uuid}", tags=TAGS)
async def save(services: Services, caller: Visit, kind: SavedKind, subject_id: UUID) -> Changed:
    """Saving twice counts once."""
    await count_act(services.db, caller, now())
    async with services.db.transaction() as conn:
        return Changed(await actions.save(conn, caller, SavedSubject(kind, subject_id), now()))


@delete("/saved/{kind:str}/{subject_id:uuid}", status_code=200, tags=TAGS)
async def unsave(services: Services, caller: Visit, kind: SavedKind, subject_id: UUID) -> Changed:
    async with services.db.transaction() as conn:
        return Changed(await actions.unsave(conn, caller, SavedSubject(kind, subject_id)))


@put("/posts/{post_id:uuid}/like", tags=TAGS)
async def like(services: Services, caller: Visit, post_id: UUID) -> Changed:
    """Liking twice counts once."""
    await count_act(services.db, caller, now())
    async with services.db.transaction() as conn:
        return Changed(await posts.like(conn, caller, post_id))


@delete("/posts/{post_id:uuid}/like", status_code=200, tags=TAGS)
async def unlike(services: Services, caller: Visit, post_id: UUID) -> Changed:
    async with services.db.transaction() as conn:
        return Changed(await posts.unlike(conn, caller, post_id))


HANDLERS: list[Any] = [saved, save, unsave, like, unlike]
