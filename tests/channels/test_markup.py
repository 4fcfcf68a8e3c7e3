"""Markup in every text field of every form, in every text of the API's bodies and in every question: no page takes it
for its own, and no list that is exported makes a formula of it."""

import csv
import io
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from litestar.testing import AsyncTestClient
from msgspec.structs import replace
from selectolax.lexbor import LexborNode

from tests.channels.shop.store import put_into_bag
from tests.channels.test_hostile import ASKED, Siege, body_of, doors, siege
from tests.channels.test_route_access import DOORS, Town, town
from tests.commerce.market import buy, visitor
from tests.html import every, fields, inline_code, parsed
from tests.people.members import new_member
from unwall.channels.console.listing import FORMULA_STARTS
from unwall.channels.http.context import MEMBER
from unwall.kernel.database import Database

__all__ = ["siege", "town"]  # fixtures of others
SHORT = "=1+1'\"><evil-text>{{'evil'*3}}"
LONG = SHORT + (
    "</script></textarea></title><script>evil()</script> <img src=x onerror=evil()> [a](javascript:evil())"
    ' <a href="javascript:evil()">b</a> ![c](javascript:evil()) <svg/onload=evil()> <javascript:evil()>'
    " [d](data:text/html,evil) <iframe srcdoc='<script>evil()</script>'></iframe> <a href='java&#9;script:evil()'>e</a>"
)
EVALUATED = "evil" * 3
MAX_SHORT_CHARACTERS = 300
"""Of a field: one that takes no more gets the short text."""
RADIOS = "input[type=radio][name]"
NUMBERS = "[inputmode=numeric][name], [inputmode=decimal][name], [name$='.x'], [name$='.y']"
LINKS = ("href", "src", "action", "formaction", "xlink:href", "poster", "data", "srcset", "hx-get", "hx-post")
RUNS = ("javascript:", "vbscript:", "data:text")
LEFT_ALONE = ("/sign-out", "/me/close", "/console/password", "/me/password", "/sign-in", "/sign-up", "/console/sign-in")
"""Where somebody's session would end."""
VALID = {
    **{"email": "evil@example.com", "phone": "13800138000", "postcode": "310000", "country": "CN"},
    **{"region": "Zhejiang", "city": "Hangzhou", "district": "Xihu", "latitude": "30", "longitude": "120"},
    **{
        "timezone": "Asia/Shanghai",
        "opening_hours": "Mo-Fr 09:00-18:00",
        "price": "1",
        "count": "1",
        "sku": "EVIL",
        "handle": "eviltwo",
    },
    **{"card_number": "4242 4242 4242 4242", "card_expiry": "12/30", "card_cvc": "123", "code": "EVIL-1"},
}
"""What stands in a field that takes no words, by its name or the last part of it; of others "1"."""
MANUFACTURED = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
FORMS, PAGES_WITH_WORDS, CELLS = 50, 60, 8
TAKEN = {
    *("/console/bundles/ID", "/console/comments/ID/reply", "/console/conversations/ID", "/console/nodes/ID"),
    *("/console/orders/ID/notes", "/console/people/ID", "/console/posts/accounts/ID", "/console/posts/new"),
    *("/console/questions/ID/answer", "/console/reviews/ID/answer", "/me/addresses", "/me/messages/liuyun"),
    *("/post/ID/comments", "/m/liu-yun/p/scarf/questions", "/report/post/ID"),
}
"""So much is written at least: kinds of forms and of pages that show it, cells of exports; and what must be taken."""


def evil_in(page: str) -> list[str]:
    """What of the markup a browser would take for the page's own."""
    evil = [f"inline {what}" for what in inline_code(page)]
    for node in every(page, "*"):
        if (node.tag or "").startswith("evil"):
            evil.append(node.tag or "")
        for name, value in node.attributes.items():
            address = "".join(character for character in value or "" if character > " ").lower()
            if "evil" in name or (name in LINKS and address.startswith(RUNS)):
                evil.append(f"{name}={address[:40]}")
    return evil + [EVALUATED] * (EVALUATED in page)


def writing(form: LexborNode) -> dict[str, str]:
    """By name what is written into each field that takes words."""
    written = {}
    for field in form.css("input[name], textarea[name]"):
        kind = field.attributes.get("type") or "text"
        if field.tag == "textarea" or kind in ("text", "search", "email", "tel", "url"):
            most = int(field.attributes.get("maxlength") or MAX_SHORT_CHARACTERS)
            written[field.attributes["name"] or ""] = LONG if field.tag == "textarea" and most > len(LONG) else SHORT
    return written


def refused(page: str) -> set[str]:
    return {node.attributes.get("name") or "" for node in every(page, "[aria-invalid=true][name]")}


def chosen(form: LexborNode) -> dict[str, str]:
    """The button by which a form of several is kept, the first answer of each question without one, a password."""
    first = {node.attributes["name"] or "": node.attributes.get("value") or "" for node in form.css(RADIOS)[::-1]}
    given = {
        node.attributes["name"] or "": node.attributes.get("value") or "" for node in form.css(f"{RADIOS}[checked]")
    }
    secret = {node.attributes["name"] or "": "tea and snow" for node in form.css("input[type=password]")}
    values = [node.attributes.get("value") or "" for node in form.css("button[name=do]")]
    button = next((value for value in ("save", "publish") if value in values), None)
    return first | given | secret | ({"do": button} if button else {})


