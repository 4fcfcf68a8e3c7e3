"""Staff and API keys."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm, form_of
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.menus import ROLES
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.stock.reads import nodes
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Invalid, existing
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people import actions, reads
from unwall.people.actions import NO_STAFF
from unwall.people.passwords import hash_password
from unwall.people.rules import check_person
from unwall.people.values import ApiKey, ApiScope, Permission, Role, Staff, StaffChange, StaffDraft

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
        every = await nodes(conn, [ctx.merchant_id], ctx.lang)
    names = {node.id: node.name for node in every}
    return ctx.page(
        PeoplePage(
            title=ctx.words(N_("Staff and API keys")),
            people=[_person(ctx, one, names) for one in staff],
            keys=[_key(ctx, key) for key in keys],
            secret=secret,
            errors=ctx.field_errors(error),
            doing=form.text("do") if form else "",
            kept=FieldTexts(form.fields if form else {}),
            roles=[Option(role.value, ctx.words(label)) for role, label in ROLES.items()],
            no_node=[Option("", "–")],
            nodes=[Option(str(node.id), node.name) for node in every],
            scopes=[s.value for s in ApiScope],
        ),
        error=error,
    )


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


class PeoplePage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/people.html"

    people: list[StaffRow]
    keys: list[KeyRow]
    secret: str | None
    errors: FieldTexts
    doing: str
    kept: FieldTexts
    roles: list[Option]
    no_node: list[Option]
    nodes: list[Option]
    scopes: list[str]


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


@get(f"{PATH}/{{staff_id:uuid}}", permission=Permission.PEOPLE, include_in_schema=False)
async def staff_page(ctx: ConsoleContext, staff_id: UUID) -> Response[str]:
    return await _staff_page(ctx, staff_id)


class StaffEditorPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/staff.html"

    person: Staff
    kept: Mapping[str, str]
    errors: FieldTexts
    roles: list[Option]
    nodes: list[Option]
    own: bool


async def _staff_page(
    ctx: ConsoleContext,
    staff_id: UUID,
    *,
    form: SubmittedForm | None = None,
    error: Invalid | ChangedMeanwhile | None = None,
) -> Response[str]:
    async with ctx.confined() as conn:
        one = await _own(conn, ctx, staff_id)
        every = await nodes(conn, [ctx.merchant_id], ctx.lang)
    return ctx.page(
        StaffEditorPage(
            title=one.name,
            version=form.text(FIELD) if form else version_of(_change_of(one)),
            person=one,
            kept=form.fields if form else _fields(one),
            errors=ctx.field_errors(error),
            roles=[Option(role.value, ctx.words(label)) for role, label in ROLES.items()],
            nodes=[Option("", "–"), *(Option(str(node.id), node.name) for node in every)],
            own=one.id == ctx.staff.id,
        ),
        error=error,
    )


async def _own(conn: Connection, ctx: ConsoleContext, staff_id: UUID) -> Staff:
    return existing(await reads.staff_member(conn, ctx.merchant_id, staff_id), NO_STAFF)


def _change_of(one: Staff) -> StaffChange:
    return StaffChange(one.name, one.role, one.node_id)


def _fields(one: Staff) -> dict[str, str]:
    return {"name": one.name, "role": one.role.value, "node": str(one.node_id or "")}


@post(f"{PATH}/{{staff_id:uuid}}", permission=Permission.PEOPLE, include_in_schema=False, status_code=303)
async def change(ctx: ConsoleContext, staff_id: UUID, data: FormData) -> Response[Any]:
    """Change name, role or node. To undo, the form is sent again with the values before."""
    form = SubmittedForm({"name": "", "role": "", "node": "", **data}, [])
    try:
        role = form.read("role", Role, Role.EDITOR, N_("Choose a role."))
        form.check()
        if staff_id == ctx.staff.id and role is not ctx.staff.role:
            raise Invalid.one("role", N_("You cannot change your own role; another owner can."))
        wanted = StaffChange(form.text("name"), role, parse_id(form.text("node")) if role is Role.NODE else None)
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, staff_id)
            before = await _own(conn, ctx, staff_id)
            check_version(form.text(FIELD), _change_of(before), wanted)
            await actions.change_staff(conn, ctx.merchant_id, staff_id, wanted)
            saved = await _own(conn, ctx, staff_id)
    except (Invalid, ChangedMeanwhile) as error:
        return await _staff_page(ctx, staff_id, form=form, error=error)
    undo = {**_fields(before), FIELD: version_of(_change_of(saved))}
    ctx.flash(ctx.words(N_("Saved.")), f"{PATH}/{staff_id}", undo)
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
    ctx.flash(ctx.words(N_("The key is revoked.")), f"{KEYS}/{key_id}/restore")
    return see_other(PATH)


@post(f"{KEYS}/{{key_id:uuid}}/restore", permission=Permission.PEOPLE, include_in_schema=False, status_code=303)
async def restore_key(ctx: ConsoleContext, key_id: UUID, data: FormData) -> Response[Any]:
    async with ctx.confined() as conn:
        await actions.restore_api_key(conn, ctx.merchant_id, key_id)
    ctx.flash(ctx.words(N_("The key works again.")), f"{KEYS}/{key_id}/revoke")
    return see_other(PATH)


HANDLERS: list[Any] = [people, add, staff_page, change, set_active, make_key, revoke_key, restore_key]
