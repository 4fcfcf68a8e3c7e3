"""For shoppers' apps: browse, follow, search, order and pay."""

from typing import Any

from unwall.channels.api.shopper import (
    accounts,
    comments,
    delivery,
    hashtags,
    opinions,
    orders,
    posts,
    products,
    saves,
    sessions,
)

HANDLERS: list[Any] = [
    *sessions.HANDLERS,
    *posts.HANDLERS,
    *accounts.HANDLERS,
    *hashtags.HANDLERS,
    *saves.HANDLERS,
    *products.HANDLERS,
    *opinions.HANDLERS,
    *comments.HANDLERS,
    *delivery.HANDLERS,
    *orders.HANDLERS,
]
