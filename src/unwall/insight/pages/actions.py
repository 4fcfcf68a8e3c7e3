"""Changes of what a merchant pins on the home page."""

from collections.abc import Sequence
from uuid import UUID

from unwall.catalogue.reads import cards
from unwall.insight.pages.rules import MAX_PINS
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_


async def save_pins(conn: Transaction, merchant_id: UUID, places: Sequence[tuple[int, UUID]]) -> None:
    """Replace the merchant's pins on the home page, given as (position from 0, product id), in the caller's
    transaction.

    Raises `Invalid` naming `pins.2.position` and `pins.2.product_id`.
    """
    errors = _faults(places, await _own(conn, merchant_id, places))
    if errors:
        raise Invalid(errors)
    await conn.execute("DELETE FROM pin WHERE merchant_id = $1", merchant_id)
    sql = "INSERT INTO pin (merchant_id, position, product_id) VALUES ($1, $2, $3)"
    await conn.executemany(sql, [(merchant_id, position, product) for position, product in places])


async def _own(conn: Connection, merchant_id: UUID, places: Sequence[tuple[int, UUID]]) -> set[UUID]:
    own_cards = await cards(conn, [product for _, product in places], "en")
    return {card.product_id for card in own_cards.values() if card.merchant_id == merchant_id}


def _faults(places: Sequence[tuple[int, UUID]], own: set[UUID]) -> list[FieldError]:
    errors = []
    for n, (position, product) in enumerate(places):
        if not 0 <= position < MAX_PINS:
            errors.append(FieldError(f"pins.{n}.position", N_("Positions are from 0 to {limit}.", limit=MAX_PINS - 1)))
        elif position in [earlier for earlier, _ in places[:n]]:
            errors.append(FieldError(f"pins.{n}.position", N_("Another pin has this position.")))
        if product not in own:
            errors.append(FieldError(f"pins.{n}.product_id", N_("This is not one of your products on sale.")))
        elif product in [earlier for _, earlier in places[:n]]:
            errors.append(FieldError(f"pins.{n}.product_id", N_("This product is pinned already.")))
    return errors
