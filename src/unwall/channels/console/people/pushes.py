"""The browsers of staff that take push messages."""

from typing import Any

from litestar import post

from unwall.channels.console.context import ConsoleContext
from unwall.channels.http.context import STAFF
from unwall.channels.http.push import push_subscription
from unwall.channels.http.routes import FormData
from unwall.messages import actions as messaging
from unwall.people.values import Permission


@post("/console/push", permission=Permission.CONVERSE, include_in_schema=False, status_code=204)
async def subscribe(ctx: ConsoleContext, data: FormData) -> None:
    """By the script, once somebody has allowed push messages in this browser; as long as their sign-in lasts."""
    given = push_subscription(data)
    async with ctx.services.db.transaction() as conn:
        await messaging.subscribe(conn, ctx.staff.id, ctx.request.cookies.get(STAFF, ""), given, ctx.lang)


@post("/console/push/end", permission=Permission.CONVERSE, include_in_schema=False, status_code=204)
async def unsubscribe(ctx: ConsoleContext, data: FormData) -> None:
    async with ctx.services.db.transaction() as conn:
        await messaging.unsubscribe(conn, ctx.staff.id, data.get("endpoint", ""))


HANDLERS: list[Any] = [subscribe, unsubscribe]
