"""The counter: a tool for a hand that holds a box."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from unwall.channels.counter import entry, handover, sales, shelves, tasks
from unwall.channels.counter.frame import NodeNeeded, provide_clerk, to_choice
from unwall.people.values import Permission

_ROOMS = (tasks, handover, sales, shelves)

HANDLERS: list[Any] = [
    *entry.HANDLERS,
    Router(
        path="/",
        opt={"permission": Permission.FULFIL},
        include_in_schema=False,
        route_handlers=[handler for room in _ROOMS for handler in room.HANDLERS],
        dependencies={"clerk": Provide(provide_clerk)},
        exception_handlers={NodeNeeded: to_choice},
    ),
]
