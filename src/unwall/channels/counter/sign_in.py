"""Signing in to the counter, and choosing the shop or warehouse. Signing out is the shop's route, which ends every
session of the browser."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.channels.counter.context import NODE, CounterPage, their_nodes
from unwall.channels.http.context import YEAR, AnyRequest, lang_of, set_cookie
from unwall.channels.http.menus import CHOOSE, TASKS
from unwall.channels.http.page_context import known_id, see_other
from unwall.channels.http.rendering import Layout, render
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.http.staff_sign_in import StaffSignInPage, sign_in_form, start_staff_session
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.stock.values import Node
from unwall.kernel.errors import Forbidden, Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_, gettext
from unwall.people.values import BadCredentials, Permission, Staff
from unwall.services import Services


@get("/counter/sign-in", include_in_schema=False)
async def sign_in_page(request: AnyRequest) -> Response[str]:
    return _form(request, {"next": request.query_params.get("next", TASKS)})


@post("/counter/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: AnyRequest, services: Services, data: FormData) -> Response[Any]:
    try:
        await start_staff_session(request, services, data)
    except (Invalid, BadCredentials, TooMany) as error:
        return _form(request, data, error)
    return see_other(own_path(data.get("next", TASKS), TASKS))


class CounterSignInPage(StaffSignInPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/sign_in.html"

    events: str | None = None
    """as `CounterPage.events`"""


def _form(request: AnyRequest, data: dict[str, str], error: UnwallError | None = None) -> Response[str]:
    return sign_in_form(request, CounterSignInPage, N_("Sign in to the counter"), TASKS, data, error)


class NodeChoicePage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/node.html"

    here: UUID | None
    nodes: list[Node]
    next: str


@get(CHOOSE, permission=Permission.FULFIL, include_in_schema=False)
async def choose_page(request: AnyRequest, services: Services, staff: Staff) -> Response[str]:
    """The choice of a node, the languages, and signing out."""
    lang = lang_of(request)
    nodes = [node for node in await their_nodes(services, staff, lang) if reaches(staff, node.id)]
    here = staff.node_id or parse_id(request.cookies.get(NODE, ""))
    return render(
        request,
        lang,
        NodeChoicePage(
            title=gettext(lang, N_("Choose your shop or warehouse")),
            here=here,
            nodes=nodes,
            next=own_path(request.query_params.get("next", TASKS), TASKS),
        ),
        Layout(staff=staff),
    )


@post(CHOOSE, permission=Permission.FULFIL, include_in_schema=False, status_code=303)
async def choose(request: AnyRequest, services: Services, staff: Staff, data: FormData) -> Response[Any]:
    chosen = known_id(data.get("node", ""), N_("There is no such shop or warehouse."))
    if not reaches(staff, chosen):
        raise Forbidden(N_("You work at another shop or warehouse."))
    if chosen not in {node.id for node in await their_nodes(services, staff, lang_of(request))}:
        raise NotFound(N_("There is no such shop or warehouse."))
    set_cookie(request, services, NODE, str(chosen), YEAR)
    return see_other(own_path(data.get("next", TASKS), TASKS))


HANDLERS: list[Any] = [sign_in_page, sign_in, choose_page, choose]
