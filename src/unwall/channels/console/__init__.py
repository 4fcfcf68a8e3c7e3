"""The console: the merchant's pages, by subject."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.console import orders, people, today
from unwall.channels.console import sign_in as entry
from unwall.channels.console.catalogue import bundles, product_editor, products
from unwall.channels.console.content import composer, posts, tagging
from unwall.channels.console.context import provide_console_context
from unwall.channels.console.insight import pins
from unwall.channels.console.insight import reports as insight
from unwall.channels.console.stock import levels as stock
from unwall.channels.console.stock import nodes
from unwall.channels.http.request_limits import MAX_UPLOAD_BYTES

_MODULES = (
    entry,
    today,
    posts,
    composer,
    tagging,
    products,
    product_editor,
    bundles,
    pins,
    orders,
    stock,
    nodes,
    insight,
    people,
)

HANDLERS: list[Any] = [
    Router(
        path="/",
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        dependencies={"ctx": Provide(provide_console_context)},
        request_max_body_size=MAX_UPLOAD_BYTES,
    )
]
