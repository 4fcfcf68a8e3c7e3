"""Staff and API keys."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.console import views
from unwall.channels.console.context import ROLES, ConsoleContext
from unwall.channels.console.forms import SubmittedForm, form_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.stock.reads import nodes
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people import actions, reads
from unwall.people.rules import check_person
from unwall.people.sessions import hash_password
from unwall.people.values import ApiKey, ApiScope, Permission, Role, Staff, StaffDraft

PATH = "/console/people"
KEYS = f"{PATH}/keys"
SCOPE = "scope."


@get(PATH, permission=Permission.PEOPLE, include_in_schema=False)
async def people(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx)


async def _page(
    ctx: ConsoleContext, *, form: SubmittedForm | None = None, error: Invalid | None = None, secret: str | None = None
) -> Response[str]:
    async with ctx.confined() as conn:
        staff = await reads.staff_list(conn, ctx.merchant_id)
        keys = await reads.api_keys(conn, ctx.merchant_id)
        places = await nodes(conn, [ctx.merchant_id], ctx.lang)
    names = {node.id: node.name for node in places}
    answer = ctx.page(
        "console/people.html",
        title=ctx.words(N_("Staff and API keys")),
        error=error,
        people=[_person(ctx, one, names) for one in staff],
        keys=[_key(ctx, key) for key in keys],
        secret=secret,
        errors=ctx.field_errors(error),
        doing=form.text("do") if form else "",
        kept=FieldTexts(form.fields if form else {}),
        roles=[Option(role.value, ctx.words(label)) for role, label in ROLES.items()],
        no_node=[Option("", "–")],
        nodes=[Option(str(node.id), node.name) for node in places],
        scopes=[s.value for s in ApiScope],
    )
    if secret:
        answer.headers["cache-control"] = "no-store"
    return answer


class StaffRow(msgspec.Struct, frozen=True):
    """`own`: the person who looks at the page."""

    id: str
    name: str
    email: str
    role: str
    node: str | None
    active: bool
    own: bool


class KeyRow(msgspec.Struct, frozen=True):
    id: str
    name: str
    hint: str
    scopes: str
    made: str
    revoked: str | None


def _person(ctx: ConsoleContext, one: Staff, names: dict[UUID, str]) -> StaffRow:
    return StaffRow(
        id=str(one.id),
        name=one.name,
        email=one.email,
        role=ctx.words(ROLES[one.role]),
        node=names.get(one.node_id) if one.node_id else None,
        active=one.active,
        own=one.id == ctx.staff.id,
    )


def _key(ctx: ConsoleContext, key: ApiKey) -> KeyRow:
    return KeyRow(
        id=str(key.id),
        name=key.name,
        hint=f"{key.hint}…",
        scopes=", ".join(sorted(key.scopes)),
        made=views.moment(ctx, key.created_at),
        revoked=views.moment(ctx, key.revoked_at) if key.revoked_at else None,
    )


# --- staff ------------------------------------------------------------------------------------------------------------


@post(PATH, permission=Permission.PEOPLE, include_in_schema=False, status_code=303)
async def add(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    email, name, password = (data.get(field, "") for field in ("email", "name", "password"))
    try:
        role = form.read("role", Role, Role.EDITOR, N_("Choose a role."))
        form.check()
        check_person(email, name, password)
        draft = StaffDraft(email, name, role, parse_id(form.text("node")) if role is Role.NODE else None)
        hashed = await hash_password(password)
        async with ctx.confined() as conn:
            await actions.add_staff(conn, ctx.merchant_id, draft, hashed)
    except Invalid as error:
        return await _page(ctx, form=form, error=error)
    ctx.flash(ctx.words(N_("{name} can sign in now."), name=name.strip()))
    return see_other(PATH)


@post(f"{PATH}/{{staff_id:uuid}}/active", permission=Permission.PEOPLE, include_in_schema=False, status_code=303)
async def set_active(ctx: ConsoleContext, staff_id: UUID, data: FormData) -> Response[Any]:
    active = data.get("active") == "1"
    if staff_id == ctx.staff.id:
        raise Invalid.one("active", N_("You cannot deactivate yourself; another owner can."))
    async with ctx.confined() as conn:
        await actions.set_active(conn, ctx.merchant_id, staff_id, active=active)
    undo = {"active": "0" if active else "1"}
    message = N_("They can sign in again.") if active else N_("They are signed out and cannot sign in.")
    ctx.flash(ctx.words(message), f"{PATH}/{staff_id}/active", undo)
    return see_other(PATH)


# --- API keys ---------------------------------------------------------------------------------------------------------


@post(KEYS, permission=Permission.PEOPLE, include_in_schema=False, status_code=200)
async def make_key(ctx: ConsoleContext) -> Response[Any]:
    """The secret is shown in this answer only."""
    form = await form_of(ctx.request)
    scopes = frozenset(ApiScope(scope) for scope in ApiScope if form.has(f"{SCOPE}{scope.value}"))
    try:
        async with ctx.confined() as conn:
            made = await actions.make_api_key(conn, ctx.merchant_id, form.text("key_name"), scopes)
    except Invalid as error:
        return await _page(ctx, form=form, error=error)
    return await _page(ctx, secret=made.secret)


@post(f"{KEYS}/{{key_id:uuid}}/revoke", permission=Permission.PEOPLE, include_in_schema=False, status_code=303)
async def revoke_key(ctx: ConsoleContext, key_id: UUID, data: FormData) -> Response[Any]:
    async with ctx.confined() as conn:
        await actions.revoke_api_key(conn, ctx.merchant_id, key_id)
    ctx.flash(ctx.words(N_("The key is revoked.")))
    return see_other(PATH)


HANDLERS: list[Any] = [people, add, set_active, make_key, revoke_key]
