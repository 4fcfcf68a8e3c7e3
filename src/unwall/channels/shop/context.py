"""What every page of the shop stands in: who asks, their bag, the place they chose, what was just said to them."""

from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar_htmx import HTMXDetails

from unwall.channels.http.context import AnyRequest, origin_of
from unwall.channels.http.flash import Flash, set_flash, take_flash
from unwall.channels.http.rendering import render
from unwall.commerce.orders.reads import units_in_bag
from unwall.journal.values import Visit
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, gettext
from unwall.people.reads import merchant_by_slug
from unwall.people.values import Member
from unwall.services import Services

NAV = (("/", N_("Home"), "home"), ("/search", N_("Search"), "search"), ("/bag", N_("Bag"), "bag"))
ME = ("/me", N_("You"), "person")


@dataclass(frozen=True)
class ShopContext:
    """One request of one shopper: what the shop's handlers get."""

    request: AnyRequest
    services: Services
    visit: Visit
    member: Member | None

    @property
    def lang(self) -> str:
        return self.visit.lang

    @property
    def origin(self) -> str:
        return origin_of(self.request, self.services)

    @property
    def base(self) -> str:
        """The address the outside sees, for links that are shared."""
        return self.services.settings.base_url or str(self.request.base_url).rstrip("/")

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self.request.query_params.items() if isinstance(value, str)}

    def words(self, message: str, **facts: object) -> str:
        return gettext(self.lang, message, **facts)

    def wants(self, target: str) -> bool:
        """Whether htmx asks for what goes into the element of this id, and not for a page."""
        return HTMXDetails(self.request).target == target

    @property
    def by_htmx(self) -> bool:
        return bool(HTMXDetails(self.request))

    def flash(self, said: Flash) -> None:
        """On the next page."""
        set_flash(self.request, self.services, said)

    async def page(
        self, conn: Connection, template: str, *, title: str, status: int = 200, **context: Any
    ) -> Response[str]:
        """A whole page in the shop's frame."""
        frame = {
            "me": self.member,
            "bag_count": await units_in_bag(conn, self.visit),
            "nav": self._nav(),
            "place": self.visit.place.label if self.visit.place else None,
            "merchant": await self._install_brand(conn),
            "said": take_flash(self.request, self.services),
            "here": self._here(),
            "canonical": None,
        }
        answer = render(self.request, self.lang, template, title=title, status=status, **(frame | context))
        answer.headers["vary"] = "HX-Request, HX-Target"
        return answer

    def part(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """A piece for htmx. It shares its address with a page, and caches must not mistake one for the other."""
        answer = render(self.request, self.lang, template, title="", status=status, **context)
        answer.headers["vary"] = "HX-Request, HX-Target"
        return answer

    def _here(self) -> str:
        """This page's address with its query, to come back to."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    def _nav(self) -> list[tuple[str, str, str, bool]]:
        path = self.request.url.path
        return [(url, self.words(label), icon, path == url) for url, label, icon in (*NAV, ME)]

    async def _install_brand(self, conn: Connection) -> dict[str, str] | None:
        """The one merchant an install is for gives it its name."""
        slug = self.services.settings.merchant
        found = await merchant_by_slug(conn, slug, self.lang) if slug else None
        return {"name": found.name, "url": "/"} if found else None


async def provide_shop_context(
    request: AnyRequest, services: Services, visit: Visit, member: Member | None
) -> ShopContext:
    return ShopContext(request, services, visit, member)
