"""Internal shipping costs and the delivery fees that shoppers pay: one rate table per currency."""

from unwall.commerce.sourcing.values import Rates
from unwall.kernel.money import precision

_EURO = Rates("EUR", base=360, box=60, per_100_km=25, ship_fee=490, courier_fee=690, courier_fee_per_km=80)
_TABLE = {
    "CNY": Rates("CNY", base=500, box=150, per_100_km=80, ship_fee=1000, courier_fee=1200, courier_fee_per_km=200),
    "GBP": Rates("GBP", base=310, box=50, per_100_km=20, ship_fee=395, courier_fee=590, courier_fee_per_km=70),
    "USD": Rates("USD", base=520, box=80, per_100_km=30, ship_fee=595, courier_fee=790, courier_fee_per_km=100),
    "JPY": Rates("JPY", base=550, box=80, per_100_km=30, ship_fee=700, courier_fee=900, courier_fee_per_km=120),
    "EUR": _EURO,
}


def rates_for(currency: str) -> Rates:
    """The rates of the currency; a currency that is not in the table gets those of the euro, scaled to its minor
    units.
    """
    if currency in _TABLE:
        return _TABLE[currency]

    def scaled(cents: int) -> int:
        return int(cents * 10.0 ** (precision(currency) - precision("EUR")))

    return Rates(
        currency,
        base=scaled(_EURO.base),
        box=scaled(_EURO.box),
        per_100_km=scaled(_EURO.per_100_km),
        ship_fee=scaled(_EURO.ship_fee),
        courier_fee=scaled(_EURO.courier_fee),
        courier_fee_per_km=scaled(_EURO.courier_fee_per_km),
    )
