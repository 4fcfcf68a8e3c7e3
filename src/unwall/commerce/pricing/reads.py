"""Reads of what decides a merchant's prices, besides the prices themselves."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from unwall.commerce.pricing.gather import Pricing
from unwall.commerce.pricing.promotion_rules import MAX_CODES_PER_PROMOTION
from unwall.commerce.pricing.tax_rules import TaxCustomer, TaxNumber
from unwall.commerce.pricing.values import (
    Buyer,
    CodeFact,
    Promotion,
    PromotionUses,
    StorePricing,
    TaxRate,
    TaxSettings,
)
from unwall.commerce.sourcing.reads import DatabaseReads, MerchantReads
from unwall.kernel.database import Connection, row, rows


class BuyerAsked(msgspec.Struct, frozen=True):
    """Whoever buys at a merchant."""

    merchant_id: UUID
    member_id: UUID


Segments = Mapping[tuple[UUID, UUID], tuple[UUID, ...]]
"""Ids of segments by merchant and member."""
SegmentsOf = Callable[[Connection, Sequence[BuyerAsked]], Awaitable[Segments]]
"""Which segments buyers are in, which a package above this one knows; no statement where nobody is asked for."""


async def no_segments(conn: Connection, asked: Sequence[BuyerAsked]) -> Segments:
    return {}


class PricingReads(MerchantReads, Protocol):
    """What a quote takes from a merchant: from the database, or from a cache."""

    async def pricing(self, conn: Connection, merchant_id: UUID) -> Pricing: ...

    async def segments(self, conn: Connection, asked: Sequence[BuyerAsked]) -> Segments: ...


class DatabasePricing(DatabaseReads):
    """`PricingReads` without a cache, where nobody is in a segment unless `segments_of` says so."""

    def __init__(self, segments_of: SegmentsOf = no_segments) -> None:
        self._segments_of = segments_of

    async def segments(self, conn: Connection, asked: Sequence[BuyerAsked]) -> Segments:
        return await self._segments_of(conn, asked)

    async def pricing(self, conn: Connection, merchant_id: UUID) -> Pricing:
        return (await store_pricing(conn, [merchant_id]))[merchant_id]


class _KnownBuyer(msgspec.Struct, frozen=True):
    merchant_id: UUID
    member_id: UUID
    tax_exempt: bool
    tax_number: str


async def store_pricing(conn: Connection, merchant_ids: Sequence[UUID]) -> dict[UUID, Pricing]:
    """By merchant. Their home country is that of their settings; without settings they charge no tax."""
    sql = """
        SELECT m.id AS merchant_id, m.currency,
            coalesce((SELECT jsonb_build_object('country', s.country, 'region', s.region, 'included', s.included,
                'rounding', s.rounding, 'oss', s.oss, 'delivery_class', s.delivery_class)
                FROM tax_settings s WHERE s.merchant_id = m.id), '{}') AS taxes,
            coalesce((SELECT jsonb_agg(jsonb_build_object('country', r.country, 'region', r.region,
                'tax_class', r.tax_class, 'name', r.name, 'millionths', r.millionths)
                ORDER BY r.country, r.region, r.tax_class, r.name)
                FROM tax_rate r JOIN tax_settings s ON s.merchant_id = r.merchant_id
                WHERE r.merchant_id = m.id), '[]') AS rates,
            EXISTS (SELECT FROM tax_customer c WHERE c.merchant_id = m.id) AS knows_customers,
            coalesce((SELECT jsonb_agg(p.rule ORDER BY p.id) FROM promotion p
                WHERE p.merchant_id = m.id AND p.active), '[]') AS promotions
        FROM few_ids($1) AS wanted (id) JOIN merchant_profile m ON m.id = wanted.id
    """
    return {one.merchant_id: Pricing(one) for one in await rows(conn, StorePricing, sql, merchant_ids)}


async def buyers(conn: Connection, asked: Sequence[BuyerAsked]) -> dict[tuple[UUID, UUID], Buyer]:
    """Those of whom a merchant knows something, by merchant and member."""
    if not asked:
        return {}
    sql = """
        SELECT c.merchant_id, c.member_id, c.exempt AS tax_exempt, c.tax_number
        FROM tax_customer c JOIN jsonb_to_recordset($1) AS a (merchant_id uuid, member_id uuid)
            ON c.merchant_id = a.merchant_id AND c.member_id = a.member_id
    """
    known = await rows(conn, _KnownBuyer, sql, list(asked))
    return {(one.merchant_id, one.member_id): Buyer((), False, one.tax_exempt, one.tax_number) for one in known}


async def buyer(conn: Connection, pricing: Pricing, member_id: UUID | None) -> Buyer:
    """No statement where the merchant knows nothing of anybody."""
    store = pricing.store
    if member_id is None or not store.knows_customers:
        return Buyer()
    known = await buyers(conn, [BuyerAsked(store.merchant_id, member_id)])
    return known.get((store.merchant_id, member_id), Buyer())


class UsesAsked(msgspec.Struct, frozen=True):
    """Of a limited promotion: how often it was used, but for the order that this quote would replace."""

    promotion_id: UUID
    person_id: UUID | None
    but_order: UUID | None = None


class _Uses(msgspec.Struct, frozen=True):
    promotion_id: UUID
    person_id: UUID | None
    uses: int
    by_customer: int
    last: int


async def promotion_uses(conn: Connection, asked: Sequence[UsesAsked]) -> dict[tuple[UUID, UUID | None], PromotionUses]:
    """By promotion and person; no statement where nothing is asked."""
    if not asked:
        return {}
    sql = """
        SELECT a.promotion_id, a.person_id,
            p.uses - (SELECT count(*) FROM promotion_use u
                WHERE u.promotion_id = p.id AND u.order_id = a.but_order)::int AS uses,
            (SELECT count(*) FROM promotion_use u WHERE u.promotion_id = p.id AND u.person_id = a.person_id
                AND u.order_id IS DISTINCT FROM a.but_order)::int AS by_customer,
            (SELECT coalesce(max(u.nth), 0) FROM promotion_use u
                WHERE u.promotion_id = p.id AND u.person_id = a.person_id)::int AS last
        FROM jsonb_to_recordset($1) AS a (promotion_id uuid, person_id uuid, but_order uuid)
            JOIN promotion p ON p.id = a.promotion_id
    """
    used = await rows(conn, _Uses, sql, list(asked))
    return {
        (one.promotion_id, one.person_id): PromotionUses(one.promotion_id, max(0, one.uses), one.by_customer, one.last)
        for one in used
    }


async def codes_left(conn: Connection, merchant_id: UUID, codes: Sequence[str]) -> list[CodeFact]:
    """Those that exist."""
    sql = """
        SELECT code, promotion_id, uses_left FROM code_left
        WHERE merchant_id = $1 AND code = ANY($2::text[]) ORDER BY code
    """
    return await rows(conn, CodeFact, sql, merchant_id, list(codes)) if codes else []


class PromotionRow(msgspec.Struct, frozen=True):
    """A promotion as its merchant sees it."""

    id: UUID
    active: bool
    rule: Promotion
    orders: int
    reduced: int
    """What it took off, minor units."""
    codes: int


_PROMOTION = """
    SELECT p.id, p.active, p.rule, coalesce(u.orders, 0)::int AS orders, coalesce(u.reduced, 0)::bigint AS reduced,
        (SELECT count(*) FROM promotion_code c WHERE c.promotion_id = p.id)::int AS codes
    FROM promotion p LEFT JOIN LATERAL (SELECT count(*) AS orders, sum(amount) AS reduced FROM promotion_use u
        WHERE u.promotion_id = p.id) u ON true
