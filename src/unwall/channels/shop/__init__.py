"""The shop: pages for shoppers, on a phone first."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.shop import (
    accounts,
    addresses,
    bags,
    bundles,
    checkouts,
    comments,
    conversation_reports,
    conversations,
    hashtags,
    home,
    invoices,
    notifications,
    order_lookup,
    orders,
    passwords,
    payments,
    posts,
    products,
    profiling,
    questions,
    removed,
    reorders,
    reports,
    returns,
    reviews,
    saves,
    streams,
    studio,
    studio_followers,
    studio_messages,
    studio_posts,
    unsubscribing,
    unwanted,
    uploads,
)
from unwall.channels.shop import members as membership
from unwall.channels.shop import search as searching
from unwall.channels.shop.context import provide_shop_context

_PUBLIC = (streams, home, accounts, posts, products, searching, hashtags, bundles, reviews, questions, comments)
"""Where a browser may keep what a visitor who is not signed in has seen, so that Back shows it at once."""
_PERSONAL = (
    bags,
    checkouts,
    invoices,
    order_lookup,
    orders,
    reorders,
    payments,
    returns,
    membership,
    addresses,
    passwords,
    profiling,
    notifications,
    unsubscribing,
    uploads,
    reports,
    saves,
    unwanted,
    conversation_reports,
    conversations,
    studio,
    studio_followers,
    studio_messages,
    studio_posts,
    removed,
)

HANDLERS: list[Any] = [
    Router(
        path="/",
        route_handlers=[
            Router(path="/", opt={"public": True}, route_handlers=[h for module in _PUBLIC for h in module.HANDLERS]),
            *(handler for module in _PERSONAL for handler in module.HANDLERS),
        ],
        dependencies={"ctx": Provide(provide_shop_context)},
    )
]
