"""The shop: pages for shoppers, on a phone first."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.shop import (
    accounts,
    bags,
    bundles,
    checkouts,
    home,
    membership,
    orders,
    posts,
    products,
    searching,
)
from unwall.channels.shop.frame import provide_shopper

_ROOMS = (home, accounts, posts, products, searching, bags, bundles, checkouts, orders, membership)

HANDLERS: list[Any] = [
    Router(
        path="/",
        route_handlers=[handler for room in _ROOMS for handler in room.HANDLERS],
        dependencies={"shopper": Provide(provide_shopper)},
    )
]
