"""Promotions: what is taken off, when, for whom, and by which codes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post

from unwall.catalogue import merchant_reads
from unwall.catalogue import reads as catalogue
from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.pricing import actions, reads
from unwall.commerce.pricing.known_rates import per_cent_of
from unwall.commerce.pricing.promotion_rules import MAX_CODES_AT_ONCE, new_codes, tidy_code
from unwall.commerce.pricing.reads import PromotionRow
from unwall.commerce.pricing.tax_rules import parse_per_cent
from unwall.commerce.pricing.values import BundleUnits, Conditions, Promotion, PromotionKind
from unwall.insight.segments import reads as reads_of_segments
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/promotions"
KINDS = {
    PromotionKind.PER_CENT: N_("Per cent off"),
    PromotionKind.AMOUNT: N_("An amount off"),
    PromotionKind.FIXED_PRICE: N_("A fixed price for each"),
    PromotionKind.BUY_GET: N_("Buy some, get some for less"),
    PromotionKind.BUNDLE_PRICE: N_("A price for a bundle"),
    PromotionKind.FREE_DELIVERY: N_("Free delivery"),
}
CHANNELS = {"": N_("Everywhere"), "online": N_("Online"), "counter": N_("At the counter")}
IN_PER_CENT = {PromotionKind.PER_CENT, PromotionKind.BUY_GET}
NO_SUCH = N_("There is no such promotion.")
SEGMENT = "segment."
"""Before the id of one that is chosen."""
LIMITS = ("max_uses", "max_uses_per_customer")


class PromotionLine(msgspec.Struct, frozen=True):
    title: str
    url: str
    kind: str
    state: str
    good: bool
    orders: str
    reduced: str


class PromotionsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/promotions.html"

    rows: list[PromotionLine]


@get(PATH, permission=Permission.PRICES, include_in_schema=False)
async def promotions(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        rows = await reads.promotions(conn, ctx.merchant_id)
    return ctx.page(PromotionsPage(title=ctx.words(N_("Promotions")), rows=[_line(ctx, one) for one in rows]))


def _line(ctx: ConsoleContext, one: PromotionRow) -> PromotionLine:
    asked, now = one.rule.conditions, ctx.now
    running = (
        one.active and not (asked.starts_at and now < asked.starts_at) and not (asked.ends_at and now >= asked.ends_at)
    )
    state = N_("Running") if running else N_("Off") if not one.active else N_("Not now")
    by_code = [ctx.words(N_("by code"))] if one.rule.by_code else []
    return PromotionLine(
        one.rule.title,
        f"{PATH}/{one.id}",
        " · ".join([ctx.words(KINDS[one.rule.kind]), *by_code]),
        ctx.words(state),
        running,
        views.number(ctx, one.orders),
        views.money(ctx, one.reduced),
    )


class SegmentChoice(msgspec.Struct, frozen=True):
    name: str
    label: str
    chosen: bool


class PromotionPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/promotion.html"

    promotion_id: UUID
    known: bool
    errors: FieldTexts
    kept: FieldTexts
    kinds: list[Option]
    channels: list[Option]
    segments: list[SegmentChoice]
    codes: int
    most_codes: int


@get(f"{PATH}/new", permission=Permission.PRICES, include_in_schema=False)
async def new_promotion(ctx: ConsoleContext) -> Response[str]:
    fields = {"kind": PromotionKind.PER_CENT, "combines": "1", "active": "1"}
    return await _page(ctx, new_id(), fields, None)


@get(f"{PATH}/{{promotion_id:uuid}}", permission=Permission.PRICES, include_in_schema=False)
async def promotion(ctx: ConsoleContext, promotion_id: UUID) -> Response[str]:
    async with ctx.confined() as conn:
        row = await _row(conn, ctx, promotion_id)
        fields = await _fields(conn, ctx, row)
    return await _page(ctx, promotion_id, fields, row)


async def _row(conn: Transaction, ctx: ConsoleContext, promotion_id: UUID) -> PromotionRow:
    row = await reads.promotion(conn, ctx.merchant_id, promotion_id)
    if row is None:
        raise NotFound(NO_SUCH)
    return row


async def _fields(conn: Transaction, ctx: ConsoleContext, row: PromotionRow) -> dict[str, str]:
    """As they are written in the form."""
    rule, asked = row.rule, row.rule.conditions
    slugs = await merchant_reads.product_slugs(conn, ctx.merchant_id, asked.products)
    items = await catalogue.items(conn, [part.variant_id for part in rule.parts], ctx.lang)
    categories = {one.id: one.title for one in await catalogue.categories(conn, ctx.merchant_id, ctx.merchant.locale)}
    value = per_cent_of(rule.value) if rule.kind in IN_PER_CENT else str(_decimal(ctx, rule.value))
    return {
        "title": rule.title,
        "kind": rule.kind,
        "value": value,
        "buy": str(rule.buy or ""),
        "get": str(rule.get or ""),
        "parts": ", ".join(f"{p.quantity} {items[p.variant_id].sku}" for p in rule.parts if p.variant_id in items),
        "by_code": "1" if rule.by_code else "",
        "combines": "1" if rule.combines else "",
        "active": "1" if row.active else "",
        "products": ", ".join(slugs.values()),
        "categories": ", ".join(categories[one] for one in asked.categories if one in categories),
        "minimum": str(_decimal(ctx, asked.minimum)) if asked.minimum else "",
        "first_order": "1" if asked.first_order else "",
        "channel": asked.channels[0] if asked.channels else "",
        "starts_at": _typed_time(ctx, asked.starts_at),
        "ends_at": _typed_time(ctx, asked.ends_at),
        "max_uses": str(asked.max_uses or ""),
        "max_uses_per_customer": str(asked.max_uses_per_customer or ""),
        **{f"{SEGMENT}{segment_id}": "1" for segment_id in asked.segments},
    }


def _decimal(ctx: ConsoleContext, amount: int) -> object:
    return Money(amount, ctx.merchant.currency).decimal()


def _typed_time(ctx: ConsoleContext, at: datetime | None) -> str:
    """On the store's clock, as a browser's field takes it."""
    return at.astimezone(ZoneInfo(ctx.merchant.timezone)).strftime("%Y-%m-%dT%H:%M") if at else ""


async def _segments(ctx: ConsoleContext, fields: Mapping[str, str]) -> list[SegmentChoice]:
    """Those in use, and the archived ones that are chosen."""
    async with ctx.confined() as conn:
        in_use = await reads_of_segments.segments(conn, ctx.merchant_id, archived=False)
        archived = await reads_of_segments.segments(conn, ctx.merchant_id, archived=True)
    listed = [*in_use, *(one for one in archived if f"{SEGMENT}{one.id}" in fields)]
    return [SegmentChoice(f"{SEGMENT}{one.id}", one.name, f"{SEGMENT}{one.id}" in fields) for one in listed]


async def _page(
    ctx: ConsoleContext,
    promotion_id: UUID,
    fields: Mapping[str, str],
    row: PromotionRow | None,
    error: Invalid | ChangedMeanwhile | None = None,
) -> Response[str]:
    """`row` as it is stored; none of a new one."""
    version = fields.get(FIELD) or (version_of({"settings": [row.rule, row.active]}) if row else "")
    return ctx.page(
        PromotionPage(
            title=fields.get("title") or ctx.words(N_("New promotion")),
            version=version,
            promotion_id=promotion_id,
            known=row is not None,
            errors=ctx.field_errors(error),
            kept=FieldTexts(fields),
            kinds=[Option(kind, ctx.words(words)) for kind, words in KINDS.items()],
            channels=[Option(channel, ctx.words(words)) for channel, words in CHANNELS.items()],
            segments=await _segments(ctx, fields),
            codes=row.codes if row else 0,
            most_codes=MAX_CODES_AT_ONCE,
        ),
        error=error,
    )


@post(f"{PATH}/{{promotion_id:uuid}}", permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, promotion_id: UUID, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    row = None
    try:
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            row = await reads.promotion(conn, ctx.merchant_id, promotion_id)
            rule = await _rule_in(conn, ctx, form, promotion_id)
            form.check()
            if row is not None:
                stored, mine = [row.rule, row.active], [rule, form.has("active")]
                check_version(form.text(FIELD), {"settings": stored}, {"settings": mine})
            await actions.save_promotion(conn, ctx.merchant_id, rule, active=form.has("active"))
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, promotion_id, data, row, error)
    ctx.flash(ctx.words(N_("The promotion is saved.")))
    return see_other(f"{PATH}/{promotion_id}" if rule.by_code and row is None else PATH)


async def _rule_in(conn: Transaction, ctx: ConsoleContext, form: SubmittedForm, promotion_id: UUID) -> Promotion:
    """What is wrong is noted in the form."""
    kind = form.read("kind", PromotionKind, PromotionKind.PER_CENT, N_("Choose what is taken off."))
    return Promotion(
        promotion_id,
        form.text("title"),
        kind,
        _value(ctx, form, kind),
        form.read("buy", _whole, 0) if kind is PromotionKind.BUY_GET else 0,
        form.read("get", _whole, 0) if kind is PromotionKind.BUY_GET else 0,
        await _parts(conn, ctx, form) if kind is PromotionKind.BUNDLE_PRICE else (),
        form.has("by_code"),
        form.has("combines"),
        await _conditions(conn, ctx, form),
    )


def _whole(text: str) -> int:
    return int(text) if text else 0


def _value(ctx: ConsoleContext, form: SubmittedForm, kind: PromotionKind) -> int:
    if kind is PromotionKind.FREE_DELIVERY:
        return 0
    try:
        if kind in IN_PER_CENT:
            return parse_per_cent(form.text("value"), field="value")
        return parse_money(form.text("value"), ctx.merchant.currency, field="value").amount
    except Invalid as error:
        form.errors += error.errors
        return 1


async def _parts(conn: Transaction, ctx: ConsoleContext, form: SubmittedForm) -> tuple[BundleUnits, ...]:
    """Of "2 SCARF-RED, TEA"."""
    wanted: list[tuple[str, int]] = []
    for part in (one.strip() for one in form.text("parts").split(",") if one.strip()):
        count, _, sku = part.partition(" ")
        wanted.append((sku.strip(), int(count)) if sku and count.isdecimal() and len(count) < 4 else (part, 1))
    variants = await catalogue.variants_by_sku(conn, ctx.merchant_id, [sku for sku, _ in wanted], ctx.lang)
    if any(sku not in variants for sku, _ in wanted):
        form.errors.append(FieldError("parts", N_("One of these SKUs is not yours.")))
    return tuple(BundleUnits(variants[sku].variant_id, count) for sku, count in wanted if sku in variants)


async def _conditions(conn: Transaction, ctx: ConsoleContext, form: SubmittedForm) -> Conditions:
    slugs = [slug.strip() for slug in form.text("products").split(",") if slug.strip()]
    products = await merchant_reads.products_by_slug(conn, ctx.merchant_id, slugs)
    if any(slug not in products for slug in slugs):
        form.errors.append(FieldError("products", N_("One of these products is not yours.")))
    titles = [title.strip() for title in form.text("categories").split(",") if title.strip()]
    categories = await catalogue.categories(conn, ctx.merchant_id, ctx.merchant.locale)
    known = {one.title.casefold(): one.id for one in categories}
    if any(title.casefold() not in known for title in titles):
        form.errors.append(FieldError("categories", N_("One of these categories is not yours.")))
    segments = await _segments_in(conn, ctx, form)
    limits = {name: form.read(name, int, 1) if form.text(name) else None for name in LIMITS}
    minimum = form.text("minimum")
    try:
        least = parse_money(minimum, ctx.merchant.currency, field="minimum").amount if minimum else 0
    except Invalid as error:
        form.errors += error.errors
        least = 0
    return Conditions(
        products=tuple(products[slug] for slug in slugs if slug in products),
        categories=tuple(known[title.casefold()] for title in titles if title.casefold() in known),
        segments=segments,
        first_order=form.has("first_order"),
        minimum=least,
        channels=(form.text("channel"),) if form.text("channel") in CHANNELS and form.text("channel") else (),
        starts_at=_time_in(ctx, form, "starts_at"),
        ends_at=_time_in(ctx, form, "ends_at"),
        max_uses=limits["max_uses"],
        max_uses_per_customer=limits["max_uses_per_customer"],
    )


async def _segments_in(conn: Transaction, ctx: ConsoleContext, form: SubmittedForm) -> tuple[UUID, ...]:
    named = [name.removeprefix(SEGMENT) for name in form.fields if name.startswith(SEGMENT)]
    if not named:
        return ()
    own = [
        one.id
        for archived in (False, True)
        for one in await reads_of_segments.segments(conn, ctx.merchant_id, archived=archived)
    ]
    chosen = tuple(sorted(one for name in named if (one := parse_id(name)) in own and one))
    if len(chosen) < len(named):
        form.errors.append(FieldError("segments", N_("One of these segments is not yours.")))
    return chosen


def _time_in(ctx: ConsoleContext, form: SubmittedForm, name: str) -> datetime | None:
    """By the store's clock."""
    if not form.text(name):
        return None
    zone = ZoneInfo(ctx.merchant.timezone)
    wrong = datetime.min.replace(tzinfo=zone)
    words = N_("Give day and time.")
    typed = form.read(name, lambda text: datetime.fromisoformat(text).replace(tzinfo=zone), wrong, words)
    return typed if typed is not wrong else None


