"""Walk the main job in the demo market and keep its screens in docs/screens, for the README and for looking at.

usage: uv run python tools/screenshots.py [--lang zh] [--out docs/screens]

Makes a demo market of its own (seed 1) in a folder that is gone afterwards. Chromium is $UNWALL_CHROMIUM, or what
tools/chromium finds.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parent.parent
PASSWORD = "unwall-demo"  # noqa: S105 (the demo market's, printed by `unwall demo`)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PATIENCE_SECONDS = 120
LOCALES = {"en": "en-GB", "zh": "zh-CN"}


class Album:
    """Keeps screens as WebP, and says which."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        image = Image.open(BytesIO(page.screenshot()))
        file = self.folder / f"{name}.webp"
        image.save(file, "WEBP", quality=82, method=6)
        print(f"{file}  {file.stat().st_size // 1000} kB")


@contextmanager
def market() -> Iterator[str]:
    """The address of a demo market of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="unwall-screens-", ignore_cleanup_errors=True) as data:
        Path(data).chmod(0o711)  # as root the database runs as another user
        environment = {**os.environ, "UNWALL_DATA": data, "UNWALL_PORT": str(port), "UNWALL_LOG_LEVEL": "warning"}
        environment.pop("DATABASE_URL", None)
        with subprocess.Popen([sys.executable, "-m", "unwall", "demo"], env=environment) as server:
            try:
                _await(f"http://127.0.0.1:{port}/healthz")
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def _await(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def chromium() -> str:
    given = os.environ.get("UNWALL_CHROMIUM")
    return given or subprocess.check_output([ROOT / "tools/chromium", "--find"], text=True).strip()


def sign_in(page: Page, door: str, email: str) -> None:
    page.goto(door)
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def shop(context: BrowserContext, album: Album) -> str:
    """Look, choose, buy for pickup; the address of the order."""
    page = context.new_page()
    sign_in(page, "/sign-in", "lin@example.com")
    page.goto("/place")
    page.locator("button[name=place]", has_text=re.compile("Hangzhou|杭州")).first.click()
    page.goto("/")
    album.keep(page, "shop-home")
    page.evaluate("scrollTo(0, 700)")
    album.keep(page, "shop-home-for-you")
    page.evaluate("scrollTo(0, 0)")
    page.goto(page.locator("main a[href^='/post/']").first.get_attribute("href") or "/")
    album.keep(page, "shop-post")
    page.goto("/m/south-window")
    album.keep(page, "shop-store")
    page.goto(_near(page))
    album.keep(page, "shop-product")
    if page.locator(".buybar [data-to]").count():
        page.locator(".size:not(.gone)").first.click()
    page.locator("form[action='/bag/add'] button[type=submit]").first.click()
    page.locator("#toasts .toast").first.wait_for()
    page.goto("/bag")
    page.goto(page.locator("a[href^='/checkout/']").first.get_attribute("href") or "/bag")
    album.keep(page, "shop-checkout")
    page.locator("label.way", has=page.locator("input[value^=pickup]")).first.click()
    for name, value in (
        ("name", "Lin"),
        ("phone", "13800138000"),
        ("card_number", "4242424242424242"),
        ("card_expiry", "12/40"),
        ("card_cvc", "123"),
    ):
        page.locator(f"input[name={name}]").fill(value)
    for name, value in (("address", "1 Nanshan Road"), ("city", "Hangzhou")):
        if page.locator(f"input[name={name}]").is_visible():
            page.locator(f"input[name={name}]").fill(value)
    page.locator("#paybar button").click()
    page.wait_for_url("**/order/**")
    album.keep(page, "shop-order")
    return page.url


def _near(page: Page) -> str:
    """A product that stands ready near, from the home page's row of such; else the first of its products."""
    page.goto("/")
    links = page.locator("main a[href*='/p/'][href*='near'], main a[href*='/p/']")
    return links.first.get_attribute("href") or "/"


def console(context: BrowserContext, album: Album, order: str) -> None:
    page = context.new_page()
    sign_in(page, "/console", "owner@south-window.example")
    for path, name in (
        ("", "today"),
        ("/posts", "posts"),
        ("/posts/new", "post"),
        ("/stock", "stock"),
        ("/orders", "orders"),
        ("/insight", "insight"),
        ("/pages", "pages"),
    ):
        page.goto(f"/console{path}")
        album.keep(page, f"console-{name}")
    response = page.goto(f"/console/orders/{order.rsplit('/', 1)[-1]}")
    if response is None or not response.ok:  # the order is another store's
        page.goto("/console/orders")
        page.goto(page.locator("main a[href^='/console/orders/0']").first.get_attribute("href") or "/console")
    album.keep(page, "console-order")


def counter(context: BrowserContext, album: Album) -> None:
    page = context.new_page()
    sign_in(page, "/counter", "hz1@south-window.example")
    album.keep(page, "counter-tasks")
    page.locator("a.task").first.click()
    album.keep(page, "counter-task")
    page.goto("/counter/hand-over")
    album.keep(page, "counter-hand-over")


def walk(browser: Browser, url: str, album: Album, locale: str) -> None:
    def window(size: dict[str, int], *, dark: bool = False) -> BrowserContext:
        return browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            base_url=url,
            locale=locale,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            device_scale_factor=1.5,
        )

    order = shop(window(PHONE), album)
    console(window(DESKTOP), album, order)
    counter(window(PHONE), album)


def main() -> None:
    parser = argparse.ArgumentParser(description="Keep the screens of the main job.")
    parser.add_argument("--lang", choices=sorted(LOCALES), default="en")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/screens")
    options = parser.parse_args()
    with market() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        walk(browser, url, Album(options.out), LOCALES[options.lang])
        browser.close()
    print(f"The screens are in {options.out}.")


if __name__ == "__main__":
    main()
