"""The counter's request context: who works, and at which shop or warehouse."""

from dataclasses import dataclass
from typing import Any

from litestar import Response

from unwall.channels.http.context import AnyRequest, lang_of
from unwall.channels.http.errors import status_of
from unwall.channels.http.menus import CHOOSE, TASKS, counter_menu
from unwall.channels.http.page_context import StaffContext, see_other
from unwall.channels.http.rendering import Layout, PageContent, render
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.stock.reads import nodes
from unwall.commerce.stock.values import Node
from unwall.kernel.errors import UnwallError
from unwall.kernel.ids import parse_id
from unwall.people.values import Staff
from unwall.services import Services

NODE = "uw_node"


class NodeNeeded(Exception):
    """Staff of several nodes have to choose first at which of them they work."""


class CounterLayout(Layout, frozen=True, kw_only=True):
    zone: str
    beep: str
    """a sound and a vibration: ok | bad | "" """


class CounterPage(PageContent, frozen=True, kw_only=True):
    events: str | None = None
    """the address of the stream of events at which parts of the page ask again"""


@dataclass(frozen=True)
class CounterContext(StaffContext):
    """One request of one member of staff at one node: what the counter's handlers get."""

    node: Node
    nodes: list[Node]
    """All of the merchant's, this one too."""

    def page(self, content: CounterPage, *, error: UnwallError | None = None, beep: str = "") -> Response[str]:
        """A whole page; htmx takes the part of it that changed. `error` is why it is shown again, and gives the
        status; `beep` is "bad" wherever there is an error."""
        layout = CounterLayout(
            staff=self.staff,
            place=self.node.name,
            nav=counter_menu(self.request, self.lang),
            zone=self.node.timezone,
            beep="bad" if error else beep,
        )
        return render(self.request, self.lang, content, layout, status=status_of(error))


async def provide_counter_context(request: AnyRequest, services: Services, staff: Staff) -> CounterContext:
    """Raises `NodeNeeded`."""
    lang = lang_of(request)
    open_to_them = await their_nodes(services, staff, lang)
    wanted = staff.node_id or parse_id(request.cookies.get(NODE, ""))
    for node in open_to_them:
        if node.id == wanted and reaches(staff, node.id):
            return CounterContext(request, services, lang, staff, node, open_to_them)
    raise NodeNeeded


async def their_nodes(services: Services, staff: Staff, lang: str) -> list[Node]:
    async with services.db.confined(staff.merchant_id) as conn:
        return await nodes(conn, [staff.merchant_id], lang)


def to_choice(request: AnyRequest, _: NodeNeeded) -> Response[Any]:
    after = request.url.path if request.method == "GET" else TASKS
    return see_other(f"{CHOOSE}?next={after}")