"""


async def promotions(conn: Connection, merchant_id: UUID) -> list[PromotionRow]:
    """Newest first."""
    return await rows(conn, PromotionRow, f"{_PROMOTION} WHERE p.merchant_id = $1 ORDER BY p.id DESC", merchant_id)


async def promotion(conn: Connection, merchant_id: UUID, promotion_id: UUID) -> PromotionRow | None:
    sql = f"{_PROMOTION} WHERE p.merchant_id = $1 AND p.id = $2"
    return await row(conn, PromotionRow, sql, merchant_id, promotion_id)


class CodeRow(msgspec.Struct, frozen=True):
    code: str
    max_uses: int | None
    uses: int


async def codes_of(
    conn: Connection, merchant_id: UUID, promotion_id: UUID, *, after: str = "", limit: int = MAX_CODES_PER_PROMOTION
) -> list[CodeRow]:
    """In the order of their letters; those that follow the code `after`."""
    sql = """
        SELECT code, max_uses, uses FROM promotion_code
        WHERE merchant_id = $1 AND promotion_id = $2 AND code > $3 ORDER BY code LIMIT $4
    """
    return await rows(conn, CodeRow, sql, merchant_id, promotion_id, after, limit)


class TaxBook(msgspec.Struct, frozen=True):
    """All that a merchant has set of its taxes; without settings it charges none."""

    settings: TaxSettings | None
    numbers: list[TaxNumber]
    rates: list[TaxRate]
    customers: list[TaxCustomer]


async def tax_book(conn: Connection, merchant_id: UUID) -> TaxBook:
    sql = """
        SELECT (SELECT to_jsonb(s) - 'merchant_id' FROM tax_settings s WHERE s.merchant_id = $1) AS settings,
            coalesce((SELECT jsonb_agg(jsonb_build_object('country', n.country, 'number', n.number) ORDER BY n.country)
                FROM tax_number n WHERE n.merchant_id = $1), '[]') AS numbers,
            coalesce((SELECT jsonb_agg(to_jsonb(r) - 'merchant_id' ORDER BY r.country, r.region, r.name, r.tax_class)
                FROM tax_rate r WHERE r.merchant_id = $1), '[]') AS rates,
            coalesce((SELECT jsonb_agg(jsonb_build_object('code', c.code, 'exempt', c.exempt,
                'tax_number', c.tax_number) ORDER BY c.code)
                FROM tax_customer c WHERE c.merchant_id = $1), '[]') AS customers
    """
    book = await row(conn, TaxBook, sql, merchant_id)
    assert book is not None
    return book


async def sets_taxes(conn: Connection, merchant_id: UUID) -> bool:
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM tax_settings WHERE merchant_id = $1)", merchant_id))
