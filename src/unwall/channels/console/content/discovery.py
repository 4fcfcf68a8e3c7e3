"""What an action is worth in discovery, as the install's moderators set it (decision 68)."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.console import views
from unwall.channels.console.content.moderation import PATH as MODERATION
from unwall.channels.console.content.moderation import moderator_of
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.versions import FIELD, LABELS, ChangedMeanwhile, check_version, version_of
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.content.discovery.reads import stored_weights
from unwall.content.discovery.rules import DWELL_SECONDS, WEIGHT_LIMITS, parse_weights, weight_of
from unwall.content.discovery.values import Weights
from unwall.content.discovery.weights import reset_weights, save_weights
from unwall.content.moderation.rules import may_block
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Forbidden, Invalid
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = f"{MODERATION}/discovery"
WRONG = N_("Write a number such as 4 or 0.5.")
MEANINGS = {
    "open": N_("Opening the post"),
    "dwell": N_("Looking at it for {seconds} seconds", seconds=DWELL_SECONDS),
    **{name: LABELS[name] for name in ("like", "save", "share", "click", "add", "order", "hide", "report")},
}


class WeightField(msgspec.Struct, frozen=True):
    name: str
    label: str
    value: str
    least: str
    most: str
    default: str


class WeightsPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/discovery.html"

    path: str
    moderation_url: str
    weights: list[WeightField]
    errors: FieldTexts
    last_change: str | None
    """who changed them last, and when"""


def _check(ctx: ConsoleContext) -> None:
    """Raises `Forbidden` for moderators of one store: the weights hold for the whole install."""
    if not may_block(moderator_of(ctx)):
        raise Forbidden(N_("The moderators of this install set the weights."))


def _defaults(ctx: ConsoleContext) -> Weights:
    return parse_weights(ctx.services.settings.discovery_weights)


@get(PATH, permission=Permission.MODERATE, include_in_schema=False)
async def weights(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx)


@post(PATH, permission=Permission.MODERATE, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    _check(ctx)
    form = SubmittedForm(data, [])
    try:
        wanted = Weights(**{name: form.read(name, weight_of, 0.0, WRONG) for name in MEANINGS})
        form.check()
        async with ctx.services.db.transaction() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            check_version(form.text(FIELD), await _current(conn, ctx), wanted)
            await save_weights(conn, wanted, ctx.actor, ctx.now)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, form, error)
    ctx.flash(ctx.words(N_("Saved. All pages rank by it within a minute.")))
    return see_other(PATH)


async def _current(conn: Connection, ctx: ConsoleContext) -> Weights:
    stored = await stored_weights(conn)
    return stored.weights if stored else _defaults(ctx)


@post(f"{PATH}/reset", permission=Permission.MODERATE, include_in_schema=False, status_code=303)
async def reset(ctx: ConsoleContext, data: FormData) -> Redirect:
    """To those that the install was started with. Undone by sending what they were before."""
    _check(ctx)
    async with ctx.services.db.transaction() as conn:
        before = await _current(conn, ctx)
        await reset_weights(conn)
    undo = {name: f"{getattr(before, name):g}" for name in MEANINGS} | {FIELD: version_of(_defaults(ctx))}
    ctx.flash(ctx.words(N_("The weights are those of the start again.")), PATH, undo)
    return see_other(PATH)


async def _page(
    ctx: ConsoleContext, form: SubmittedForm | None = None, error: Invalid | ChangedMeanwhile | None = None
) -> Response[str]:
    _check(ctx)
    async with ctx.services.db.read() as conn:
        stored = await stored_weights(conn)
    defaults = _defaults(ctx)
    current = stored.weights if stored else defaults
    return ctx.page(
        WeightsPage(
            title=ctx.words(N_("What discovery ranks by")),
            version=form.text(FIELD) if form else version_of(current),
            path=PATH,
            moderation_url=MODERATION,
            weights=[
                WeightField(
                    name=name,
                    label=ctx.words(meaning),
                    value=form.text(name) if form else f"{getattr(current, name):g}",
                    least=str(WEIGHT_LIMITS[name][0]),
                    most=str(WEIGHT_LIMITS[name][1]),
                    default=f"{getattr(defaults, name):g}",
                )
                for name, meaning in MEANINGS.items()
            ],
            errors=ctx.field_errors(error),
            last_change=f"{stored.changed_by} · {views.moment(ctx, stored.changed_at)}" if stored else None,
        ),
        error=error,
    )


HANDLERS: list[Any] = [weights, save, reset]
