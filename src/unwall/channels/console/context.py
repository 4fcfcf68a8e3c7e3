"""What every page of the console stands in: who asks, for which merchant, and where their role may go."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.response import Redirect

from unwall.channels.console.forms import FieldTexts
from unwall.channels.http.context import AnyRequest, lang_of
from unwall.channels.http.flash import Flash, set_flash, take_flash
from unwall.channels.http.rendering import render
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound, UnwallError
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_, gettext, ngettext
from unwall.people.reads import merchant
from unwall.people.rules import MAY
from unwall.people.values import Merchant, Permission, Role, Staff
from unwall.services import Services

TODAY = "/console"
COUNTER = "/counter"
NAV = (
    (TODAY, N_("Today"), "chart", Permission.INSIGHT),
    ("/console/posts", N_("Posts"), "edit", Permission.PUBLISH),
    ("/console/products", N_("Products"), "tag", Permission.CATALOGUE),
    ("/console/pages", N_("Pages"), "page", Permission.PUBLISH),
    ("/console/orders", N_("Orders"), "receipt", Permission.ORDERS),
    ("/console/stock", N_("Stock"), "box", Permission.STOCK),
    ("/console/nodes", N_("Places"), "store", Permission.STOCK),
    ("/console/insight", N_("Insight"), "flask", Permission.INSIGHT),
    ("/console/people", N_("People"), "people", Permission.PEOPLE),
    (COUNTER, N_("Counter"), "scan", Permission.FULFIL),
)
ROLES = {
    Role.OWNER: N_("Owner"),
    Role.EDITOR: N_("Editor"),
    Role.ANALYST: N_("Analyst"),
    Role.STOCK: N_("Stock"),
    Role.NODE: N_("Counter staff"),
}


def home_of(role: Role) -> str:
    """The first page that the role may open."""
    return next(url for url, _, _, permission in NAV if permission in MAY[role])


@dataclass(frozen=True)
class ConsoleContext:
    """One request of one member of staff: what the console's handlers get."""

    request: AnyRequest
    services: Services
    staff: Staff
    merchant: Merchant
    lang: str
    now: datetime

    @property
    def merchant_id(self) -> UUID:
        return self.merchant.id

    @property
    def actor(self) -> str:
        return f"staff:{self.staff.email}"

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self.request.query_params.items() if isinstance(value, str)}

    @property
    def files_url(self) -> str:
        """What the outside puts before a file's key."""
        base = self.services.settings.base_url or str(self.request.base_url).rstrip("/")
        return f"{base}/files/"

    @property
    def by_htmx(self) -> bool:
        return self.request.headers.get("hx-request") == "true"

    def may(self, permission: Permission) -> bool:
        return permission in MAY[self.staff.role]

    def confined(self) -> AbstractAsyncContextManager[Transaction]:
        return self.services.db.confined(self.merchant_id)

    def words(self, message: str, **facts: object) -> str:
        return gettext(self.lang, message, **facts)

    def count(self, one: str, many: str, n: int) -> str:
        return ngettext(self.lang, one, many, n)

    def marks(self, error: UnwallError | None) -> FieldTexts:
        """What stands beside the fields of a form that is shown again."""
        wrong = error.by_field() if isinstance(error, Invalid) else {}
        return FieldTexts({field: self.words(message) for field, message in wrong.items()})

    def flash(self, text: str, undo_url: str | None = None, undo_fields: dict[str, str] | None = None) -> None:
        """On the next page."""
        set_flash(self.request, self.services, Flash(text, undo_url, undo_fields or {}))

    def page(self, template: str, *, title: str, status: int = 200, **context: Any) -> Response[str]:
        frame = {
            "merchant": self.merchant,
            "staff": {"name": self.staff.name, "role": self.words(ROLES[self.staff.role])},
            "nav": self._nav(),
            "said": take_flash(self.request, self.services),
            "zone": self.merchant.timezone,
            "currency": self.merchant.currency,
        }
        return render(self.request, self.lang, template, title=title, status=status, **(frame | context))

    def part(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """A piece for htmx."""
        return render(self.request, self.lang, template, title="", status=status, **context)

    def _nav(self) -> list[tuple[str, str, str, bool]]:
        path = self.request.url.path
        return [
            (url, self.words(label), icon, path == url or (url != TODAY and path.startswith(f"{url}/")))
            for url, label, icon, permission in NAV
            if self.may(permission)
        ]


async def provide_console_context(request: AnyRequest, services: Services, staff: Staff) -> ConsoleContext:
    return await console_context(request, services, staff)


async def console_context(request: AnyRequest, services: Services, staff: Staff) -> ConsoleContext:
    lang = lang_of(request)
    async with services.db.confined(staff.merchant_id) as conn:
        found = await merchant(conn, staff.merchant_id, lang)
    if found is None:
        raise NotFound(N_("There is no such store."))
    return ConsoleContext(request, services, staff, found, lang, now())


def see_other(url: str) -> Redirect:
    return Redirect(url, status_code=303)


def known_id(text: str) -> UUID:
    """An id out of a form; raises `NotFound` where it is none."""
    found = parse_id(text)
    if found is None:
        raise NotFound(N_("There is nothing here."))
    return found
