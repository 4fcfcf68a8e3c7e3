"""What the console says of a product, set or answer that a moderator has taken down, and appeals against it."""

import msgspec

from unwall.channels.console.context import ConsoleContext
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import case_of
from unwall.content.moderation.values import CaseState, Subject, Visibility
from unwall.kernel.text import N_


class DropState(msgspec.Struct, frozen=True):
    dropped: bool = False
    appealed: bool = False
    """An appeal waits."""


async def drop_state(ctx: ConsoleContext, subject: Subject | None) -> DropState:
    """None: what is not stored yet. The case is the install's, so the merchant's own rows do not tell."""
    if subject is None:
        return DropState()
    async with ctx.services.db.read() as conn:
        case = await case_of(conn, subject)
    if case is None or case.visibility is not Visibility.DROP:
        return DropState()
    return DropState(dropped=True, appealed=case.state is CaseState.APPEALED)


async def appeal_against(ctx: ConsoleContext, subject: Subject, words: str) -> None:
    """The caller has checked whose it is. The case is the install's moderators', who decide about it."""
    async with ctx.services.db.transaction() as conn:
        await moderation.appeal(conn, subject, ctx.actor, words, ctx.now)
    ctx.flash(ctx.words(N_("Another moderator looks at it.")))
