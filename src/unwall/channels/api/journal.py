"""The events of browsers: small batches, sent by `navigator.sendBeacon` as people read and leave."""

from typing import Any

import msgspec
from litestar import post

from unwall.channels.http.context import AnyRequest
from unwall.journal import rules
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.services import Services


class Taken(msgspec.Struct, frozen=True):
    """`new` are those that were not there before: sending again changes nothing."""

    accepted: int
    new: int


@post("/journal", status_code=202, request_max_body_size=rules.MAX_BYTES, tags=["journal"])
async def record_events(request: AnyRequest, services: Services, visit: Visit) -> Taken:
    """Take what a browser saw: `{"events": [{"id", "kind", "at", ...}]}`, at most 100 events and 64 kB.

    Kinds: impression, view, click, dwell, share, search. What only one kind has is its `body`, such as
    `{"kind": "dwell", "seconds": 2.5}` and `{"kind": "search", "query": "silk"}`. An event is identified by its `id`
    and `at`; sending it again changes nothing. Whose the products and posts are, and who the visitor is, the server
    knows by itself.
    """
    events = rules.accept(await request.body(), visit, now())
    new = await services.ingest.add(await services.owners.with_merchants(events))
    return Taken(len(events), new)


HANDLERS: list[Any] = [record_events]
