"""The shop: pages for shoppers, on a phone first."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.shop import accounts, bags, bundles, checkouts, home, orders, posts, products
from unwall.channels.shop import members as membership
from unwall.channels.shop import search as searching
from unwall.channels.shop.context import provide_shop_context

_MODULES = (home, accounts, posts, products, searching, bags, bundles, checkouts, orders, membership)

HANDLERS: list[Any] = [
    Router(
        path="/",
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        dependencies={"ctx": Provide(provide_shop_context)},
    )
]
