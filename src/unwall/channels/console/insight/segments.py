"""Segments: the list with suggestions, the editor with its live count, versions, and members as a file."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Stream

from unwall.catalogue import merchant_reads
from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm, number_of
from unwall.channels.console.insight import segment_forms as forms
from unwall.channels.console.insight.segment_views import SegmentPart, SuggestedView, editor_tree, suggested_view
from unwall.channels.console.insight.segment_words import SegmentNames, names_for, sentence
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.insight.segments import actions, reads
from unwall.insight.segments.counting import Stopped
from unwall.insight.segments.live import CountAsked, NoProfiles
from unwall.insight.segments.rules import MAX_NAME_CHARACTERS, check_definition, walk
from unwall.insight.segments.suggestions import Suggestion
from unwall.insight.segments.values import AllOf, Definition, Did, Everyone, Segment, SegmentDraft, SegmentVersion
from unwall.kernel.database import Connection, Transaction, lock_subject
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.rules import permit
from unwall.people.values import Permission

PATH = "/console/segments"
CHANGES = {"add", "group", "drop", "count"}
"""What a button does with the form; every other saves."""
SHOWN = {"": N_("In use"), "archived": N_("Archived")}


class SegmentLine(msgspec.Struct, frozen=True):
    name: str
    url: str
    sentence: str
    people: str
    changed: str


class SegmentsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/segments.html"

    rows: list[SegmentLine]
    tabs: list[Tab]
    archived: bool
    suggested: list[SuggestedView]


@get(PATH, permission=Permission.SEGMENTS, include_in_schema=False)
async def segments(ctx: ConsoleContext) -> Response[str]:
    archived = ctx.query.get("show") == "archived"
    suggested = [] if archived else await ctx.services.segments.suggestions(_asked(ctx))
    async with ctx.confined() as conn:
        rows = await reads.segments(conn, ctx.merchant_id, archived=archived)
        named = [*(one.definition for one in rows), *(one.definition for one in suggested)]
        names = await names_for(conn, ctx, named)
    return ctx.page(
        SegmentsPage(
            title=ctx.words(N_("Segments")),
            rows=[_line(ctx, one, names) for one in rows],
            tabs=listing.filter_tabs(ctx, PATH, "show", SHOWN.items()),
            archived=archived,
            suggested=[suggested_view(ctx, n, one, names, PATH) for n, one in enumerate(suggested)],
        )
    )


def _line(ctx: ConsoleContext, one: Segment, names: SegmentNames) -> SegmentLine:
    people = "–" if one.people is None else views.number(ctx, one.people)
    changed = views.moment(ctx, one.changed_at)
    return SegmentLine(one.name, f"{PATH}/{one.id}", sentence(ctx, one.definition, names), people, changed)


def _asked(ctx: ConsoleContext) -> CountAsked:
    return CountAsked(ctx.merchant_id, ctx.merchant.timezone, ctx.staff.id, ctx.now)


# --- the editor -------------------------------------------------------------------------------------------------------


class VersionLine(msgspec.Struct, frozen=True):
    number: int
    name: str
    sentence: str
    state: str
    who: str
    at: str


class SegmentPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/segment.html"

    action: str
    name: str
    max_name_characters: int
    root: SegmentPart
    errors: FieldTexts
    sentence: str
    people: str
    known: bool
    archived: bool
    versions: list[VersionLine]
    may_export: bool


class _Shown(msgspec.Struct, frozen=True):
    """What an editor's page is made from: a stored segment (None of a new one), and the form's fields."""

    id: UUID
    stored: Segment | None
    fields: Mapping[str, str]
    error: Invalid | ChangedMeanwhile | None = None


@get(f"{PATH}/new", permission=Permission.SEGMENTS, include_in_schema=False)
async def new_segment(ctx: ConsoleContext) -> Response[str]:
    """`suggested` is the number of a suggestion, with which it begins."""
    number = number_of(ctx.query.get("suggested", ""))
    suggested: Sequence[Suggestion] = []
    if number >= 0:
        suggested = await ctx.services.segments.suggestions(_asked(ctx))
    start = suggested[number] if 0 <= number < len(suggested) else None
    definition = start.definition if start else AllOf(())
    async with ctx.confined() as conn:
        fields = await _fields(conn, ctx, definition)
        if start:
            names = await names_for(conn, ctx, [start.definition])
            fields["name"] = suggested_view(ctx, number, start, names, PATH).title[:MAX_NAME_CHARACTERS]
    return await _page(ctx, _Shown(new_id(), None, fields))


@get(f"{PATH}/{{segment_id:uuid}}", permission=Permission.SEGMENTS, include_in_schema=False)
async def segment(ctx: ConsoleContext, segment_id: UUID) -> Response[str]:
    async with ctx.confined() as conn:
        stored = await _stored(conn, ctx, segment_id)
        fields = await _fields(conn, ctx, stored.definition) | {"name": stored.name}
    return await _page(ctx, _Shown(segment_id, stored, fields))


async def _stored(conn: Connection, ctx: ConsoleContext, segment_id: UUID) -> Segment:
    stored = await reads.segment(conn, ctx.merchant_id, segment_id)
    if stored is None:
        raise NotFound(actions.NO_SUCH)
    return stored


async def _fields(conn: Connection, ctx: ConsoleContext, definition: Definition) -> dict[str, str]:
    products = [part.product_id for _, part in walk(definition) if isinstance(part, Did) and part.product_id]
    slugs = await merchant_reads.product_slugs(conn, ctx.merchant_id, products)
    return forms.fields_of(definition, ctx.merchant.currency, slugs)


async def _read(conn: Connection, ctx: ConsoleContext, form: SubmittedForm) -> forms.ReadDefinition:
    products = await merchant_reads.products_by_slug(conn, ctx.merchant_id, forms.product_slugs(form))
    return forms.read_definition(form, forms.FormFacts(ctx.merchant.currency, products))


async def _page(ctx: ConsoleContext, shown: _Shown) -> Response[str]:
    form, stored = SubmittedForm(shown.fields, []), shown.stored
    async with ctx.confined() as conn:
        definition = (await _read(conn, ctx, form)).definition
        versions = await reads.versions(conn, ctx.merchant_id, shown.id) if stored else []
        names = await names_for(conn, ctx, [definition, *(one.definition for one in versions)])
    kept = {"name": stored.name, "definition": stored.definition} if stored else None
    return ctx.page(
        SegmentPage(
            title=shown.fields.get("name") or ctx.words(N_("New segment")),
            version=shown.fields.get(FIELD) or (version_of(kept) if kept else ""),
            action=f"{PATH}/{shown.id}",
            name=shown.fields.get("name", ""),
            max_name_characters=MAX_NAME_CHARACTERS,
            root=editor_tree(ctx, form, names, ctx.field_errors(shown.error)),
            errors=ctx.field_errors(shown.error),
            sentence=sentence(ctx, definition, names),
            people=await _people(ctx, definition),
            known=stored is not None,
            archived=bool(stored and stored.archived),
            versions=[_version(ctx, one, names) for one in versions],
            may_export=ctx.may(Permission.ORDERS),
        ),
        error=shown.error,
    )


async def _people(ctx: ConsoleContext, definition: Definition) -> str:
    """In words. Raises `Stopped`."""
    try:
        check_definition(definition)
    except Invalid:
        if definition != AllOf(()):
            return ctx.words(N_("Complete the conditions to see how many people they hold for."))
        definition = Everyone()
    try:
        count = await ctx.services.segments.count(_asked(ctx), definition)
    except NoProfiles:
        return ctx.words(N_("People are counted once their profiles are computed, each night."))
    return ctx.count("1 person", "{n} people", count)


def _version(ctx: ConsoleContext, one: SegmentVersion, names: SegmentNames) -> VersionLine:
    state = ctx.words(SHOWN["archived"]) if one.archived else ""
    who, at = views.actor(ctx, one.saved_by), views.moment(ctx, one.saved_at)
    return VersionLine(one.version, one.name, sentence(ctx, one.definition, names), state, who, at)


@post(f"{PATH}/{{segment_id:uuid}}", permission=Permission.SEGMENTS, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, segment_id: UUID, data: FormData) -> Response[Any]:
    """Every button sends the whole form; only saving changes anything but the page."""
    doing, _, which = data.get("do", "").partition(":")
    if doing in CHANGES:
        fields = forms.changed(data, doing, number_of(which), data.get(f"add.{which}", ""))
        async with ctx.confined() as conn:
            stored = await reads.segment(conn, ctx.merchant_id, segment_id)
        try:
            return await _page(ctx, _Shown(segment_id, stored, fields))
        except Stopped:
            return Response("", status_code=204)
    stored, rows = None, None
    try:
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            stored = await reads.segment(conn, ctx.merchant_id, segment_id)
            form = SubmittedForm(data, [])
            rows = await _read(conn, ctx, form)
            form.check()
            draft = SegmentDraft(segment_id, form.text("name"), rows.definition)
            await _save(conn, ctx, draft, stored, form.text(FIELD))
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, _Shown(segment_id, stored, data, _by_row(error, rows)))
    ctx.flash(ctx.words(N_("The segment is saved.")))
    return see_other(PATH)


async def _save(
    conn: Transaction, ctx: ConsoleContext, draft: SegmentDraft, stored: Segment | None, opened: str
) -> None:
    if stored is not None:
        mine = {"name": draft.name, "definition": draft.definition}
        check_version(opened, {"name": stored.name, "definition": stored.definition}, mine)
        draft = msgspec.structs.replace(draft, version=stored.version)
    await actions.save_segment(conn, ctx.merchant_id, draft, ctx.actor, ctx.now)


def _by_row(error: Invalid | ChangedMeanwhile, rows: forms.ReadDefinition | None) -> Invalid | ChangedMeanwhile:
    """With the fields of the form in place of the definition's paths."""
    if rows is None or not isinstance(error, Invalid):
        return error
    return Invalid([FieldError(rows.field(one.field), one.message) for one in error.errors])


