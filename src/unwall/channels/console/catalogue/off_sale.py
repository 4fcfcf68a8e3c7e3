"""What the editors of products and sets say of a moderator's having taken one off sale, and appeals against it."""

import msgspec

from unwall.channels.console.context import ConsoleContext
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import case_of
from unwall.content.moderation.values import CaseState, Subject, Visibility
from unwall.kernel.text import N_


class OffSale(msgspec.Struct, frozen=True):
    dropped: bool = False
    appealed: bool = False
    """An appeal waits."""


async def off_sale_of(ctx: ConsoleContext, subject: Subject | None) -> OffSale:
    """None: what is not stored yet. The case is the install's, so the merchant's own rows do not tell."""
    if subject is None:
        return OffSale()
    async with ctx.services.db.read() as conn:
        case = await case_of(conn, subject)
    if case is None or case.visibility is not Visibility.DROP:
        return OffSale()
    return OffSale(dropped=True, appealed=case.state is CaseState.APPEALED)


async def appeal_against(ctx: ConsoleContext, subject: Subject, words: str) -> None:
    """The caller has checked whose it is. The case is the install's moderators', who decide about it."""
    async with ctx.services.db.transaction() as conn:
        await moderation.appeal(conn, subject, ctx.actor, words, ctx.now)
    ctx.flash(ctx.words(N_("Another moderator looks at it.")))
