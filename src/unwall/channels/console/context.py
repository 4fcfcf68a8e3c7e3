"""The console's request context: who asks, for which merchant, and which pages their role may open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from litestar import Response
from msgspec.structs import replace

from unwall.channels.console.versions import LABELS, ChangedMeanwhile, quoted
from unwall.channels.http.context import AnyRequest, lang_of
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash, set_flash, take_flash
from unwall.channels.http.menus import console_menu, staff_line
from unwall.channels.http.page_context import StaffContext
from unwall.channels.http.rendering import Layout, PageContent, render
from unwall.content.conversations.reads import unanswered
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound, UnwallError
from unwall.kernel.text import N_
from unwall.people.reads import merchant
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import Merchant, Permission, Staff
from unwall.services import Services


class ConsoleLayout(Layout, frozen=True, kw_only=True):
    unanswered: int
    """conversations that wait for the store"""
    flash: Flash | None
    zone: str
    currency: str
    unsaved: bool
    """a form is shown again with what was typed"""
    changed: Sequence[tuple[str, str]]
    """what somebody else changed meanwhile: the fields and what they say now"""


class ConsolePage(PageContent, frozen=True, kw_only=True):
    pass


class EditorPage(ConsolePage, frozen=True, kw_only=True):
    version: str
    """of what the form was opened with (`versions`)"""


@dataclass(frozen=True)
class ConsoleContext(StaffContext):
    """One request of one member of staff: what the console's handlers get."""

    merchant: Merchant
    now: datetime
    unanswered: int = 0
    """Conversations that wait for the store; 0 for who may not answer."""

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

    def page(self, content: ConsolePage, error: UnwallError | None = None) -> Response[str]:
        """`error` is why a form is shown again; it gives the status."""
        changed: list[tuple[str, str]] = []
        if isinstance(error, ChangedMeanwhile):
            changed = self._changed(error)
            if isinstance(content, EditorPage):
                content = replace(content, version=error.version)
        layout = ConsoleLayout(
            merchant=self.merchant,
            staff=staff_line(self.staff, self.lang),
            nav=console_menu(self.request, self.staff, self.lang),
            flash=take_flash(self.request, self.services),
            zone=self.merchant.timezone,
            currency=self.merchant.currency,
            unsaved=error is not None,
            unanswered=self.unanswered,
            changed=changed,
        )
        return render(self.request, self.lang, content, layout, status=status_of(error))

    def _changed(self, error: ChangedMeanwhile) -> list[tuple[str, str]]:
        """The fields that somebody else changed, with what they say now where that is short."""
        changed = error.changed.items()
        return [(self.words(LABELS.get(name, name)), quoted(value)) for name, value in changed]


async def provide_console_context(request: AnyRequest, services: Services, staff: Staff) -> ConsoleContext:
    return await console_context(request, services, staff)


async def console_context(request: AnyRequest, services: Services, staff: Staff) -> ConsoleContext:
    lang = lang_of(request)
    async with services.db.confined(staff.merchant_id) as conn:
        own_merchant = await merchant(conn, staff.merchant_id, lang)
        answers = Permission.CONVERSE in ROLE_PERMISSIONS[staff.role]
        waiting = await unanswered(conn, staff.merchant_id) if answers else 0
    if own_merchant is None:
        raise NotFound(N_("There is no such store."))
    return ConsoleContext(request, services, lang, staff, own_merchant, now(), waiting)
