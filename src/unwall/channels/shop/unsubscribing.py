"""The link in a mail that ends such mails: without signing in, and by the mail program itself (RFC 8058)."""

from typing import Any

from litestar import Response, get, post

from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.messages.actions import choose_as
from unwall.messages.mailing import Unsubscription, unsubscription
from unwall.messages.values import Choice, NotificationChannel, Topic

TOPICS = {
    Topic.ORDERS: N_("Mails about your orders"),
    Topic.MESSAGES: N_("Mails about messages"),
    Topic.POSTS: N_("Mails about new posts"),
    Topic.REVIEWS: N_("Mails about reviews and answers"),
}


class UnsubscribePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/unsubscribe.html"

    action: str
    topic: str
    done: bool


@get("/unsubscribe/{token:str}", include_in_schema=False)
async def ask(ctx: ShopContext, token: str) -> Response[str]:
    """Asks first: programs that look at the links of mails open them too."""
    return _page(ctx, token, _opened(ctx, token), done=False)


@post("/unsubscribe/{token:str}", include_in_schema=False, status_code=200)
async def end(ctx: ShopContext, token: str) -> Response[str]:
    """The token is what allows it. Again, it changes nothing."""
    ended = _opened(ctx, token)
    async with ctx.services.db.transaction() as conn:
        await choose_as(conn, ended.person_id, [Choice(ended.topic, NotificationChannel.MAIL, wanted=False)])
    return _page(ctx, token, ended, done=True)


def _opened(ctx: ShopContext, token: str) -> Unsubscription:
    ended = unsubscription(ctx.services.secret, token)
    if ended is None:
        raise NotFound(N_("This link is incomplete. Copy it from the mail again."))
    return ended


def _page(ctx: ShopContext, token: str, what: Unsubscription, *, done: bool) -> Response[str]:
    title = ctx.words(N_("No more such mails") if done else N_("End these mails?"))
    action = f"/unsubscribe/{token}"
    return ctx.page(UnsubscribePage(title=title, action=action, topic=ctx.words(TOPICS[what.topic]), done=done))


HANDLERS: list[Any] = [ask, end]