# --- codes ------------------------------------------------------------------------------------------------------------


@post(f"{PATH}/{{promotion_id:uuid}}/codes", permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def add_codes(ctx: ConsoleContext, promotion_id: UUID, data: FormData) -> Response[Any]:
    """One code that was written, or as many new ones as were asked for."""
    form = SubmittedForm(data, [])
    count = form.read("count", _whole, 0)
    most = form.read("code_uses", int, 1) if form.text("code_uses") else None
    try:
        form.check()
        if count > MAX_CODES_AT_ONCE:
            raise Invalid.one("count", N_("At most {limit} codes at once.", limit=MAX_CODES_AT_ONCE))
        codes = new_codes(count) if count else [tidy_code(form.text("code"))]
        async with ctx.confined() as conn:
            made = await actions.add_codes(conn, ctx.merchant_id, promotion_id, codes, most)
    except Invalid as error:
        async with ctx.confined() as conn:
            row = await _row(conn, ctx, promotion_id)
            fields = await _fields(conn, ctx, row)
        return await _page(ctx, promotion_id, fields | {n: data.get(n, "") for n in ("code", "count")}, row, error)
    ctx.flash(ctx.count("1 code is made.", "{n} codes are made.", len(made)))
    return see_other(f"{PATH}/{promotion_id}")


@get(f"{PATH}/{{promotion_id:uuid}}/codes.csv", permission=Permission.PRICES, include_in_schema=False)
async def codes_file(ctx: ConsoleContext, promotion_id: UUID) -> Response[bytes]:
    async with ctx.confined() as conn:
        await _row(conn, ctx, promotion_id)
        codes = await reads.codes_of(conn, ctx.merchant_id, promotion_id)
    lines = ["code,max_uses,uses", *(f"{one.code},{one.max_uses or ''},{one.uses}" for one in codes)]
    return Response(
        ("\r\n".join(lines) + "\r\n").encode(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="codes.csv"'},
    )


HANDLERS: list[Any] = [promotions, new_promotion, promotion, save, add_codes, codes_file]