class Crawl:
    """As somebody who is everybody: who reads all pages, and writes into all forms."""

    def __init__(self, siege: Siege) -> None:
        self.siege = siege
        self.sent: dict[tuple[str, tuple[str, ...]], bool] = {}
        """the kinds of forms that were sent, and whether one was taken"""
        self.wrong: list[tuple[str, list[str]]] = []
        self.with_words: set[str] = set()
        self.cells = 0

    async def read(self) -> dict[str, str]:
        """Every page by its address, and one of each kind that they lead to."""
        first = [self.siege.url(door) for door in doors("GET") if not door.path.startswith(("/api", "/metrics"))]
        pages = {url: await self.page(url) for url in first if not url.startswith(("/files", "/static"))}
        kinds = {kind_of(url) for url in pages}
        for url, page in list(pages.items()):
            for node in every(page, "a[href]"):
                link = urljoin(url, node.attributes.get("href") or "").partition("#")[0]
                own = link.startswith("/") and not link.startswith(("/files", "/static"))
                if own and kind_of(link) not in kinds:
                    kinds.add(kind_of(link))
                    pages[link] = await self.page(link)
        return pages

    async def page(self, url: str) -> str:
        with self.siege.person._at_the_screen():
            answer = await self.siege.person.http.get(url)
        assert answer.status_code < 500, url
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/csv") and not url.endswith(("/products.csv", "/delivery.csv")):  # which are read back
            for cell in (cell for row in csv.reader(io.StringIO(answer.text)) for cell in row):
                self.cells += "evil" in cell
                self.note(url, [cell] * (cell.startswith(FORMULA_STARTS) and "evil" in cell))
        if not kind.startswith("text/html"):
            return ""
        self.note(url, evil_in(answer.text))
        if "evil-text" in (parsed(answer.text).text() or ""):
            self.with_words.add(kind_of(url))
        return answer.text

    async def write(self, pages: dict[str, str]) -> None:
        """Into each kind of form once."""
        for url, page in pages.items():
            for form in every(page, "form"):
                action = urljoin(url, form.attributes.get("action") or url)
                written = writing(form)
                kind = (kind_of(action), tuple(written))
                posted = form.attributes.get("method") == "post" and action not in LEFT_ALONE
                if posted and written and kind not in self.sent:
                    self.sent[kind] = await self.send(action, fields(form) | chosen(form), written)

    async def send(self, action: str, kept: dict[str, str], written: dict[str, str]) -> bool:
        """A field that is refused gets something valid, until the form is taken."""
        form = kept | written
        for _ in range(4):
            with self.siege.person._at_the_screen():
                token = {"x-csrftoken": self.siege.person.cookies["uw_csrf"]}
                answer = await self.siege.person.http.post(action, data=form, headers=token)
            assert answer.status_code < 500, action
            self.note(f"POST {action}", evil_in(answer.text))
            wrong = refused(answer.text)
            if not wrong and answer.status_code < 400:
                return True
            wrong |= {node.attributes["name"] or "" for node in every(answer.text, NUMBERS)} & set(form)
            form |= {name: kept.get(name) or VALID.get(name.rpartition(".")[2]) or "1" for name in wrong}
        return False

    async def tell(self) -> None:
        """The API, each of the texts that its bodies may hold."""
        for door in (door for door in DOORS if door.method in ("POST", "PUT") and door.path.startswith("/api/")):
            for body in with_words(body_of(door, self.siege.things)):
                await self.siege.ask(door, self.siege.url(door), "words", json=body)

    def note(self, url: str, evil: list[str]) -> None:
        if evil:
            self.wrong.append((url, evil))


def kind_of(url: str) -> str:
    return MANUFACTURED.sub("ID", urlsplit(url).path)


def with_words(body: Any) -> Iterator[Any]:
    """The body with each of its texts, one after the other, replaced."""
    for path, text in list(_texts(body, ())):
        if not MANUFACTURED.fullmatch(text):
            copy = deepcopy(body)
            at = copy
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = SHORT if len(path) > 1 else LONG
            yield copy


def _texts(value: Any, here: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        yield here, value
    for step, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _texts(part, (*here, step))


@pytest.fixture
async def crawl(siege: Siege, town: Town, client: AsyncTestClient, db: Database) -> Crawl:
    """Staff, moderator and a member with an order, something in the bag and an account of their own."""
    signed = await new_member(db, "evil@example.com")
    siege.person.cookies.set(MEMBER, signed.token)
    await buy(db, replace(visitor(), member_id=signed.person_id), (town.market.tea, 1))
    await put_into_bag(siege.person, town.market.red)
    made = await siege.person.post("/me/studio/accounts", {"name": "Evil", "handle": "evilone", "bio": SHORT})
    assert made.status_code == 303, made.text
    return Crawl(siege)


async def test_no_page_takes_what_somebody_wrote_for_its_own(crawl: Crawl):
    for _ in range(2):  # forms lead to things that have forms
        await crawl.write(await crawl.read())
    await crawl.tell()
    await crawl.read()
    assert crawl.wrong == []
    assert crawl.siege.broken == []
    taken = {url for (url, _), accepted in crawl.sent.items() if accepted}
    assert len(crawl.sent) >= FORMS
    assert taken >= TAKEN
    assert len(crawl.with_words) >= PAGES_WITH_WORDS
    assert crawl.cells >= CELLS


async def test_no_page_takes_what_it_was_asked_for_its_own(crawl: Crawl):
    for door in doors("GET"):
        query = "&".join(f"{name}={quote(SHORT)}" for name in (*ASKED, "after", "about", "reply_to", "code", "email"))
        if not door.path.startswith("/api/"):
            await crawl.page(f"{crawl.siege.url(door)}?{query}")
            for name in door.parameters:
                await crawl.page(crawl.siege.url(door, **{name: quote(SHORT, safe="")}))
    assert crawl.wrong == []
