"""Quotes of a five-line cart under 200 promotions and 2,000 codes, against a loop over all of them."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from bench.frame import Bench
from unwall.commerce.pricing.gather import Pricing
from unwall.commerce.pricing.quotes import quote
from unwall.commerce.pricing.values import (
    CodeFact,
    Conditions,
    Facts,
    Item,
    LineAsked,
    Personal,
    Promotion,
    PromotionKind,
    Quote,
    QuoteRequest,
    StorePricing,
    TaxRate,
    TaxSettings,
    WayAsked,
)
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PRODUCTS, CATEGORIES, PROMOTIONS, CODES, CARTS = 2_000, 60, 200, 2_000, 200
POST = (DeliveryPrice(DeliveryMethod.SHIP, fee=395),)
ROUNDS, QUICK_ROUNDS = 40, 8


class Case(msgspec.Struct, frozen=True):
    """A cart with the one code that was typed for it."""

    request: QuoteRequest
    items: tuple[Item, ...]
    codes: tuple[CodeFact, ...]


async def run(bench: Bench) -> None:
    chance = random.Random(bench.seed)
    items = [_item(n, chance) for n in range(PRODUCTS)]
    promotions = tuple(_promotion(n, chance) for n in range(PROMOTIONS))
    vouchers = [one for one in promotions if one.by_code]
    codes = tuple(CodeFact(f"CODE-{n:04}", vouchers[n % len(vouchers)].id) for n in range(CODES))
    cases = [_case(items, codes, chance) for _ in range(CARTS)]
    store = StorePricing(
        UUID(int=1), "GBP", TaxSettings("GB"), (TaxRate("GB", 200_000), TaxRate("GB", 50_000, tax_class="reduced"))
    )
    pricing = Pricing(msgspec.structs.replace(store, promotions=promotions))

    def ours(case: Case) -> Quote:
        return quote(case.request, pricing.facts(case.items, POST, Personal(codes=case.codes)))

    def naive(case: Case) -> Quote:
        """Every promotion and every code is looked at for every cart."""
        facts = Facts("GBP", case.items, POST, store.taxes, store.rates, promotions, codes)
        return quote(case.request, facts)

    rounds = QUICK_ROUNDS if bench.quick else ROUNDS
    bench.progress(f"{rounds * CARTS} quotes of {CARTS} carts")
    seconds = _seconds(ours, cases * rounds)
    naive_seconds = _seconds(naive, cases[: 10 if bench.quick else 50])
    bench.figure("quotes_per_s", 1 / seconds)
    bench.figure("naive_quotes_per_s", 1 / naive_seconds)
    bench.ratio("quote_vs_naive", naive_seconds / seconds)
    bench.check("same_totals", all(ours(case).total == naive(case).total for case in cases[:20]))
    bench.check("reduced", any(ours(case).reduction for case in cases))


def _seconds(work: Callable[[Case], Quote], cases: list[Case]) -> float:
    """Of the processor, for each."""
    started = time.process_time()
    for case in cases:
        work(case)
    return (time.process_time() - started) / len(cases)


def _item(n: int, chance: random.Random) -> Item:
    tax_class = "reduced" if n % 5 == 0 else ""
    return Item(UUID(int=10_000 + n), UUID(int=20_000 + n), chance.randrange(100, 20_000), _category(n), tax_class)


def _category(n: int) -> UUID:
    return UUID(int=30_000 + n % CATEGORIES)


def _promotion(n: int, chance: random.Random) -> Promotion:
    """A third by code; most for some products or a category."""
    kind = chance.choice([PromotionKind.PER_CENT, PromotionKind.AMOUNT, PromotionKind.BUY_GET])
    conditions = Conditions(categories=(_category(n),), ends_at=datetime(2027, 1, 1, tzinfo=UTC))
    if n % 3 == 0:
        conditions = Conditions(products=tuple(UUID(int=20_000 + chance.randrange(PRODUCTS)) for _ in range(20)))
    if n % 40 == 0:
        conditions = Conditions(minimum=chance.randrange(1_000, 30_000))
    value = chance.randrange(50_000, 400_000) if kind is not PromotionKind.AMOUNT else chance.randrange(100, 900)
    return Promotion(
        UUID(int=40_000 + n),
        f"Promotion {n}",
        kind,
        value,
        1,
        1,
        by_code=n % 3 == 1,
        combines=n % 7 != 0,
        conditions=conditions,
    )


def _case(items: list[Item], codes: tuple[CodeFact, ...], chance: random.Random) -> Case:
    chosen, code = chance.sample(items, 5), chance.choice(codes)
    lines = tuple(LineAsked(n, item.variant_id, chance.randrange(1, 4)) for n, item in enumerate(chosen, 1))
    way = WayAsked("ship", DeliveryMethod.SHIP, 12.0)
    return Case(QuoteRequest(AT, "online", lines, (way,), "ship", codes=(code.code,)), tuple(chosen), (code,))
