"""The editor of a store page: its modules with their guarantees, what conflicts, a preview, the schedule, versions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.catalogue import reads as catalogue
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.insight.page_forms import CATEGORY, changed, read_definition, source_value
from unwall.channels.console.insight.previews import PreviewModule, page_tabs, preview
from unwall.channels.console.product_finder import FoundProduct, find_products
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option, Tab
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.content.posts.reads import posts
from unwall.content.posts.rules import wall_time
from unwall.insight.pages import guarantees, page_actions, page_reads
from unwall.insight.pages.compose import PageSources
from unwall.insight.pages.definition import (
    Diversity,
    HandPicked,
    ModuleKind,
    NewArrivals,
    PageDefinition,
    PageModule,
    PageVersion,
    Pinned,
    VersionState,
)
from unwall.insight.pages.definition_rules import Conflicting
from unwall.insight.pages.page_rows import PRODUCT_ROWS, named_products
from unwall.insight.pages.store_page import TITLES, compose_store
from unwall.insight.pages.values import ComposedPage
from unwall.insight.segments.reads import segments
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Transaction, lock_subject
from unwall.kernel.errors import Invalid, UnwallError
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/pages"
KINDS = {
    ModuleKind.HERO: N_("First post"),
    ModuleKind.PRODUCTS: N_("Product row"),
    ModuleKind.NEW: N_("New season"),
    ModuleKind.BUNDLES: N_("Sets"),
    ModuleKind.POSTS: N_("Posts"),
    ModuleKind.NEAR: N_("Ready near you today"),
}
SOURCES = {
    "for-person": N_("Chosen for each person"),
    "newest": N_("The newest"),
    "hits": N_("The hits"),
    "hand-picked": N_("A list that you choose"),
}
STATES = {
    VersionState.SCHEDULED: N_("Scheduled"),
    VersionState.LIVE: N_("Live"),
    VersionState.PAST: N_("Past"),
    VersionState.WITHDRAWN: N_("Withdrawn"),
}
DONE = {
    "save": N_("The page is saved. Shoppers see it when you publish it."),
    "publish": N_("The page is live."),
    "schedule": N_("The page is scheduled."),
    "withdraw": N_("The page is not scheduled any more."),
    "restore": N_("The earlier version is your draft now. Publish it to show it."),
}


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def store_page(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        draft = await page_reads.draft(conn, ctx.merchant_id)
    return await _page(ctx, draft, SubmittedForm({}, []))


@post(PATH, permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def change_store_page(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    """Every button sends the whole form; `save`, `publish`, `schedule`, `withdraw` and `restore` change more than the
    page in the browser."""
    form = SubmittedForm(data, [])
    doing, _, which = form.text("do").partition(":")
    definition = read_definition(form)
    if doing not in DONE:
        into = form.text("into") if doing == "add" else form.text("kind")
        return await _page(ctx, changed(definition, doing, which, into), form)
    try:
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            await _do(conn, ctx, form, definition)
    except (Invalid, ChangedMeanwhile, page_actions.ConflictingGuarantees) as error:
        return await _page(ctx, definition, form, error=error)
    ctx.flash(ctx.words(DONE[doing]))
    return see_other(PATH)


async def _do(conn: Transaction, ctx: ConsoleContext, form: SubmittedForm, definition: PageDefinition) -> None:
    doing, _, which = form.text("do").partition(":")
    if doing == "withdraw":
        return await page_actions.withdraw(conn, ctx.merchant_id)
    if doing == "restore":
        number = int(which) if which.isdecimal() and len(which) < 9 else 0
        return await page_actions.restore(conn, ctx.merchant_id, number)
    form.check()
    stored = await page_reads.draft(conn, ctx.merchant_id)
    check_version(form.text(FIELD), _fields(stored), _fields(definition))
    await page_actions.save_draft(conn, ctx.merchant_id, definition)
    author = page_actions.PageAuthor(ctx.merchant_id, ctx.staff.name)
    if doing == "publish":
        await page_actions.publish(conn, author, ctx.now)
    elif doing == "schedule":
        at = wall_time(form.text("scheduled_at"), ctx.merchant.timezone)
        await page_actions.schedule(conn, author, at, ctx.now)
    return None


def _fields(definition: PageDefinition) -> dict[str, object]:
    return {"modules": msgspec.to_builtins(definition)}


class PageProductRow(msgspec.Struct, frozen=True):
    """`number` is of its fields in the form; `position` counts from one."""

    number: int
    module: int
    product_id: str
    title: str
    image: str | None
    position: int


class ModuleRow(msgspec.Struct, frozen=True):
    number: int
    kind: str
    label: str
    title: str
    slots: int
    has_slots: bool
    is_row: bool
    source: str
    post_id: str
    new: str
    diversity: str
    audience: str
    pins: list[PageProductRow]
    picked: list[PageProductRow]
    lists: bool
    """a list chosen by hand"""


class PageVersionRow(msgspec.Struct, frozen=True):
    version: int
    state: str
    live: bool
    at: str
    by: str


class StorePageEditor(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/pages.html"

    action: str
    tabs: list[Tab]
    errors: FieldTexts
    module_rows: list[ModuleRow]
    kinds: list[Option]
    sources: list[Option]
    own_posts: list[Option]
    audiences: list[Option]
    personas: list[Option]
    persona: str
    hits: list[PageProductRow]
    at_least: str
    first: str
    find: str
    into: str
    targets: list[Option]
    matches: list[FoundProduct]
    conflicts: list[str]
    modules: list[PreviewModule]
    scheduled_at: str
    zone_name: str
    scheduled: str
    versions: list[PageVersionRow]


async def _page(
    ctx: ConsoleContext, definition: PageDefinition, form: SubmittedForm, *, error: UnwallError | None = None
) -> Response[str]:
    named = named_products(definition)
    async with ctx.confined() as conn:
        titles = {one.product_id: one for one in await catalogue.items_of(conn, list(named), ctx.lang)}
        matches = await find_products(conn, ctx, form.text("find"), ())
        categories = await catalogue.categories(conn, ctx.merchant_id, ctx.lang)
        own_posts = await _posts(conn, ctx)
        own_segments = [Option(str(one.id), one.name) for one in await segments(conn, ctx.merchant_id, archived=False)]
        valid = not form.errors and await page_actions.is_valid(conn, ctx.merchant_id, definition)
        conflicting = await page_actions.conflicts_of(conn, ctx.merchant_id, definition, ctx.now) if valid else []
        versions = await page_reads.versions(conn, ctx.merchant_id)
    persona = form.text("persona")
    composed = await _composed(ctx, definition if valid else None, parse_id(persona))
    rows = _rows(ctx, definition, titles)
    above = definition.hits_above
    return ctx.page(
        StorePageEditor(
            title=ctx.words(N_("Pages")),
            version=form.text(FIELD) or version_of(_fields(definition)),
            action=PATH,
            tabs=page_tabs(ctx, PATH),
            errors=ctx.field_errors(error if isinstance(error, Invalid | ChangedMeanwhile) else None),
            module_rows=rows,
            kinds=[Option(kind, ctx.words(label)) for kind, label in KINDS.items()],
            sources=[Option(name, ctx.words(label)) for name, label in SOURCES.items()]
            + [Option(f"{CATEGORY}{one.id}", one.title) for one in categories],
            own_posts=[Option("", ctx.words(N_("The newest"))), *own_posts],
            audiences=[Option("", ctx.words(N_("Everybody"))), *own_segments],
            personas=[Option("", ctx.words(N_("A new visitor"))), *own_segments],
            persona=persona,
            hits=[_product(n, -1, one, titles, 0) for n, one in enumerate(definition.hits)],
            at_least=str(above.at_least) if above else "",
            first=str(above.first) if above else "",
            find=form.text("find"),
            into=form.text("into"),
            targets=_targets(ctx, rows),
            matches=matches,
            conflicts=[_words(ctx, one, titles) for one in conflicting],
            modules=preview(ctx, composed),
            scheduled_at=form.text("scheduled_at"),
            zone_name=ctx.merchant.timezone,
            scheduled=next((_time(ctx, one) for one in versions if one.state is VersionState.SCHEDULED), ""),
            versions=[_version(ctx, one) for one in versions],
        ),
        error=error,
    )


async def _posts(conn: Connection, ctx: ConsoleContext) -> list[Option]:
    ids = await page_reads.newest_posts(conn, ctx.merchant_id)
    known = await posts(conn, ids, ctx.lang)
    return [Option(str(one), known[one].title) for one in ids if one in known]


async def _composed(ctx: ConsoleContext, definition: PageDefinition | None, segment: UUID | None) -> ComposedPage:
    """As a new visitor would see it who is in the segment."""
    newcomer = Visit(new_id(), new_id(), None, ctx.lang)
    among = [segment] if segment else []
    async with ctx.services.db.read() as conn:  # not confined: what it reads is kept for everybody
        sources = PageSources(conn, ctx.services.storefront, ctx.services.recommender)
        return await compose_store(sources, newcomer, ctx.merchant_id, ctx.now, segments=among, draft=definition)


def _rows(ctx: ConsoleContext, definition: PageDefinition, titles: Mapping[UUID, Any]) -> list[ModuleRow]:
    pins, picked = 0, 0
    rows = []
    for n, module in enumerate(definition.modules):
        pinned = [one for one in module.guarantees if isinstance(one, Pinned)]
        listed = module.source.products if isinstance(module.source, HandPicked) else []
        pin_rows = [_product(pins + i, n, one.product_id, titles, one.position + 1) for i, one in enumerate(pinned)]
        picked_rows = [_product(picked + i, n, one, titles, 0) for i, one in enumerate(listed)]
        pins, picked = pins + len(pin_rows), picked + len(picked_rows)
        rows.append(
            ModuleRow(
                number=n,
                kind=module.kind,
                label=ctx.words(KINDS[module.kind]),
                title=module.title,
                slots=module.slots,
                has_slots=module.kind not in (ModuleKind.HERO, ModuleKind.BUNDLES),
                is_row=module.kind in PRODUCT_ROWS,
                source=source_value(module.source),
                post_id=str(module.post_id or ""),
                new=next((str(one.at_least) for one in module.guarantees if isinstance(one, NewArrivals)), ""),
                diversity=next((str(one.at_most) for one in module.guarantees if isinstance(one, Diversity)), ""),
                audience=next((str(one) for one in module.audience), ""),
                pins=pin_rows,
                picked=picked_rows,
                lists=isinstance(module.source, HandPicked),
            )
        )
    return rows


def _product(number: int, module: int, product_id: UUID, titles: Mapping[UUID, Any], position: int) -> PageProductRow:
    item = titles.get(product_id)
    title, image = (item.title, thumbnail_url(item.image_file)) if item else ("–", None)
    return PageProductRow(number, module, str(product_id), title, image, position)


def _targets(ctx: ConsoleContext, rows: list[ModuleRow]) -> list[Option]:
    """Where a product that is searched for can be put."""
    targets = []
    for row in rows:
        name = {"row": row.title or row.label, "number": row.number + 1}
        if row.is_row:
            targets.append(Option(f"pins:{row.number}", ctx.words(N_("Pin in module {number}, {row}"), **name)))
        if row.lists:
            targets.append(Option(f"picked:{row.number}", ctx.words(N_("List of module {number}, {row}"), **name)))
    return [*targets, Option("hits", ctx.words(N_("The hits")))]


def _words(ctx: ConsoleContext, one: Conflicting, titles: Mapping[UUID, Any]) -> str:
    wanted = one.guarantee.guarantee
    item = titles.get(wanted.product_id) if isinstance(wanted, Pinned) else None
    return guarantees.words(one.guarantee, _title(ctx, one.row), item.title if item else "–").text_in(ctx.lang)


def _title(ctx: ConsoleContext, module: PageModule | None) -> str:
    return (module.title or ctx.words(TITLES[module.kind])) if module else ""


def _time(ctx: ConsoleContext, version: PageVersion) -> str:
    return formatters(ctx.lang).moment(version.publish_at, ctx.merchant.timezone)


def _version(ctx: ConsoleContext, one: PageVersion) -> PageVersionRow:
    live = one.state is VersionState.LIVE
    return PageVersionRow(one.version, ctx.words(STATES[one.state]), live, _time(ctx, one), one.written_by)


HANDLERS: list[Any] = [store_page, change_store_page]
