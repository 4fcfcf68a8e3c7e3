"""What decides a merchant's prices besides list prices: taxes."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put

from unwall.channels.api.callers import json_answer, keyed_request, respond
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.commerce.pricing import actions, reads
from unwall.commerce.pricing.known_rates import known_rates
from unwall.commerce.pricing.promotion_rules import MAX_CODES_AT_ONCE, check_code, new_codes, tidy_code
from unwall.commerce.pricing.reads import CodeRow, PromotionRow, TaxBook
from unwall.commerce.pricing.tax_rules import TaxChoices, TaxCustomer
from unwall.commerce.pricing.values import Promotion, TaxRate
from unwall.commerce.sourcing import actions as sourcing_actions
from unwall.commerce.sourcing import reads as sourcing
from unwall.commerce.sourcing.values import DeliveryPrice, DeliveryZone
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound, existing
from unwall.kernel.idempotency import StoredAnswer, once_in_transaction
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services

TAGS = ["merchant"]
PAGE = 1000
"""Codes of a promotion."""


class CountryRates(msgspec.Struct, frozen=True):
    """All rates of a country. `millionths`: 19 % is 190000."""

    rates: list[TaxRate]


@get("/taxes", scope=ApiScope.PRICES_READ, tags=TAGS)
async def taxes(services: Services, key: ApiKey) -> TaxBook:
    """How the merchant charges tax (not at all without `settings`), its numbers, rates, and customers without tax."""
    async with services.db.confined(key.merchant_id) as conn:
        return await reads.tax_book(conn, key.merchant_id)


@put("/taxes", scope=ApiScope.PRICES_WRITE, tags=TAGS)
async def save_taxes(services: Services, key: ApiKey, data: TaxChoices) -> TaxBook:
    """How tax is charged from the next quote on. Orders keep what they were placed with."""
    async with services.db.confined(key.merchant_id) as conn:
        await actions.save_tax_choices(conn, key.merchant_id, data)
        return await reads.tax_book(conn, key.merchant_id)


@get("/taxes/known-rates/{country:str}", scope=ApiScope.PRICES_READ, tags=TAGS)
async def suggested_rates(services: Services, key: ApiKey, country: str) -> CountryRates:
    """Those that come with the program (China, the EU, the United Kingdom). They count once they are saved."""
    known = known_rates().get(country)
    if known is None:
        raise NotFound("No rates of this country come with the program.")
    return CountryRates(list(known.rates))


@put("/taxes/rates/{country:str}", scope=ApiScope.PRICES_WRITE, tags=TAGS)
async def save_rates(services: Services, key: ApiKey, country: str, data: CountryRates) -> TaxBook:
    """Replaces all rates of the country; an empty list leaves it untaxed."""
    async with services.db.confined(key.merchant_id) as conn:
        await actions.save_rates(conn, key.merchant_id, country, data.rates)
        return await reads.tax_book(conn, key.merchant_id)


@put("/taxes/customers", scope=ApiScope.PRICES_WRITE, tags=TAGS)
async def save_customer(services: Services, key: ApiKey, data: TaxCustomer) -> TaxBook:
    """A customer, by the merchant's customer number, who is exempt or whose tax number was checked."""
    async with services.db.confined(key.merchant_id) as conn:
        await actions.save_tax_customer(conn, key.merchant_id, data)
        return await reads.tax_book(conn, key.merchant_id)


class Delivery(msgspec.Struct, frozen=True):
    """What delivery costs. `prices` are the merchant's own, by method; a method without one has the start price of its
    currency. In a zone its own prices count."""

    prices: list[DeliveryPrice]
    zones: list[DeliveryZone]


@get("/delivery", scope=ApiScope.PRICES_READ, tags=TAGS)
async def delivery(services: Services, key: ApiKey) -> Delivery:
    return await delivery_of(services, key)


@put("/delivery", scope=ApiScope.PRICES_WRITE, tags=TAGS)
async def save_delivery(services: Services, key: ApiKey, data: Delivery) -> Delivery:
    """Sets the prices of the named methods and replaces all zones, from the next promise on."""
    async with services.db.confined(key.merchant_id) as conn:
        await sourcing_actions.save_delivery_prices(conn, key.merchant_id, data.prices)
        await sourcing_actions.save_delivery_zones(conn, key.merchant_id, data.zones)
    return await delivery_of(services, key)


