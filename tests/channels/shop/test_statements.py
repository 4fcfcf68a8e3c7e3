"""How many statements the pages of somebody who is signed in take, once what is the same for everybody is in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, STORE, Store, join, put_into_bag
from unwall.kernel.database import Connection
from unwall.services import Services

BACKGROUND = (
    *("FROM model WHERE", "pg_notify('changes'", "record_events", "record_touches", "ensure_journal_days"),
    *("pg_catalog.pg_type", "current_setting('jit')"),
)
"""The model's watcher, the marker of the tests' own `up_to_date`, the journal after the answer, and what the driver
asks once a connection about types."""


@pytest.fixture
def asked(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that have been asked, COPY not among them."""
    statements: list[str] = []
    read = services.db.read

    @asynccontextmanager
    async def logged() -> AsyncIterator[Connection]:
        async with read() as conn:
            conn.add_query_logger(note)
            try:
                yield conn
            finally:
                conn.remove_query_logger(note)

    def note(record) -> None:
        if not any(sign in record.query for sign in BACKGROUND) and not record.query.startswith(("BEGIN", "COMMIT")):
            statements.append(record.query)

    monkeypatch.setattr(services.db, "read", logged)
    return statements


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 2),  # who asks, and what the page is made of; where a place is known, one more for what is near
        (SCARF, 3),  # its stock, and the posts that show it
        ("/post/{morning}", 2),
        (STORE, 3),  # whether they follow it
        ("/bag", 3),
    ],
)
async def test_a_page_takes_few_statements(
    browser: Shopper, store: Store, asked: list[str], path: str, most: int
) -> None:
    await join(browser, {"name": "Ann", "email": "ann@example.com", "password": "correct horse 9"})
    await put_into_bag(browser, store.market.tea)
    url = path.format(morning=store.morning)
    for _ in range(2):
        assert (await browser.get(url)).status_code == 200
    asked.clear()
    assert (await browser.get(url)).status_code == 200
    assert len(asked) == most, asked


async def test_of_a_newcomer_nothing_is_asked(browser: Shopper, store: Store, asked: list[str]) -> None:
    """Of a browser without cookies there is nothing to know: its post page takes what the post itself takes."""
    url = f"/post/{store.morning}"
    await browser.get(url)
    browser.http.cookies.clear()
    asked.clear()
    assert (await browser.get(url)).status_code == 200
    assert len(asked) == 1, asked
