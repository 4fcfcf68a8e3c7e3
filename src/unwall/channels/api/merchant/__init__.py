"""A merchant's programs: catalogue, stock, posts, orders, figures. Every request is confined to the key's merchant."""

from typing import Any

from unwall.channels.api.merchant import catalogue, insight, opinions, orders, posts, prices, stock

HANDLERS: list[Any] = [
    *catalogue.HANDLERS,
    *stock.HANDLERS,
    *prices.HANDLERS,
    *posts.HANDLERS,
    *opinions.HANDLERS,
    *orders.HANDLERS,
    *insight.HANDLERS,
]