async def delivery_of(services: Services, key: ApiKey) -> Delivery:
    async with services.db.confined(key.merchant_id) as conn:
        prices = await sourcing.delivery_prices(conn, key.merchant_id)
        return Delivery(prices, await sourcing.delivery_zones(conn, key.merchant_id))


class PromotionBody(msgspec.Struct, frozen=True):
    rule: Promotion
    active: bool = True


class NewCodes(msgspec.Struct, frozen=True):
    """Codes that were written, or `count` new ones; each for `max_uses` orders, or for any number."""

    codes: list[str] = []
    count: int = 0
    max_uses: int | None = 1


class AddedCodes(msgspec.Struct, frozen=True):
    codes: list[str]
    """those that are new"""


class CodePage(msgspec.Struct, frozen=True):
    rows: list[CodeRow]
    after: str | None
    """The cursor of the next page; None at the end."""


@get("/promotions", scope=ApiScope.PRICES_READ, tags=TAGS)
async def promotions(services: Services, key: ApiKey) -> list[PromotionRow]:
    """Newest first, with how many orders each is on and what it took off."""
    async with services.db.confined(key.merchant_id) as conn:
        return await reads.promotions(conn, key.merchant_id)


@put("/promotions/{promotion_id:uuid}", scope=ApiScope.PRICES_WRITE, tags=TAGS)
async def save_promotion(services: Services, key: ApiKey, promotion_id: UUID, data: PromotionBody) -> PromotionRow:
    """A new promotion under an id of yours, or a changed one; the `id` in the rule does not count."""
    rule = msgspec.structs.replace(data.rule, id=promotion_id)
    async with services.db.confined(key.merchant_id) as conn:
        await actions.save_promotion(conn, key.merchant_id, rule, active=data.active)
        return existing(await reads.promotion(conn, key.merchant_id, promotion_id), "There is no such promotion.")


@post(
    "/promotions/{promotion_id:uuid}/codes",
    scope=ApiScope.PRICES_WRITE,
    tags=TAGS,
    repeatable=True,
    responses=answers(AddedCodes),
)
async def add_codes(
    request: AnyRequest, services: Services, key: ApiKey, promotion_id: UUID, data: NewCodes
) -> Response[bytes]:
    """Adds codes, at most 10,000 at once and 100,000 to a promotion; those that it has already stay as they are. Needs
    an Idempotency-Key."""
    if not 0 <= data.count <= MAX_CODES_AT_ONCE - len(data.codes):
        raise Invalid.one("count", f"At most {MAX_CODES_AT_ONCE} codes at once.")
    codes = [*(tidy_code(code) for code in data.codes), *new_codes(data.count)]

    async def work(conn: Transaction) -> StoredAnswer:
        made = await actions.add_codes(conn, key.merchant_id, promotion_id, codes, data.max_uses)
        return json_answer(AddedCodes(made), 201)

    keyed = await keyed_request(request, services, f"key {key.id}")
    return respond(await once_in_transaction(services.db, keyed, work))


@get("/promotions/{promotion_id:uuid}/codes", scope=ApiScope.PRICES_READ, tags=TAGS)
async def codes(services: Services, key: ApiKey, promotion_id: UUID, after: str | None = None) -> CodePage:
    """A thousand at a time, in the order of their letters, with how often each was used. `after`: as the page before
    gave it."""
    if after:
        check_code(after, "after")
    async with services.db.confined(key.merchant_id) as conn:
        if await reads.promotion(conn, key.merchant_id, promotion_id) is None:
            raise NotFound("There is no such promotion.")
        rows = await reads.codes_of(conn, key.merchant_id, promotion_id, after=after or "", limit=PAGE + 1)
    return CodePage(rows[:PAGE], rows[PAGE - 1].code if len(rows) > PAGE else None)


HANDLERS: list[Any] = [
    *(taxes, save_taxes, suggested_rates, save_rates, save_customer),
    *(delivery, save_delivery, promotions, save_promotion, add_codes, codes),
]
