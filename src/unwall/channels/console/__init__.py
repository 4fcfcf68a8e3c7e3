"""The console: the merchant's pages, by subject."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.console import today
from unwall.channels.console.catalogue import bundles, product_editor, products
from unwall.channels.console.content import (
    accounts,
    answering,
    blocked,
    calendar,
    comments,
    composer,
    conversations,
    discovery,
    inbox,
    moderation,
    posts,
    questions,
    reviews,
    tagging,
    uploads,
)
from unwall.channels.console.context import provide_console_context
from unwall.channels.console.insight import page_editor, pins, post_figures, segments
from unwall.channels.console.insight import reports as insight
from unwall.channels.console.orders import (
    cancellations,
    details,
    gift_cards,
    invoices,
    marks,
    order_list,
    payment_settings,
    payouts,
    refunds,
    return_opening,
    returns,
    slips,
)
from unwall.channels.console.people import passwords, pushes, staff
from unwall.channels.console.people import sign_in as entry
from unwall.channels.console.pricing import promotions, taxes
from unwall.channels.console.stock import delivery, nodes, zones
from unwall.channels.console.stock import levels as stock
from unwall.channels.http.body_sizes import MAX_STAFF_BODY_BYTES

_MODULES = (
    entry,
    today,
    posts,
    calendar,
    composer,
    accounts,
    tagging,
    uploads,
    moderation,
    discovery,
    reviews,
    questions,
    comments,
    blocked,
    inbox,
    products,
    product_editor,
    bundles,
    page_editor,
    pins,
    order_list,
    cancellations,
    details,
    marks,
    slips,
    refunds,
    returns,
    return_opening,
    conversations,
    pushes,
    answering,
    stock,
    nodes,
    delivery,
    zones,
    promotions,
    taxes,
    payment_settings,
    invoices,
    gift_cards,
    payouts,
    post_figures,
    segments,
    insight,
    staff,
    passwords,
)

HANDLERS: list[Any] = [
    Router(
        path="/",
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        dependencies={"ctx": Provide(provide_console_context)},
        request_max_body_size=MAX_STAFF_BODY_BYTES,
    )
]
