"""What a browser may send, over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException

from tests.insight.market import TEA, add_post, open_market, product
from tests.journal.events import ANN, BOB, NOON
from unwall.channels.api.journal import HANDLERS
from unwall.channels.http.errors import on_http_error, on_unwall_error
from unwall.insight.attribution.owners import Owners
from unwall.journal.ingest import Ingest
from unwall.journal.rules import accept
from unwall.journal.values import DwellBody, Event, EventKind, SearchBody, Visit
from unwall.kernel.database import rows
from unwall.kernel.errors import Invalid, UnwallError
from unwall.kernel.ids import derived_id, new_id
from unwall.services import Services

VISIT = Visit(ANN, derived_id("session"), BOB, "en")
ALL = f"SELECT {', '.join(Event.__struct_fields__)} FROM journal ORDER BY at, id"


def sent(kind: str = "view", **more) -> dict:
    return {"id": str(new_id()), "kind": kind, "at": NOON.isoformat(), **more}


def beacon(*events: dict) -> bytes:
    return json.dumps({"events": events}).encode()


def errors_of(*events: dict) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        accept(beacon(*events), VISIT, NOON)
    return caught.value.by_field()


# --- what is understood -----------------------------------------------------------------------------------------------


def test_who_it_was_comes_from_the_visit_and_the_rest_from_the_browser():
    seen = sent("dwell", product_id=str(BOB), post_id=str(ANN), page="post", slot=3, policy="newest-1")
    seen["body"] = {"kind": "dwell", "seconds": 2.5}
    assert accept(beacon(seen), VISIT, NOON) == [
        Event(
            UUID(seen["id"]),
            NOON,
            EventKind.DWELL,
            visitor_id=ANN,
            member_id=BOB,
            session_id=VISIT.session_id,
            product_id=BOB,
            post_id=ANN,
            page="post",
            slot=3,
            policy="newest-1",
            body=DwellBody(2.5),
        )
    ]
    searched = sent("search", body={"kind": "search", "query": "丝绸"})
    assert accept(beacon(searched), VISIT, NOON)[0].body == SearchBody("丝绸")


@pytest.mark.parametrize("kind", ["purchase", "add-to-cart", "follow", "like", "checkout", "counter-sale"])
def test_facts_are_not_taken_from_browsers(kind):
    assert list(errors_of(sent(), sent(kind))) == ["events[1].kind"]


@pytest.mark.parametrize(
    ("minutes", "fine"), [(5, True), (5.1, False), (-7 * 24 * 60, True), (-7 * 24 * 60 - 0.1, False)]
)
def test_times_are_believed_within_reason(minutes, fine):
    event = sent(at=(NOON + timedelta(minutes=minutes)).isoformat())
    if fine:
        assert len(accept(beacon(event), VISIT, NOON)) == 1
    else:
        assert list(errors_of(event)) == ["events[0].at"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": "1"}, "events[1].id"),
        ({"kind": "seen"}, "events[1].kind"),
        ({"at": "yesterday"}, "events[1].at"),
        ({"at": "2026-03-10T12:00:00"}, "events[1].at"),  # whose noon?
        ({"slot": -1}, "events[1].slot"),
        ({"slot": 1.5}, "events[1].slot"),
        ({"page": "a\x00b"}, "events[1].page"),
        ({"page": "p" * 101}, "events[1].page"),
        ({"query": "q"}, "events[1].query"),
        ({"kind": "search", "body": {"kind": "search", "query": "q" * 201}}, "events[1].body.query"),
        ({"kind": "search", "body": {"kind": "search"}}, "events[1].body.query"),
        ({"kind": "dwell", "body": {"kind": "dwell", "seconds": -1}}, "events[1].body.seconds"),
        ({"kind": "dwell", "body": {"kind": "search", "query": "q"}}, "events[1].body"),
        ({"body": {"kind": "view"}}, "events[1].body.kind"),
        ({"body": {"note": "x"}}, "events[1].body.kind"),
        ({"product_id": "silk"}, "events[1].product_id"),
        ({"merchant_id": str(ANN)}, "events[1].merchant_id"),
        ({"propensity": 1}, "events[1].propensity"),
    ],
)
def test_what_is_wrong_is_named(wrong, field):
    assert list(errors_of(sent(), sent(**wrong))) == [field]


def test_a_missing_field_is_named():
    event = sent()
    del event["kind"]
    assert list(errors_of(event)) == ["events[0].kind"]


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"{}", b'{"events": []}', b'{"events": {}}', b"\xff", b"{", beacon(*[sent()] * 101)]
)
def test_what_is_no_beacon_is_refused(raw):
    with pytest.raises(Invalid):
        accept(raw, VISIT, NOON)


def test_every_error_is_named_at_once():
    later = (NOON + timedelta(days=1)).isoformat()
    assert list(errors_of(sent("purchase"), sent(), sent(at=later))) == ["events[0].kind", "events[2].at"]


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def browser(db):
    ingest = Ingest(db)
    parts = dict.fromkeys(Services.__dataclass_fields__)
    services = Services(**parts | {"db": db, "ingest": ingest, "owners": Owners(db)})
    app = Litestar(
        HANDLERS,
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "visit": Provide(lambda: VISIT, sync_to_thread=False),
        },
        exception_handlers={UnwallError: on_unwall_error, HTTPException: on_http_error},
        openapi_config=None,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        yield client
    await ingest.close()


def lately(kind: str = "view", **more) -> dict:
    return {**sent(kind, **more), "at": datetime.now(UTC).isoformat()}


async def test_a_beacon_is_stored_under_the_merchant_it_is_about(browser, db):
    async with db.transaction() as conn:
        await open_market(conn)
        post = await add_post(conn, "spring", TEA, [])
    events = [
        lately(product_id=str(product("green"))),
        lately("click", post_id=str(post)),
        lately(account_id=str(derived_id("account", "label"))),
        lately(product_id=str(new_id())),
        lately("search"),
    ]
    response = await browser.post("/journal", content=beacon(*events), headers={"content-type": "text/plain"})

    assert (response.status_code, response.json()) == (202, {"accepted": 5, "new": 5})
    assert "set-cookie" not in response.headers
    async with db.read() as conn:
        stored = {str(event.id): event.merchant_id for event in await rows(conn, Event, ALL)}
    assert [stored[event["id"]] for event in events] == [TEA, TEA, derived_id("label"), None, None]


async def test_sending_again_changes_nothing(browser, db):
    raw = beacon(lately(), lately())
    assert (await browser.post("/journal", content=raw)).json() == {"accepted": 2, "new": 2}
    assert (await browser.post("/journal", content=raw)).json() == {"accepted": 2, "new": 0}
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM journal") == 2


async def test_one_wrong_event_is_a_clear_answer_and_stores_nothing(browser, db):
    response = await browser.post("/journal", content=beacon(lately(), lately("purchase")))
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == ["events[1].kind"]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM journal") == 0


async def test_too_much_at_once_is_refused(browser):
    response = await browser.post("/journal", content=beacon(lately(page="x")) + b" " * 64 * 1024)
    assert response.status_code == 413
