"""Changes of what decides a merchant's prices, besides list prices; they count from the next quote on."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from unwall.catalogue import merchant_reads
from unwall.catalogue import reads as catalogue
from unwall.commerce.pricing.promotion_rules import (
    MAX_CODES_AT_ONCE,
    MAX_CODES_PER_PROMOTION,
    MAX_PROMOTIONS,
    check_code,
    check_promotion,
)
from unwall.commerce.pricing.tax_rules import (
    MAX_TAX_NUMBER_CHARACTERS,
    TaxChoices,
    TaxCustomer,
    check_rates,
    checked_choices,
)
from unwall.commerce.pricing.values import Promotion, TaxRate
from unwall.kernel import typed
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.text import N_, SOURCE
from unwall.people.reads import member_id_by_code


async def save_tax_choices(conn: Transaction, merchant_id: UUID, choices: TaxChoices) -> None:
    """From now on the merchant charges tax where it has rates. Raises `Invalid` naming each wrong field."""
    clean = checked_choices(choices)
    await lock_subject(conn, "taxes", merchant_id)
    s = clean.settings
    await conn.execute(
        """
        INSERT INTO tax_settings (merchant_id, country, region, included, rounding, oss, delivery_class)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (merchant_id) DO UPDATE SET country = excluded.country, region = excluded.region,
            included = excluded.included, rounding = excluded.rounding, oss = excluded.oss,
            delivery_class = excluded.delivery_class
        """,
        merchant_id,
        s.country,
        s.region,
        s.included,
        s.rounding,
        s.oss,
        s.delivery_class,
    )
    await conn.execute("DELETE FROM tax_number WHERE merchant_id = $1", merchant_id)
    await conn.execute(
        """
        INSERT INTO tax_number (merchant_id, country, number)
        SELECT $1, country, number FROM jsonb_to_recordset($2) AS n (country text, number text)
        """,
        merchant_id,
        list(clean.numbers),
    )


async def stop_taxing(conn: Transaction, merchant_id: UUID) -> None:
    """The merchant charges no tax any more; its rates and numbers stay for when it does again."""
    await conn.execute("DELETE FROM tax_settings WHERE merchant_id = $1", merchant_id)


async def save_rates(conn: Transaction, merchant_id: UUID, country: str, rates: Sequence[TaxRate]) -> None:
    """All rates of a country; none where it is not taxed. Raises `Invalid` naming each wrong field."""
    check_rates(country, rates)
    await lock_subject(conn, "taxes", merchant_id)
    await conn.execute("DELETE FROM tax_rate WHERE merchant_id = $1 AND country = $2", merchant_id, country)
    await conn.execute(
        """
        INSERT INTO tax_rate (merchant_id, country, region, tax_class, name, millionths)
        SELECT $1, $2, region, tax_class, name, millionths
        FROM jsonb_to_recordset($3) AS r (region text, tax_class text, name text, millionths int)
        """,
        merchant_id,
        country,
        [{"region": r.region, "tax_class": r.tax_class, "name": r.name, "millionths": r.millionths} for r in rates],
    )


async def save_tax_customer(conn: Transaction, merchant_id: UUID, customer: TaxCustomer) -> None:
    """Raises `Invalid` (code, tax_number)."""
    code = typed.code(customer.code)
    member_id = await member_id_by_code(conn, merchant_id, code)
    if member_id is None:
        raise Invalid.one("code", N_("There is no customer with this number."))
    number = typed.bare_code(customer.tax_number).upper()
    if len(number) > MAX_TAX_NUMBER_CHARACTERS:
        raise Invalid.one("tax_number", N_("This is too long."))
    if not customer.exempt and not number:
        await conn.execute("DELETE FROM tax_customer WHERE merchant_id = $1 AND member_id = $2", merchant_id, member_id)
        return
    await conn.execute(
        """
        INSERT INTO tax_customer (merchant_id, member_id, code, exempt, tax_number) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id, member_id) DO UPDATE SET code = excluded.code, exempt = excluded.exempt,
            tax_number = excluded.tax_number
        """,
        merchant_id,
        member_id,
        code,
        customer.exempt,
        number,
    )


async def save_promotion(conn: Transaction, merchant_id: UUID, promotion: Promotion, *, active: bool) -> None:
    """New, or the one with this id as it is from now on. Raises `Invalid` naming each wrong field, and `NotFound`."""
    check_promotion(promotion)
    await _check_own(conn, merchant_id, promotion)
    await lock_subject(conn, "promotions", merchant_id)
    others = "SELECT count(*) FROM promotion WHERE merchant_id = $1 AND id <> $2"
    if await conn.fetchval(others, merchant_id, promotion.id) >= MAX_PROMOTIONS:
        raise Invalid.one("title", N_("At most {limit} promotions: remove old ones.", limit=MAX_PROMOTIONS))
    try:
        saved = await conn.fetchval(_SAVE_PROMOTION, promotion.id, merchant_id, active, promotion)
    except asyncpg.InsufficientPrivilegeError:  # row-level security: the id is another merchant's
        saved = None
    if saved is None:
        raise NotFound(N_("There is no such promotion."))


async def _check_own(conn: Transaction, merchant_id: UUID, promotion: Promotion) -> None:
    """Raises `Invalid` (products, categories, parts) for what is another merchant's, or not there."""
    asked, parts = promotion.conditions, [part.variant_id for part in promotion.parts]
    products = await merchant_reads.product_slugs(conn, merchant_id, asked.products)
    categories = await catalogue.categories(conn, merchant_id, SOURCE.code) if asked.categories else []
    items = await catalogue.items(conn, parts, SOURCE.code) if parts else {}
    own_parts = {item.variant_id for item in items.values() if item.merchant_id == merchant_id}
    wrong = [
        ("products", products.keys(), asked.products, N_("One of these products is not yours.")),
        ("categories", {one.id for one in categories}, asked.categories, N_("One of these categories is not yours.")),
        ("parts", own_parts, parts, N_("One of these SKUs is not yours.")),
    ]
    errors = [FieldError(field, words) for field, own, named, words in wrong if not own >= set(named)]
    if errors:
        raise Invalid(errors)


