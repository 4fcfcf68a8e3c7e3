"""The pages' scripts in a real browser, under the content security policy that the product sends."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from markupsafe import Markup
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import FLAGS, chromium
from tests.design.test_templates import PRODUCT, context, environment
from unwall.channels.design import STATIC

pytestmark = pytest.mark.browser

POLICY = "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'self'"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8"}
SHOP = """{% extends "design/shop.html" %}{% import "design/components.html" as ui %}
{% block content %}{{ ui.product_card(p) }}
<form data-view='{"product_id": "7", "slot": 2}'><span id="s">{{ ui.stepper("Quantity", "q", 1, 1, 2) }}</span></form>
{% endblock %}
{% block toasts %}{{ ui.toast("Added", seconds=0) if toast }}{% endblock %}"""
PLOT = """{% extends "design/console.html" %}{% import "design/components.html" as ui %}
{% block content %}{{ ui.plot("a", "Sales", data=d) }}
{{ ui.plot("b", "From afar", url="/figures.json") }}{% endblock %}"""
COUNTER = """{% extends "design/counter.html" %}{% import "design/components.html" as ui %}
{% block content %}<form data-scan action="/scanned">{{ ui.digits("Code") }}</form>{{ ui.keypad("f-code") }}
{% endblock %}"""
SEEN = Markup('{"product_id": "7", "slot": 2}')
FIGURES = {"kind": "line", "x": ["Mon", "Tue"], "series": [{"name": "Orders", "values": [3, 5]}]}


class Site(BaseHTTPRequestHandler):
    told: ClassVar[queue.Queue[list[dict[str, Any]]]] = queue.Queue()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        pages = {"/shop.html": SHOP, "/plot.html": PLOT, "/counter.html": COUNTER}
        if path in pages:
            facts = context(p=PRODUCT | {"impression": SEEN}, d=FIGURES, toast="toast" in self.path)
            body = environment().from_string(pages[path]).render(facts).encode()
        elif path == "/figures.json":
            body = json.dumps(FIGURES).encode()
        elif path.startswith("/static/"):
            body = (STATIC / path.removeprefix("/static/")).read_bytes()
        else:
            body = b"{}"
        self.answer(body, TYPES.get(Path(path).suffix, "application/json"))

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-type"] == "application/json"
        self.told.put(json.loads(sent)["events"])
        self.answer(b"", "application/json")

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-security-policy", POLICY)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing: a test's output is its result."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)
    yield opened
    opened.close()
    assert wrong == []


def test_what_was_seen_and_opened_is_told_once(page: Page, site: str) -> None:
    page.goto(f"{site}/shop.html")
    page.click(".product h3 a")
    events = Site.told.get(timeout=120)
    assert Site.told.empty()
    assert [event["kind"] for event in events] == ["view", "impression", "click"]
    assert {(event["product_id"], event["slot"], event["page"]) for event in events} == {("7", 2, "/shop.html")}
    assert len({event["id"] for event in events}) == 3


def test_the_theme_is_chosen_and_kept(page: Page, site: str) -> None:
    page.goto(f"{site}/shop.html")
    page.click("[data-theme-toggle]")
    assert page.get_attribute("html", "data-theme") == "light"
    assert page.evaluate("document.cookie") == "theme=light"


def test_the_stepper_stays_within_its_bounds_and_a_toast_goes(page: Page, site: str) -> None:
    page.goto(f"{site}/shop.html?toast")
    for _ in range(3):
        page.click("#s [data-step='1']")
    page.click("[data-close-toast]")
    assert page.input_value("#f-q") == "2"
    page.wait_for_selector(".toast", state="detached")


def test_plots_are_drawn_under_the_policy_and_have_their_figures_as_a_table(page: Page, site: str) -> None:
    page.goto(f"{site}/plot.html")
    page.wait_for_selector("#a canvas")
    page.wait_for_selector("#b canvas")
    assert page.locator("#b td").all_text_contents() == ["3", "5"]
    assert page.locator("#a td").all_text_contents() == ["3", "5"]


def test_a_scanner_fills_the_form_and_sends_it(page: Page, site: str) -> None:
    page.goto(f"{site}/counter.html")
    page.click("[data-key='4']")
    assert page.input_value("#f-code") == "4"
    page.locator("body").press("Escape")
    page.evaluate(
        "for (const key of [...'402917', 'Enter'])"
        " document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}))"
    )
    page.wait_for_url("**/scanned?code=402917")
