"""The counter: a tool for a hand that holds a box."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.counter import hand_over as handover
from unwall.channels.counter import sales, tasks
from unwall.channels.counter import sign_in as entry
from unwall.channels.counter import stock as shelves
from unwall.channels.counter.context import NodeNeeded, provide_counter_context, to_choice
from unwall.people.values import Permission

_MODULES = (tasks, handover, sales, shelves)

HANDLERS: list[Any] = [
    *entry.HANDLERS,
    Router(
        path="/",
        opt={"permission": Permission.FULFIL},
        include_in_schema=False,
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        dependencies={"ctx": Provide(provide_counter_context)},
        exception_handlers={NodeNeeded: to_choice},
    ),
]
