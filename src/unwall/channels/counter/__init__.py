"""The counter: pages for staff of a shop or warehouse, who pick, pack, hand over and sell."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.counter import gift_card_sales, hand_over, returns, sales, sign_in, stock, tasks
from unwall.channels.counter.context import NodeNeeded, provide_counter_context, to_choice
from unwall.people.values import Permission

_MODULES = (tasks, hand_over, sales, gift_card_sales, returns, stock)

HANDLERS: list[Any] = [
    *sign_in.HANDLERS,
    Router(
        path="/",
        opt={"permission": Permission.FULFIL},
        include_in_schema=False,
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        dependencies={"ctx": Provide(provide_counter_context)},
        exception_handlers={NodeNeeded: to_choice},
    ),
]
