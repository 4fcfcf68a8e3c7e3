"""One request of one shopper: who asks, what the header of every page shows of them, and how pages are answered."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Response
from litestar_htmx import HTMXDetails

from unwall.channels.http.context import MEMBER, VISITOR, AnyRequest, origin_of, visit_of
from unwall.channels.http.flash import Flash, set_flash, take_flash
from unwall.channels.http.page_context import PageContext
from unwall.channels.http.rendering import NavLink, render
from unwall.insight.pages.reads import PageHeader, page_header
from unwall.journal.values import Visit
from unwall.kernel.text import N_
from unwall.people.values import Member
from unwall.services import Services

NAV = (("/", N_("Home"), "home"), ("/search", N_("Search"), "search"), ("/bag", N_("Bag"), "bag"))
ME = ("/me", N_("You"), "person")


class Brand(msgspec.Struct, frozen=True):
    """The one merchant that an install is for: its pages bear this name."""

    name: str
    url: str = "/"


@dataclass(frozen=True)
class ShopContext(PageContext):
    """One request of one shopper: what the shop's handlers get."""

    visit: Visit
    header: PageHeader
    brand: Brand | None

    @property
    def member(self) -> Member | None:
        return self.header.member

    @property
    def origin(self) -> str:
        return origin_of(self.request, self.services)

    @property
    def place_label(self) -> str | None:
        """Of the place they chose."""
        return self.visit.place.label if self.visit.place else None

    def wants(self, target: str) -> bool:
        """Whether htmx asks for what goes into the element of this id, and not for a page."""
        return HTMXDetails(self.request).target == target

    def flash(self, said: Flash) -> None:
        """On the next page."""
        set_flash(self.request, self.services, said)

    def page(self, template: str, *, title: str, status: int = 200, **context: Any) -> Response[str]:
        """A whole page with the shop's header and footer."""
        layout = {
            "me": self.member,
            "bag_count": self.header.units_in_bag,
            "nav": self._nav(),
            "place": self.place_label,
            "merchant": self.brand,
            "said": take_flash(self.request, self.services),
            "here": self._here(),
            "canonical": None,
        }
        answer = render(self.request, self.lang, template, title=title, status=status, **(layout | context))
        answer.headers["vary"] = "HX-Request, HX-Target"
        return answer

    def part(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """A piece for htmx. It shares its address with a page, and caches must not mistake one for the other."""
        answer = render(self.request, self.lang, template, title="", status=status, **context)
        answer.headers["vary"] = "HX-Request, HX-Target"
        return answer

    def _here(self) -> str:
        """This page's address with its query, to come back to."""
        path, query = self.request.scope["path"], self.request.scope["query_string"].decode()
        return f"{path}?{query}" if query else path

    def _nav(self) -> list[NavLink]:
        path = self.request.scope["path"]
        return [NavLink(url, self.words(label), icon, path == url) for url, label, icon in (*NAV, ME)]


async def provide_shop_context(request: AnyRequest, services: Services) -> ShopContext:
    visit, only = visit_of(request, services), services.settings.merchant
    header, brand = PageHeader(None, 0), None
    token = request.cookies.get(MEMBER, "")
    async with services.db.read() as conn:
        if token or VISITOR in request.cookies:  # of a newcomer there is nothing to know
            header = await page_header(conn, token, visit.visitor_id)
        if only:
            found = await services.storefront.merchant(conn, only, visit.lang)
            brand = Brand(found.name) if found else None
    if header.member:
        visit = msgspec.structs.replace(visit, member_id=header.member.id)
    return ShopContext(request, services, visit.lang, visit, header, brand)
