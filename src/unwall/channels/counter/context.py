"""What every page of the counter stands in: who works here, and at which shop or warehouse."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.response import Redirect

from unwall.channels.http.context import AnyRequest, lang_of
from unwall.channels.http.rendering import render
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.stock.reads import nodes
from unwall.commerce.stock.values import Node
from unwall.kernel.database import Transaction
from unwall.kernel.errors import NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_, gettext, ngettext
from unwall.people.values import Staff
from unwall.services import Services

NODE = "uw_node"
TASKS, HAND_OVER, SELL, STOCK = "/counter", "/counter/hand-over", "/counter/sell", "/counter/stock"
CHOOSE = "/counter/node"
NAV = (
    (TASKS, N_("Tasks"), "list"),
    (HAND_OVER, N_("Hand over"), "key"),
    (SELL, N_("Sell"), "wallet"),
    (STOCK, N_("Stock"), "box"),
)


class NodeNeeded(Exception):
    """Whoever serves several nodes has to say first where they stand."""


@dataclass(frozen=True)
class CounterContext:
    """One request of one member of staff at one node: what the counter's handlers get."""

    request: AnyRequest
    services: Services
    staff: Staff
    lang: str
    node: Node
    nodes: list[Node]
    """All of the merchant's, this one too."""

    @property
    def by_htmx(self) -> bool:
        return self.request.headers.get("hx-request") == "true"

    def confined(self) -> AbstractAsyncContextManager[Transaction]:
        return self.services.db.confined(self.staff.merchant_id)

    def words(self, message: str, **facts: object) -> str:
        return gettext(self.lang, message, **facts)

    def count(self, one: str, many: str, n: int) -> str:
        return ngettext(self.lang, one, many, n)

    def page(self, template: str, *, title: str, status: int = 200, beep: str = "", **context: Any) -> Response[str]:
        """A whole page; htmx takes the part of it that changed. `beep` (ok | bad) is heard and felt."""
        frame = {
            "staff": self.staff,
            "place": self.node.name,
            "nav": self._nav(),
            "zone": self.node.timezone,
            "beep": beep,
        }
        return render(self.request, self.lang, template, title=title, status=status, **(frame | context))

    def _nav(self) -> list[tuple[str, str, str, bool]]:
        path = self.request.url.path
        here = next((url for url, _, _ in NAV[1:] if path.startswith(url)), TASKS if path != CHOOSE else "")
        return [(url, self.words(label), icon, url == here) for url, label, icon in NAV]


async def provide_counter_context(request: AnyRequest, services: Services, staff: Staff) -> CounterContext:
    """Raises `NodeNeeded`."""
    lang = lang_of(request)
    open_to_them = await their_nodes(services, staff, lang)
    wanted = staff.node_id or parse_id(request.cookies.get(NODE, ""))
    for node in open_to_them:
        if node.id == wanted and reaches(staff, node.id):
            return CounterContext(request, services, staff, lang, node, open_to_them)
    raise NodeNeeded


async def their_nodes(services: Services, staff: Staff, lang: str) -> list[Node]:
    async with services.db.confined(staff.merchant_id) as conn:
        return await nodes(conn, [staff.merchant_id], lang)


def to_choice(request: AnyRequest, _: NodeNeeded) -> Response[Any]:
    after = request.url.path if request.method == "GET" else TASKS
    return see_other(f"{CHOOSE}?next={after}")


def see_other(url: str) -> Redirect:
    return Redirect(url, status_code=303)


def known_id(text: str, message: str = N_("There is nothing here.")) -> UUID:
    """An id out of a form. Raises `NotFound` where it is none."""
    found = parse_id(text)
    if found is None:
        raise NotFound(message)
    return found
