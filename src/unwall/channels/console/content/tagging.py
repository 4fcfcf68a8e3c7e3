"""Who may tag the merchant's products in posts: everybody, the listed collaborators, or nobody else."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.console.content.posts import PATH as POSTS
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.content.accounts import actions
from unwall.content.accounts.reads import collaborators
from unwall.content.accounts.values import Account
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_
from unwall.people.actions import set_tagging
from unwall.people.reads import tagging
from unwall.people.values import Permission, Tagging

PATH = f"{POSTS}/tagging"
CHOICES = {
    Tagging.EVERYBODY: N_("Everybody"),
    Tagging.COLLABORATORS: N_("The collaborators listed here"),
    Tagging.NOBODY: N_("Nobody else"),
}


class CollaboratorView(msgspec.Struct, frozen=True):
    name: str
    handle: str
    avatar: str | None
    url: str
    remove_url: str


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def settings(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx)


@post(PATH, permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def choose(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    try:
        chosen = form.read("tagging", Tagging, Tagging.NOBODY, N_("Choose one of the answers offered."))
        form.check()
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            stored = {"tagging": await tagging(conn, ctx.merchant_id)}
            check_version(form.text(FIELD), stored, {"tagging": chosen})
            await set_tagging(conn, ctx.merchant_id, chosen)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, error=error, chosen=form.text("tagging"))
    ctx.flash(ctx.words(N_("It is saved, and holds from now on.")))
    return see_other(PATH)


@post(f"{PATH}/collaborators", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def add(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    handle = data.get("handle", "")
    try:
        async with ctx.confined() as conn:
            await actions.add_collaborator(conn, ctx.merchant_id, handle)
    except Invalid as error:
        return await _page(ctx, handle=handle, error=error)
    ctx.flash(ctx.words(N_("The account is added to the list.")))
    return see_other(PATH)


@post(
    f"{PATH}/collaborators/{{account_id:uuid}}/remove",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
)
async def remove(ctx: ConsoleContext, account_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await actions.remove_collaborator(conn, ctx.merchant_id, account_id)
    ctx.flash(ctx.words(N_("The account is removed from the list.")))
    return see_other(PATH)


class TaggingPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/tagging.html"

    path: str
    posts_url: str
    choices: list[Option]
    chosen: str
    collaborators: list[CollaboratorView]
    handle: str
    errors: FieldTexts


async def _page(
    ctx: ConsoleContext, *, handle: str = "", chosen: str = "", error: Invalid | ChangedMeanwhile | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        stored = await tagging(conn, ctx.merchant_id)
        listed = await collaborators(conn, ctx.merchant_id, ctx.lang)
    return ctx.page(
        TaggingPage(
            title=ctx.words(N_("Who may tag your products")),
            path=PATH,
            posts_url=POSTS,
            choices=[Option(value.value, ctx.words(label)) for value, label in CHOICES.items()],
            chosen=chosen or stored.value,
            version=version_of({"tagging": stored}),
            collaborators=[_view(account) for account in listed],
            handle=handle,
            errors=ctx.field_errors(error),
        ),
        error=error,
    )


def _view(account: Account) -> CollaboratorView:
    return CollaboratorView(
        name=account.name,
        handle=account.handle,
        avatar=thumbnail_url(account.avatar),
        url=f"/a/{account.handle}",
        remove_url=f"{PATH}/collaborators/{account.id}/remove",
    )


HANDLERS: list[Any] = [settings, choose, add, remove]