@post(f"{PATH}/{{segment_id:uuid}}/archive", permission=Permission.SEGMENTS, include_in_schema=False, status_code=303)
async def archive(ctx: ConsoleContext, segment_id: UUID, data: FormData) -> Response[Any]:
    archived = data.get("restore") != "1"
    async with ctx.confined() as conn:
        await actions.archive_segment(conn, ctx.merchant_id, segment_id, ctx.actor, ctx.now, archived=archived)
    said = N_("The segment is archived: promotions for it count for nobody.") if archived else N_("It is in use again.")
    ctx.flash(ctx.words(said))
    return see_other(PATH)


@get(f"{PATH}/{{segment_id:uuid}}/members.csv", permission=Permission.SEGMENTS, include_in_schema=False)
async def export(ctx: ConsoleContext, segment_id: UUID) -> Stream:
    """By customer number, with what each did at this store; only for who may see orders."""
    permit(ctx.staff, Permission.ORDERS)
    async with ctx.confined() as conn:
        await _stored(conn, ctx, segment_id)

    async def read(conn: Connection, after: str | None) -> listing.Page:
        start = UUID(after) if after else None
        people = await reads.members(conn, ctx.merchant_id, segment_id, start, listing.EXPORT_ROWS)
        rows = [
            (one.code, one.lifecycle, one.orders, views.major(ctx, one.spent), views.iso(ctx, one.last_order_at))
            for one in people
        ]
        return rows, str(people[-1].member_id) if len(people) == listing.EXPORT_ROWS else None

    headings = ["customer_number", "lifecycle", "orders", f"spent_{ctx.merchant.currency.lower()}", "last_order"]
    return listing.export(ctx, "segment", headings, read)


HANDLERS: list[Any] = [segments, new_segment, segment, save, archive, export]
