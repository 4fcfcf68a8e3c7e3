"""The console's request context: who asks, for which merchant, and which pages their role may open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response

from unwall.channels.http.context import AnyRequest, lang_of
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash, set_flash, take_flash
from unwall.channels.http.page_context import StaffContext
from unwall.channels.http.rendering import render
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound, UnwallError
from unwall.kernel.text import N_
from unwall.people.reads import merchant
from unwall.people.rules import ROLE_PERMISSIONS
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
    ("/console/nodes", N_("Shops and warehouses"), "store", Permission.STOCK),
    ("/console/insight", N_("Insight"), "flask", Permission.INSIGHT),
    ("/console/people", N_("Staff"), "people", Permission.PEOPLE),
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
    return next(url for url, _, _, permission in NAV if permission in ROLE_PERMISSIONS[role])


@dataclass(frozen=True)
class ConsoleContext(StaffContext):
    """One request of one member of staff: what the console's handlers get."""

    merchant: Merchant
    now: datetime

    @property
    def merchant_id(self) -> UUID:
        return self.merchant.id

    @property
    def actor(self) -> str:
        return f"staff:{self.staff.email}"

    @property
    def files_url(self) -> str:
        """What stands before a file's key in addresses for others."""
        return f"{self.base_url}/files/"

    def may(self, permission: Permission) -> bool:
        return permission in ROLE_PERMISSIONS[self.staff.role]

    def flash(self, text: str, undo_url: str | None = None, undo_fields: dict[str, str] | None = None) -> None:
        """On the next page."""
        set_flash(self.request, self.services, Flash(text, undo_url, undo_fields or {}))

    def page(self, template: str, *, title: str, error: UnwallError | None = None, **context: Any) -> Response[str]:
        """`error` is why a form is shown again; it gives the status."""
        frame = {
            "merchant": self.merchant,
            "staff": {"name": self.staff.name, "role": self.words(ROLES[self.staff.role])},
            "nav": self._nav(),
            "flash": take_flash(self.request, self.services),
            "zone": self.merchant.timezone,
            "currency": self.merchant.currency,
        }
        return render(self.request, self.lang, template, title=title, status=status_of(error), **(frame | context))

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
    return ConsoleContext(request, services, lang, staff, found, now())
