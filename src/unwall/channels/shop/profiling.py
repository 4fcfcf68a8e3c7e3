"""Whether stores may keep a profile of what a member does there."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.flash import Flash
from unwall.channels.http.routes import FormData
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.insight.profiles.reads import may_be_profiled
from unwall.kernel.text import N_
from unwall.usecases.choose_profiled import choose_profiled

PATH = "/me/profiles"


class ProfilingPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/profiling.html"

    profiled: bool


@get(PATH, include_in_schema=False)
async def show(ctx: ShopContext) -> Response[str]:
    member = ctx.signed_in()
    async with ctx.services.db.read() as conn:
        profiled = await may_be_profiled(conn, member.id)
    return ctx.page(ProfilingPage(title=ctx.words(N_("What stores know of you")), profiled=profiled))


@post(PATH, include_in_schema=False, status_code=303)
async def choose(ctx: ShopContext, data: FormData) -> Redirect:
    member = ctx.signed_in()
    await choose_profiled(ctx.services.db, member.id, profiled="profiled" in data)
    ctx.flash(Flash(ctx.words(N_("Your choice is saved."))))
    return Redirect(PATH, status_code=303)


HANDLERS: list[Any] = [show, choose]
