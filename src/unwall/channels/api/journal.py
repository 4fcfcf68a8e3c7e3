"""Where browsers tell what happened: small batches, sent by `navigator.sendBeacon` as people read and leave."""

from typing import Any

import msgspec
from litestar import post

from unwall.channels.http.context import AnyRequest
from unwall.journal import rules
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.services import Services


class Taken(msgspec.Struct, frozen=True):
    """`new` are those that were not told before: telling again changes nothing."""

    accepted: int
    new: int


@post("/journal", status_code=202, request_max_body_size=rules.MOST_BYTES, tags=["journal"])
async def tell(request: AnyRequest, services: Services, visit: Visit) -> Taken:
    """Take what a browser saw: `{"events": [{"id", "kind", "at", ...}]}`, at most 100 events and 64 kB.

    Kinds: impression, view, click, dwell (with `seconds`), share, search (with `query`). An event is named by its `id`
    and `at`; sending it again changes nothing. Whose the products and posts are, and who the visitor is, the server
    knows by itself.
    """
    events = rules.accept(await request.body(), visit, now())
    new = await services.ingest.add(await services.owners.sign(events))
    return Taken(len(events), new)


HANDLERS: list[Any] = [tell]
