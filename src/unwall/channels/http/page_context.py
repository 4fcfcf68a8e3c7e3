"""What the request contexts of the channels share: the reader's language, errors in words, and addresses."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from litestar.response import Redirect
from litestar_htmx import HTMXDetails

from unwall.channels.http.context import AnyRequest
from unwall.channels.http.errors import words_of
from unwall.kernel.database import Transaction, WorkLimits
from unwall.kernel.errors import Invalid, UnwallError, existing
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_, gettext, ngettext
from unwall.people.values import Staff
from unwall.services import Services


class FieldTexts(dict[str, str]):
    """Texts by field, as templates ask for them (errors, what was written): one that is not there is empty."""

    def __missing__(self, field: str) -> str:
        return ""


def field_errors(error: UnwallError | None, lang: str) -> FieldTexts:
    wrong = error.by_field() if isinstance(error, Invalid) else {}
    return FieldTexts({field: gettext(lang, message) for field, message in wrong.items()})


def problem(error: UnwallError | None, lang: str) -> str | None:
    return None if error is None or isinstance(error, Invalid) else words_of(error, lang)


@dataclass(frozen=True)
class PageContext:
    """One request that is answered with a page."""

    request: AnyRequest
    services: Services
    lang: str

    @property
    def by_htmx(self) -> bool:
        return bool(HTMXDetails(self.request))

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self.request.query_params.items() if isinstance(value, str)}

    @property
    def base_url(self) -> str:
        """The address under which others reach this install, without a slash at the end."""
        return self.services.settings.base_url or str(self.request.base_url).rstrip("/")

    def words(self, message: str, **facts: object) -> str:
        return gettext(self.lang, message, **facts)

    def count(self, one: str, many: str, n: int, **facts: object) -> str:
        return ngettext(self.lang, one, many, n, **facts)

    def field_errors(self, error: UnwallError | None) -> FieldTexts:
        """What is shown beside the fields of a form that is shown again."""
        return field_errors(error, self.lang)

    def problem(self, error: UnwallError | None) -> str | None:
        """What is shown above the form; None where the error belongs to its fields."""
        return problem(error, self.lang)


@dataclass(frozen=True)
class StaffContext(PageContext):
    """One request of one member of staff, who sees the rows of their merchant only."""

    staff: Staff

    def confined(self, limits: WorkLimits | None = None) -> AbstractAsyncContextManager[Transaction]:
        return self.services.db.confined(self.staff.merchant_id, limits)


def with_query(path: str, fields: Mapping[str, str | None]) -> str:
    """Empty fields are left out."""
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{path}?{query}" if query else path


def see_other(url: str) -> Redirect:
    return Redirect(url, status_code=303)


def known_id(text: str, message: str = N_("There is nothing here.")) -> UUID:
    """An id out of a form; raises `NotFound` where it is none."""
    return existing(parse_id(text), message)
