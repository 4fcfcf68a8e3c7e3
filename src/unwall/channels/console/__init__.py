"""The console: the merchant's desk. Publish, sell, stock, understand."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.console import (
    bundles,
    composer,
    entry,
    insight,
    nodes,
    orders,
    people,
    pins,
    posts,
    products,
    shelf_editor,
    stock,
    today,
)
from unwall.channels.console.frame import provide_seat
from unwall.channels.refusals import LARGE

_ROOMS = (entry, today, posts, composer, products, shelf_editor, bundles, pins, orders, stock, nodes, insight, people)

HANDLERS: list[Any] = [
    Router(
        path="/",
        route_handlers=[handler for room in _ROOMS for handler in room.HANDLERS],
        dependencies={"seat": Provide(provide_seat)},
        request_max_body_size=LARGE,
    )
]
