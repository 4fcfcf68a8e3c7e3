"""The menus of shop, console and counter. Pages that report an error show them too."""

from collections.abc import Sequence

import msgspec

from unwall.channels.http.context import AnyRequest
from unwall.channels.http.rendering import NavLink
from unwall.kernel.text import N_, gettext
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import Permission, Role, Staff

SHOP_NAV = (
    ("/", N_("Home"), "home"),
    ("/search", N_("Search"), "search"),
    ("/bag", N_("Bag"), "bag"),
    ("/me", N_("You"), "person"),
)
TASKS, HAND_OVER, SELL, STOCK = "/counter", "/counter/hand-over", "/counter/sell", "/counter/stock"
RETURNS, CHOOSE = "/counter/returns", "/counter/node"
COUNTER_NAV = (
    (TASKS, N_("Tasks"), "list"),
    (HAND_OVER, N_("Hand over"), "key"),
    (SELL, N_("Sell"), "wallet"),
    (RETURNS, N_("Returns"), "back"),
    (STOCK, N_("Stock"), "box"),
)
TODAY = "/console"
CONSOLE_NAV = (
    (TODAY, N_("Today"), "chart", Permission.INSIGHT),
    ("/console/posts", N_("Posts"), "edit", Permission.PUBLISH),
    ("/console/moderation", N_("Moderation"), "eye", Permission.MODERATE),
    ("/console/inbox", N_("Waiting for you"), "bell", Permission.PUBLISH),
    ("/console/reviews", N_("Reviews and questions"), "star", Permission.PUBLISH),
    ("/console/products", N_("Products"), "tag", Permission.CATALOGUE),
    ("/console/pages", N_("Pages"), "page", Permission.PUBLISH),
    ("/console/orders", N_("Orders"), "receipt", Permission.ORDERS),
    ("/console/returns", N_("Returns"), "back", Permission.ORDERS),
    ("/console/invoices", N_("Invoices"), "page", Permission.ORDERS),
    ("/console/gift-cards", N_("Gift cards"), "wallet", Permission.ORDERS),
    ("/console/conversations", N_("Conversations"), "comment", Permission.CONVERSE),
    ("/console/stock", N_("Stock"), "box", Permission.STOCK),
    ("/console/nodes", N_("Shops and warehouses"), "store", Permission.STOCK),
    ("/console/delivery", N_("Delivery prices"), "truck", Permission.STOCK),
    ("/console/promotions", N_("Promotions"), "tag", Permission.PRICES),
    ("/console/taxes", N_("Taxes"), "receipt", Permission.PRICES),
    ("/console/payments", N_("Payments"), "lock", Permission.PRICES),
    ("/console/payouts", N_("Payouts"), "receipt", Permission.PAYOUTS),
    ("/console/segments", N_("Segments"), "people", Permission.SEGMENTS),
    ("/console/insight", N_("Insight"), "flask", Permission.INSIGHT),
    ("/console/people", N_("Staff"), "people", Permission.PEOPLE),
    (TASKS, N_("Counter"), "scan", Permission.FULFIL),
)
ROLES = {
    Role.OWNER: N_("Owner"),
    Role.EDITOR: N_("Editor"),
    Role.ANALYST: N_("Analyst"),
    Role.STOCK: N_("Stock"),
    Role.NODE: N_("Counter staff"),
}


class StaffLine(msgspec.Struct, frozen=True):
    """Who is signed in, in the menu."""

    name: str
    role: str


def staff_line(staff: Staff, lang: str) -> StaffLine:
    return StaffLine(staff.name, gettext(lang, ROLES[staff.role]))


def home_of(role: Role) -> str:
    """The first page that the role may open."""
    return next(url for url, _, _, permission in CONSOLE_NAV if permission in ROLE_PERMISSIONS[role])


def shop_menu(request: AnyRequest, lang: str) -> Sequence[NavLink]:
    path = request.scope["path"]
    return [NavLink(url, gettext(lang, label), icon, path == url) for url, label, icon in SHOP_NAV]


def console_menu(request: AnyRequest, staff: Staff, lang: str) -> Sequence[NavLink]:
    """What their role may open."""
    path = request.url.path
    return [
        NavLink(url, gettext(lang, label), icon, path == url or (url != TODAY and path.startswith(f"{url}/")))
        for url, label, icon, permission in CONSOLE_NAV
        if permission in ROLE_PERMISSIONS[staff.role]
    ]


def counter_menu(request: AnyRequest, lang: str) -> Sequence[NavLink]:
    path = request.url.path
    here = next((url for url, _, _ in COUNTER_NAV[1:] if path.startswith(url)), TASKS if path != CHOOSE else "")
    return [NavLink(url, gettext(lang, label), icon, url == here) for url, label, icon in COUNTER_NAV]
