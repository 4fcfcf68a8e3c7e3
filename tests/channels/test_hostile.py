"""What nobody sends by accident, sent to every route: nothing breaks, and what cannot be kept is named."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response
from litestar.testing import AsyncTestClient

from tests.channels.api.api_clients import CARD, CONTACT
from tests.channels.conftest import Shopper
from tests.channels.shop.store import put_into_bag
from tests.channels.staffing import Person, signed_in
from tests.channels.test_route_access import DOORS, Guarded, Town, key_of, town
from tests.html import values
from unwall.channels.http.routes import own_path
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people.values import ApiScope

__all__ = ["town"]  # a fixture that test_doors lends

TEXTS = (
    "a\0b",
    "9" * 5000,
    "-1",
    "99999999999999999999",
    "nan",
    "1e309",
    "0x1",
    "٣",
    "'\"&|!():*<\\",
    "\u2028\U0001f600",
    "x" * 3000,
    "",
    "00000000-0000-0000-0000-000000000000",
)
ASKED = (
    *("q", "next", "category", "way", "lang", "state", "status", "product", "page", "variant", "post", "via"),
    *("policy", "place", "days", "quantity"),
)
SENT = (
    *("q", "next", "lang", "place", "latitude", "longitude", "email", "name", "password", "account", "quantity", "way"),
    *("phone", "address", "city", "card_number", "card_expiry", "card_cvc", "total", "code", "number", "tracking"),
    *("reason", "member_code", "title", "body", "kind", "account_id", "find", "media.0.file", "media.0.width"),
    *("tags.0.product_id", "tags.0.media", "tags.0.x", "translations.zh.title", "media.0.alts.zh", "slug"),
    *("status", "price", "category", "tags"),
    *("variants.0.id", "variants.0.sku", "variants.0.price", "variants.0.weight_g", "images.0.file", "images.0.width"),
    *("option_names.0.name", "pins.0.position", "pins.0.product_id", "pick_minutes", "pick_cost", "timezone"),
    *("opening_hours", "role", "node", "active", "key_name", "scope.orders:read", "live", "via", "policy", "post"),
)
PRESSED = ("/console/", "/counter/sell")
"""Where a form says by `do` which of its buttons was pressed."""
BUTTONS = (
    *("save", "publish", "add", "finish", "receive", "correct", "safety", "find"),
    *(f"{button}:{'9' * 5000}" for button in ("tag", "untag", "unpicture", "drop", "add", "first")),
)
LEAVES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    10**30,
    1.5,
    1e308,
    "",
    "a\0b",
    "x" * 20_000,
    "nan",
    "９",
    [],
    {},
    [[]],
    "99999999-9999-9999-9999-999999999999",
    "\u2028",
    ["a"] * 3000,
)
BODIES = (
    b"",
    b"{",
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"quantity": 1e400}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"email": "\\ud800", "password": "\\ud800"}',
    b'{"title": "\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}",
)
KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")


@dataclass
class Siege:
    """Everybody who may sign in, in one person, and what broke under them."""

    person: Person
    things: dict[str, str]
    headers: dict[str, str]
    broken: list[tuple[str, str]] = field(default_factory=list)
    asked: int = 0

    def url(self, door: Guarded, **other: str) -> str:
        return door.path.format(**{name: other.get(name, self.things[name]) for name in door.parameters})

    async def ask(self, door: Guarded, url: str, what: str, **more: Any) -> Response:
        self.asked += 1
        headers = {**self._headers(door), **more.pop("headers", {})}
        with self.person._at_the_screen():
            answer = await self.person.http.request(door.method, url, headers=headers, **more)
        if answer.status_code >= 500:
            self.broken.append((str(door), what[:60]))
        return answer

    def _headers(self, door: Guarded) -> dict[str, str]:
        if not door.path.startswith("/api/"):
            return {"x-csrftoken": self.person.cookies["uw_csrf"]}
        named = {"idempotency-key": f"key number {self.asked}"}
        kept = ("authorization",) if door.programs else ("unwall-visit",)
        return named | {name: self.headers[name] for name in kept}


@pytest.fixture
async def siege(client: AsyncTestClient, db: Database, town: Town) -> Siege:
    person = await signed_in(client, db, town.market.merchant)
    person.cookies.set("uw_node", str(town.market.west_lake))
    await person.get("/styleguide")
    visit = (await client.post("/api/v1/visits")).json()["visit"]
    line = {"variant_id": str(town.market.tea)}
    headers = {"unwall-visit": visit, "idempotency-key": "the first line"}
    cart = (await client.post("/api/v1/carts/lines", json=line, headers=headers)).json()["id"]
    async with db.read() as conn:
        account = await conn.fetchval("SELECT id FROM account")
    key = await key_of(db, town.market, frozenset(ApiScope))
    things = {name: str(getattr(town.things, name)) for name in town.things.__struct_fields__}
    words = dict.fromkeys(("slug", "name", "file_path", "path", "ticket", "notification", "token"), "scarf") | {
        "merchant": "liu-yun",
        "handle": "liuyun",
    }
    return Siege(person, {**things, **words, "cart": cart, "account": str(account)}, {**key, "unwall-visit": visit})


def doors(*methods: str) -> list[Guarded]:
    """What ends a thing comes last; a stream of events never does."""
    ends = ("archive", "remove", "cancel", "sign-out")
    left_out = ("/counter/events", "/console/events", "/me/events", "/readyz")  # readyz says 503: no worker runs here
    found = [door for door in DOORS if door.method in methods and door.path not in left_out]
    return sorted(found, key=lambda door: door.path.endswith(ends))


async def test_hostile_addresses_break_nothing(siege: Siege):
    for door in doors("GET", "POST", "PUT", "DELETE"):
        for name in door.parameters:
            for text in TEXTS:
                await siege.ask(door, siege.url(door, **{name: quote(text, safe="") or "%20"}), f"{name}={text}")
    assert siege.broken == []
    assert siege.asked > 600


async def test_hostile_questions_break_nothing(siege: Siege):
    for door in doors("GET"):
        for text in TEXTS:
            value = quote(text[:1500], safe="")
            everything = "&".join(f"{name}={value}" for name in ASKED)
            for query in (everything, f"after={value}&latitude={value}&longitude=1"):
                await siege.ask(door, f"{siege.url(door)}?{query}", query[-60:])
        await siege.ask(door, f"{siege.url(door)}?q=%FF%FE&after=%FF", "no UTF-8")
    assert siege.broken == []


async def test_hostile_forms_break_nothing(siege: Siege):
    for door in (door for door in doors("POST") if not door.path.startswith(("/api/", "/journal", "/sign-out"))):
        known = {
            "cart": siege.things["cart_id"],
            "variant": siege.things["variant_id"],
            "account": siege.things["account"],
        }
        for text in TEXTS:
            form = {
                **dict.fromkeys(SENT, text),
                **known,
                **{name: str(new_id()) for name in ("id", "cause", "sale_id")},
            }
            if text in TEXTS[:4]:
                await siege.ask(door, siege.url(door), f"all {text}", data=dict.fromkeys((*SENT, *known, "id"), text))
            await siege.ask(door, siege.url(door), f"known {text}", data=form)
            for button in (
                BUTTONS if door.path.startswith(("/console/", "/counter/sell")) and text in TEXTS[1:3] else ()
            ):
                await siege.ask(door, siege.url(door), f"{button} {text}", data={**form, "do": button})
        for body in (b"quantity=1&quantity=2&%zz=%", b"[" * 100_000, b"\xff\xfe"):
            for kind in KINDS:
                headers = {"content-type": kind}
                await siege.ask(door, siege.url(door), f"{kind} {body[:20]!r}", content=body, headers=headers)
    assert siege.broken == []


def bodies(things: dict[str, str]) -> dict[str, Any]:
    """What each door of the API takes, by the end of its address."""
    line = {"variant_id": things["variant_id"], "quantity": 1}
    place = {"latitude": 30.0, "longitude": 120.0}
    picture = {"file": "3f/lake.svg", "alt": "A lake", "width": 10, "height": 10}
    variant = {
        "sku": "S",
        "price": 1,
        "compare_at": 2,
        "barcode": "1",
        "weight_g": 5,
        "options": ["red"],
        "active": True,
    }
    product = {
        "title": "T",
        "slug": "t",
        "description": "d",
        "vendor": "v",
        "category": "c",
        "tags": ["a"],
        "status": "active",
        "option_names": ["Colour"],
        "variants": [variant],
        "images": [picture],
        "translations": {"zh": {"title": "t", "description": "d", "words": {"Colour": "x"}}},
    }
    tag = {"product_id": things["product_id"], "media": 0, "x": 0.5, "y": 0.5}
    words = {"zh": {"title": "x", "body": "b", "alts": ["a"]}}
    seen = {"id": str(new_id()), "kind": "search", "at": now().isoformat(), "post_id": things["post_id"], "slot": 1}
    return {
        "/sessions": {"email": "a@b.example", "password": "x"},
        "/carts/lines": {**line, "post_id": things["post_id"]},
        "/lines/{variant_id}": {"quantity": 2},
        "/orders": {"cart_id": things["cart"], "choice": {"method": "ship"}, "contact": CONTACT | place},
        "/payment": CARD,
        "/messages": {"body": "Is it warm?"},
        "/products": product,
        "/{product_id}": product,
        "/receipts": {"node_id": things["node_id"], "lines": [line], "reason": "receipt"},
        "/adjustments": {"node_id": things["node_id"], "lines": [line], "reason": "adjustment"},
        "/merchant/posts": {
            "account_id": things["account"],
            "kind": "note",
            "title": "x",
            "body": "y",
            "media": [picture],
            "tags": [tag],
            "translations": words,
        },
        "/journal": {"events": [{**seen, "page": "home", "policy": "p", "body": {"kind": "search", "query": "q"}}]},
    }


def body_of(door: Guarded, things: dict[str, str]) -> Any:
    return next((body for end, body in bodies(things).items() if door.path.endswith(end)), {})


def spoilt(body: Any) -> Iterator[Any]:
    """The body with each of its parts replaced by each hostile leaf."""
    for path in _paths(body, ()):
        for leaf in LEAVES:
            if not path:
                yield leaf
                continue
            copy = deepcopy(body)
            at = copy
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = leaf
            yield copy


def _paths(value: Any, here: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield here
    for step, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(part, (*here, step))


async def test_hostile_json_breaks_nothing(siege: Siege):
    order = Guarded("POST", "/api/v1/orders", (), None, None)
    placed = await siege.ask(order, order.path, "order", json=body_of(order, siege.things))
    assert placed.status_code == 201, placed.text
    siege.things["order_id"] = placed.json()["id"]
    for door in doors("POST", "PUT", "DELETE"):
        if not door.path.startswith(("/api/", "/journal")):
            continue
        for body in spoilt(body_of(door, siege.things)):
            await siege.ask(door, siege.url(door), json.dumps(body), json=body)
        for raw in BODIES:
            for kind in KINDS:
                headers = {"content-type": kind}
                await siege.ask(door, siege.url(door), f"{kind} {raw[:20]!r}", content=raw, headers=headers)
    assert siege.broken == []
    assert siege.asked > 2000


PART = b'--b\r\nContent-Disposition: form-data; name="a"'
NAMED_KINDS = (
    *(
        "multipart/form-data; boundary=b",
        f"multipart/form-data; boundary={'x' * 300}",
        'multipart/form-data; boundary="b',
    ),
    *("multipart/form-data; boundary=\xe9", "multipart/mixed; boundary=b", "application/msgpack", "x"),
    *("application/json; charset=utf-16", "application/x-www-form-urlencoded; charset=none"),
)
PARTS = (
    b"",
    b"--b\r\n\r\nx\r\n--b--",
    PART + b"\r\nContent-Type: text/plain; charset=none\r\n\r\nx\r\n--b--\r\n",
    PART + b"; filename*=none''%ff\r\n\r\nx\r\n--b--\r\n",
    PART + b'; filename="x"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--\r\n',
)


async def test_a_body_that_is_not_what_its_type_says_breaks_nothing(siege: Siege):
    for door in doors("POST", "PUT", "DELETE"):
        for kind in NAMED_KINDS:
            for body in PARTS:
                headers: Any = {"content-type": kind.encode("latin-1")}
                await siege.ask(door, siege.url(door), f"{kind[:30]} {body[-30:]!r}", content=body, headers=headers)
    assert siege.broken == []
    assert siege.asked > 2000


HEADERS = (
    {"accept-language": b"zh;q=nan,en;q=1e999"},
    {"accept-language": b"\xff\xfe"},
    {"cookie": b"uw_place=%7B%22label%22%3A%22a%5Cu0000%22%2C%22latitude%22%3A1e308%2C%22longitude%22%3A1e308%7D"},
    {"cookie": b'uw_visitor=x.y; uw_member=\xff; uw_staff=\xff; uw_said=a.b; uw_node=\xff; theme=">'},
    {"host": b"["},
    {"host": b"a b"},
    {"authorization": b"Bearer \xff"},
    {"unwall-visit": b"\xff.x"},
    {"hx-target": b"found\xff"},
)


async def test_hostile_headers_break_nothing(siege: Siege):
    for door in doors("GET"):
        for header in HEADERS:
            await siege.ask(door, siege.url(door), str(header), headers=header)
    assert siege.broken == []


NO_FILES = (
    "/files/%00.svg",
    f"/files/{'a' * 300}.svg",
    f"/files/{'b/' * 500}x.svg",
    "/files/..%2f..%2fsecret.svg",
    "/files/%2e%2e/x.svg",
    "/files//x.svg",
    "/files/.svg",
    "/files/a%0a.svg",
    "/files/%ff.svg",
    "/files/x.svg/",
    "/files/%23%3f*.svg",
    "/files/secret",
    "/static/%00",
    "/static/..%2f..%2fapp.py",
    f"/static/{'a' * 300}",
)


async def test_no_address_leads_to_a_file_that_is_not_shown(browser: Shopper):
    assert {url[:30]: (await browser.get(url)).status_code for url in NO_FILES} == {url[:30]: 404 for url in NO_FILES}


# --- what cannot be kept is named -------------------------------------------------------------------------------------


async def test_a_nul_is_refused_by_the_name_of_its_field(siege: Siege, browser: Shopper):
    asked = await browser.get("/place?q=a%00")
    told = await siege.ask(
        Guarded("POST", "/api/v1/merchant/products", (), None, ApiScope.CATALOGUE_WRITE),
        "/api/v1/merchant/products",
        "",
        json={"title": "T", "variants": [{"sku": "A\0", "price": 1}], "translations": {"z\0h": {}}},
    )
    assert (asked.status_code, "q" in asked.text) == (422, True)
    assert told.status_code == 422
    assert {error["field"] for error in told.json()["errors"]} == {"translations.zh", "variants[0].sku"}


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"title": "\xed\xa0\x80"}'])
async def test_a_body_that_cannot_be_read_is_named(siege: Siege, body: bytes):
    door = Guarded("POST", "/api/v1/merchant/products", (), None, ApiScope.CATALOGUE_WRITE)
    answer = await siege.ask(door, door.path, "", content=body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["body"])


async def test_a_place_that_is_none_is_no_place(browser: Shopper, db: Database, town: Town):
    stated = ({"label": "a\0", "latitude": 1, "longitude": 1}, {"label": "a", "latitude": 1e308, "longitude": 1})
    for place in stated:
        browser.http.cookies.clear()
        browser.http.cookies.set("uw_place", quote(json.dumps(place)))
        await put_into_bag(browser, town.market.red)
        async with db.read() as conn:
            cart = await conn.fetchval("SELECT id FROM cart ORDER BY id DESC LIMIT 1")
        way = f"pickup:{town.market.west_lake}"
        [total] = values((await browser.get(f"/checkout/{cart}?way={way}")).text, "input[name=total]", "value")
        card = {f"card_{name}": text for name, text in CARD.items()}
        answer = await browser.post(f"/checkout/{cart}", {"way": way, "total": total, **CONTACT, "city": "", **card})
        assert answer.status_code == 303
    async with db.read() as conn:
        places = [
            row[0]
            for row in await conn.fetch("SELECT contact -> 'latitude' FROM sales_order WHERE contact ->> 'city' = ''")
        ]
    assert places == [None, None]


# --- what would keep everybody waiting --------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/bag/add", "/sign-in", "/console/sign-in"])
async def test_a_form_without_end_is_not_taken_apart(browser: Shopper, url: str):
    kind = {"content-type": "application/x-www-form-urlencoded"}
    large = await browser.http.post(url, content=b"a=1&" * 300_000, headers=kind)
    many = await browser.http.post(url, content=b"a=1&" * 500, headers=kind)
    assert (large.status_code, many.status_code) == (413, 413)
    assert "too large" in large.text


async def test_files_may_be_larger_where_files_arrive(siege: Siege):
    large = {"pictures": ("large.png", b"x" * 2_000_000, "image/png")}
    told = [
        (await siege.ask(Guarded("POST", url, (), None, None), url, "", files=large)).status_code
        for url in ("/bag/add", "/console/posts/new")
    ]
    assert told[0] == 413
    assert told[1] != 413


async def test_what_one_person_sees_no_cache_in_between_keeps(browser: Shopper):
    urls = ("/", "/search", "/me", "/bag", "/console/sign-in", "/static/ui.js")
    kept = [(await browser.get(url)).headers["cache-control"] for url in urls]
    assert kept[:5] == ["private, no-cache"] * 2 + ["no-store"] * 3
    assert "public" in kept[5]


# --- where people are led ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "/\\evil.example", "/\t/evil.example", "/\r/evil.example", "https://evil.example", "", "a"],
)
def test_nobody_is_led_to_another_host(evil: str):
    assert own_path(evil, "/bag") == "/bag"


@pytest.mark.parametrize("ours", ["/", "/m/liu-yun/p/scarf?via=home#top", "/a/茶"])
def test_pages_of_ours_are_gone_back_to(ours: str):
    assert own_path(ours) == ours
