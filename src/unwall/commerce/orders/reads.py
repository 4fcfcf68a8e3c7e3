"""Every question about carts and orders."""

from uuid import UUID

from unwall.commerce.orders.values import Cart, Order, OrderRow, OrderStory
from unwall.kernel.cursors import Page
from unwall.kernel.database import Connection
from unwall.people.values import Visit


async def carts(conn: Connection, visit: Visit, lang: str) -> list[Cart]:
    """The visitor's open carts that hold something, one a merchant."""
    raise NotImplementedError


async def cart(conn: Connection, visit: Visit, cart_id: UUID, lang: str) -> Cart | None:
    """One of the visitor's carts, open or ordered; None where it is not theirs."""
    raise NotImplementedError


async def units_in_bag(conn: Connection, visit: Visit) -> int:
    raise NotImplementedError


async def order(conn: Connection, order_id: UUID, lang: str) -> Order | None:
    raise NotImplementedError


async def own_order(conn: Connection, visit: Visit, order_id: UUID, lang: str) -> Order | None:
    """The order if this visitor or member placed it."""
    raise NotImplementedError


async def orders_of(conn: Connection, visit: Visit, after: str | None, limit: int, lang: str) -> Page[OrderRow]:
    """Everything the visitor or member ordered, newest first."""
    raise NotImplementedError


async def desk_orders(
    conn: Connection, merchant_id: UUID, after: str | None, limit: int, query: str = "", lang: str = "en"
) -> Page[OrderRow]:
    """A merchant's orders, newest first; `query` is part of a number or of the customer's name."""
    raise NotImplementedError


async def story(conn: Connection, order_id: UUID, lang: str) -> OrderStory | None:
    """The order with its shipments, their history and every stock movement behind it."""
    raise NotImplementedError