_SAVE_PROMOTION = """
    INSERT INTO promotion AS p (id, merchant_id, active, rule) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET active = excluded.active, rule = excluded.rule
    WHERE p.merchant_id = excluded.merchant_id RETURNING id
"""


async def add_codes(
    conn: Transaction, merchant_id: UUID, promotion_id: UUID, codes: Sequence[str], max_uses: int | None
) -> list[str]:
    """Codes of a promotion, each for so many orders; returns those that are new. Raises `Invalid` (code) for a wrong
    one and where all are in use, (count) where the promotion would have too many, and `NotFound`."""
    if len(codes) > MAX_CODES_AT_ONCE:
        raise Invalid.one("count", N_("At most {limit} codes at once.", limit=MAX_CODES_AT_ONCE))
    if max_uses is not None and not 0 < max_uses < 2**31:
        raise Invalid.one("max_uses", N_("Write a whole number above zero."))
    for code in codes:
        check_code(code)
    if not await conn.fetchval(
        "SELECT true FROM promotion WHERE id = $1 AND merchant_id = $2", promotion_id, merchant_id
    ):
        raise NotFound(N_("There is no such promotion."))
    await lock_subject(conn, "codes of promotion", promotion_id)
    made = await conn.fetch(
        """
        INSERT INTO promotion_code (merchant_id, code, promotion_id, max_uses)
        SELECT $1, unnest($2::text[]), $3, $4 ON CONFLICT DO NOTHING RETURNING code
        """,
        merchant_id,
        list(codes),
        promotion_id,
        max_uses,
    )
    if not made and codes:
        raise Invalid.one("code", N_("This code is in use already."))
    if await conn.fetchval(_CODES, promotion_id) > MAX_CODES_PER_PROMOTION:
        raise Invalid.one("count", N_("A promotion has at most {limit} codes.", limit=MAX_CODES_PER_PROMOTION))
    return [record["code"] for record in made]


_CODES = "SELECT count(*) FROM promotion_code WHERE promotion_id = $1"
