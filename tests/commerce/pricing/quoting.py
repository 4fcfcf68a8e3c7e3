"""Requests and facts that tests of pricing share."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import strategies as st
from msgspec.structs import replace

from unwall.commerce.pricing.values import (
    BundleUnits,
    Buyer,
    CodeFact,
    Conditions,
    Facts,
    Item,
    LineAsked,
    Promotion,
    PromotionKind,
    QuoteRequest,
    Rounding,
    TaxPlace,
    TaxRate,
    TaxSettings,
    WayAsked,
)
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SHIP, PICKUP = WayAsked("ship", DeliveryMethod.SHIP, 12.5), WayAsked("pickup", DeliveryMethod.PICKUP)
GB_VAT = (TaxRate("GB", 200_000), TaxRate("GB", 50_000, tax_class="reduced"), TaxRate("GB", 0, tax_class="zero"))
BRITISH = TaxSettings("GB")


def number(n: int) -> UUID:
    return UUID(int=n)


def item(n: int, price: int, **more: object) -> Item:
    return Item(number(n), number(100 + n), price, number(200 + n), **more)  # type: ignore[arg-type]


def asked(*units: int, **more: object) -> QuoteRequest:
    """So many units of item 1, 2, ...; posted."""
    lines = tuple(LineAsked(n, number(n), count) for n, count in enumerate(units, 1))
    return replace(QuoteRequest(AT, "online", lines, (SHIP, PICKUP), "ship"), **more)


def facts(*items: Item, **more: object) -> Facts:
    return replace(Facts("GBP", items, (DeliveryPrice(DeliveryMethod.SHIP, fee=395),)), **more)


def promotion(n: int, kind: PromotionKind, value: int = 0, **more: object) -> Promotion:
    return Promotion(number(n), f"Promotion {n}", kind, value, **more)  # type: ignore[arg-type]


# --- whatever may come ------------------------------------------------------------------------------------------------

CLASSES = st.sampled_from(["", "reduced", "zero"])
COUNTRIES = st.sampled_from(["GB", "DE", "FR", "US", "CN"])
MOST = {"JPY": 1_000_000, "GBP": 5_000_000, "KWD": 50_000_000}


@st.composite
def rates(draw: st.DrawFn) -> tuple[TaxRate, ...]:
    """One of each name, country, region and class."""
    kinds = st.tuples(COUNTRIES, st.sampled_from(["VAT", "levy"]), st.sampled_from(["", "north"]), CLASSES)
    chosen = draw(st.lists(kinds, max_size=8, unique=True))
    return tuple(
        TaxRate(country, draw(st.integers(0, 300_000)), name, region, tax_class)
        for country, name, region, tax_class in chosen
    )


@st.composite
def promotions(draw: st.DrawFn, items: int) -> tuple[Promotion, ...]:
    found = []
    for n in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(PromotionKind))
        per_cent = kind in {PromotionKind.PER_CENT, PromotionKind.BUY_GET}
        found.append(
            Promotion(
                number(1000 + n),
                f"Promotion {n}",
                kind,
                draw(st.integers(0, 1_000_000 if per_cent else 100_000)),
                draw(st.integers(0, 3)),
                draw(st.integers(1, 2)),
                (BundleUnits(number(1), draw(st.integers(1, 2))), BundleUnits(number(items), 1)) if items > 1 else (),
                by_code=draw(st.booleans()),
                combines=draw(st.booleans()),
                conditions=Conditions(
                    products=draw(st.sampled_from([(), (number(101),)])),
                    minimum=draw(st.sampled_from([0, 0, 5000])),
                    max_uses=draw(st.sampled_from([None, 0, 1])),
                ),
            )
        )
    return tuple(found)


@st.composite
def baskets(draw: st.DrawFn) -> tuple[QuoteRequest, Facts]:
    """In currencies of no, two and three digits."""
    currency = draw(st.sampled_from(["JPY", "GBP", "KWD"]))
    prices = draw(st.lists(st.integers(0, MOST[currency]), min_size=1, max_size=5))
    items = tuple(item(n, price, tax_class=draw(CLASSES)) for n, price in enumerate(prices, 1))
    units = draw(st.lists(st.integers(1, 99), min_size=len(items), max_size=len(items)))
    offered = draw(promotions(len(items)))
    free_from = draw(st.sampled_from([None, 10_000]))
    way = draw(st.sampled_from(["ship", "pickup", None]))
    place = TaxPlace(draw(COUNTRIES), draw(st.sampled_from(["", "north"])))
    codes = tuple(f"CODE{one.id.int}" for one in offered if one.by_code and draw(st.booleans()))
    return (
        asked(*units, way=way, place=place, codes=codes),
        Facts(
            currency,
            items,
            (DeliveryPrice(DeliveryMethod.SHIP, fee=draw(st.integers(0, 5000)), fee_per_km=3, free_from=free_from),),
            TaxSettings(
                country=draw(st.sampled_from(["GB", "DE"])),
                included=draw(st.booleans()),
                rounding=draw(st.sampled_from(Rounding)),
                oss=draw(st.booleans()),
                delivery_class=draw(st.sampled_from([None, "", "reduced"])),
            ),
            draw(rates()),
            offered,
            tuple(CodeFact(f"CODE{one.id.int}", one.id) for one in offered if one.by_code),
            buyer=Buyer(tax_exempt=draw(st.booleans()), tax_number=draw(st.sampled_from(["", "FR123"]))),
        ),
    )
