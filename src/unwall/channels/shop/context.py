"""One request of one shopper: who asks, what the header of every page shows of them, and how pages are answered."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from litestar import Response
from litestar_htmx import HTMXDetails

from unwall.channels.http.context import MEMBER, VISITOR, AnyRequest, as_member, fresh_visitor, origin_of, visit_of
from unwall.channels.http.flash import Flash, set_flash, take_flash
from unwall.channels.http.menus import shop_menu
from unwall.channels.http.page_context import PageContext
from unwall.channels.http.rendering import Content, Layout, PageContent, render
from unwall.insight.pages.reads import HEADER_PERSON, PageHeader, page_header
from unwall.journal.values import Visit
from unwall.kernel.errors import SignInNeeded
from unwall.kernel.text import N_
from unwall.messages.reads import unread_of
from unwall.people.values import Member
from unwall.services import Services

MAX_PAGES = 10
"""Of a list, shown at once."""
UNREAD = unread_of(HEADER_PERSON)


class Brand(msgspec.Struct, frozen=True):
    """The one merchant that an install is for: its pages bear this name."""

    name: str
    url: str = "/"


class ShopLayout(Layout, frozen=True, kw_only=True):
    flash: Flash | None = None


class ShopPage(PageContent, frozen=True, kw_only=True):
    canonical: str | None = None
    """the address of the page for search engines, where it can be reached under several"""


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
    def saved(self) -> frozenset[UUID]:
        """The posts and products that they saved."""
        return self.header.saved

    def signed_in(self) -> Member:
        """Raises `SignInNeeded`."""
        if self.member is None:
            raise SignInNeeded(N_("Sign in to go on."))
        return self.member

    @property
    def origin(self) -> str:
        return origin_of(self.request, self.services)

    @property
    def place_label(self) -> str | None:
        """Of the place they chose."""
        return self.visit.place.label if self.visit.place else None

    @property
    def pages(self) -> int:
        """How many pages of a list were loaded before this one was left: the script notes them in the address, so that
        Back and a reload show them again."""
        asked = self.query.get("pages", "")
        return min(max(int(asked), 1), MAX_PAGES) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 1

    def wants(self, target: str) -> bool:
        """Whether htmx asks for what goes into the element of this id, and not for a page."""
        return HTMXDetails(self.request).target == target

    def flash(self, said: Flash) -> None:
        """On the next page."""
        set_flash(self.request, self.services, said)

    def page(self, content: ShopPage, *, status: int = 200) -> Response[str]:
        """A whole page with the shop's header and footer."""
        layout = ShopLayout(
            me=self.member,
            bag_count=self.header.units_in_bag,
            unread=self.header.unread,
            nav=shop_menu(self.request, self.lang),
            place=self.place_label,
            merchant=self.brand,
            flash=take_flash(self.request, self.services),
        )
        answer = render(self.request, self.lang, content, layout, status=status)
        answer.headers["vary"] = "HX-Request, HX-Target"
        if self.member is None and self.request.route_handler.opt.get("public"):
            answer.headers["cache-control"] = "private, no-cache"
        return answer

    def part(self, content: Content, *, status: int = 200) -> Response[str]:
        """A part for htmx. It shares its address with a page, and caches must not mistake one for the other."""
        answer = render(self.request, self.lang, content, status=status)
        answer.headers["vary"] = "HX-Request, HX-Target"
        return answer


async def provide_shop_context(request: AnyRequest, services: Services) -> ShopContext:
    visit, only = visit_of(request, services), services.settings.merchant
    header, brand = PageHeader(None, 0), None
    token = request.cookies.get(MEMBER, "")
    async with services.db.read() as conn:
        if token or VISITOR in request.cookies:  # of a newcomer there is nothing to know
            header = await page_header(conn, token, visit.visitor_id, UNREAD)
        if only:
            only_store = await services.storefront.merchant(conn, only, visit.lang)
            brand = Brand(only_store.name) if only_store else None
    if header.visitor_taken:  # of somebody who is not signed in here
        visit = msgspec.structs.replace(visit, visitor_id=fresh_visitor(request, services))
        header = msgspec.structs.replace(header, unread=0)
    return ShopContext(request, services, visit.lang, as_member(visit, header.member), header, brand)
