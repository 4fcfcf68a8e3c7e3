"""Push messages: only the browser can read them, a private network is not asked, and what has ended goes."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import http_ece
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from tests.content.helpers import a_visitor, signed_in
from unwall.kernel.clock import now
from unwall.kernel.fetching import Fetcher
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint
from unwall.messages import actions
from unwall.messages.actions import notify
from unwall.messages.push import Pusher
from unwall.messages.push_lanes import (
    FAILURES_TO_REST,
    OTHERS_OF_ONE_HOST,
    REST_SECONDS,
    PushLanes,
    Resting,
    host_of,
    is_known,
)
from unwall.messages.values import (
    NewNotification,
    NotificationKind,
    PushJob,
    PushSubscription,
    QuietHours,
    StaffPush,
)
from unwall.messages.vapid import public_key

SECRET = b"s" * 32
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


class BrowserKeys:
    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    def subscription(self, endpoint: str) -> PushSubscription:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return PushSubscription(endpoint, _text(point), _text(self.auth))

    def read(self, body: bytes) -> dict:
        opened = http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        return msgspec.json.decode(opened)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@asynccontextmanager
async def push_service(status: int = 201) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], bytes]], Fetcher]]:
    """Its address, the requests that reached it, and a fetcher that may ask it."""
    seen: list[tuple[dict[str, str], bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) if ": " in line else (line, "") for line in head[1:] if line)
        kept = {name: line.split(": ", 1)[1] for line in head[1:] if line for name in [line.split(":")[0].lower()]}
        seen.append((kept, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()

    async def resolver(host: str, _: int) -> list[str]:
        return ["127.0.0.1"]

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        using = Fetcher(0, resolver, lambda ip: ip == "127.0.0.1", frozenset({port}))
        yield f"http://push.example:{port}/box/1", seen, using


async def subscribed(conn, person_id, keys: BrowserKeys, endpoint: str, *, token: str = "", lang: str = "en"):
    """At a service of the test, which does not speak TLS."""
    await actions.subscribe(conn, person_id, token, keys.subscription("https://push.example/1"), lang)
    await conn.execute("UPDATE push_subscription SET endpoint = $1", endpoint)


async def told(conn, person_id) -> bytes:
    """The payload of the job that pushes it."""
    facts = {"store": "Liu {Yun}", "number": "A-1"}
    told = NewNotification(
        person_id, NotificationKind.ORDER_PAID, new_id(), "{store} has your order {number}.", facts, "/order/1"
    )
    await notify(conn, [told], AT)
    return await conn.fetchval("SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id DESC", actions.PUSH)


async def count(db, table: str) -> int:
    async with db.read() as conn:
        return await conn.fetchval(f"SELECT count(*) FROM {table}")


async def test_only_the_browser_can_read_it_and_the_service_knows_who_sent_it(db):
    keys = BrowserKeys()
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, keys, endpoint, lang="zh")
            payload = await told(conn, visit.person_id)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(payload)
    [(headers, body)] = seen
    opened = keys.read(body)
    assert opened["url"] == "/order/1"
    assert opened["tag"].startswith("order-paid:")
    assert "Liu {Yun}" in opened["body"]
    assert "A-1" in opened["body"]
    assert b"Yun" not in body
    assert (headers["content-encoding"], headers["ttl"]) == ("aes128gcm", "86400")
    assert Vapid02.verify(headers["authorization"])
    assert f"k={public_key(SECRET)}" in headers["authorization"]
    with pytest.raises(http_ece.ECEException):
        BrowserKeys().read(body)


@pytest.mark.parametrize(("status", "left"), [(201, 1), (404, 0), (410, 0), (403, 0), (429, 1), (500, 1), (400, 1)])
async def test_a_subscription_that_has_ended_goes(db, status, left):
    async with push_service(status) as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, BrowserKeys(), endpoint)
            payload = await told(conn, visit.person_id)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(payload)
    assert len(seen) == 1
    assert await count(db, "push_subscription") == left
    assert await count(db, "pgqueuer") == (2 if status in {429, 500} else 1)  # is tried again


async def test_a_service_that_never_answers_is_given_up(db):
    async with push_service(503) as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, BrowserKeys(), endpoint)
            first = msgspec.json.decode(await told(conn, visit.person_id), type=PushJob)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(
            msgspec.json.encode(msgspec.structs.replace(first, attempt=3))
        )
    assert (len(seen), await count(db, "pgqueuer")) == (1, 1)


async def test_a_service_that_never_answers_holds_up_nobody_elses_messages(db):
    """Of thirty messages to it two wait for an answer; when it has not answered some times, it is not asked."""
    asked, silent = [], asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await silent.wait()
        writer.close()

    async with (
        push_service() as (endpoint, seen, fetcher),
        await asyncio.start_server(say_nothing, "127.0.0.1") as dead,
    ):
        port = dead.sockets[0].getsockname()[1]
        both = msgspec.structs.replace(fetcher, ports=fetcher.ports | {port})
        async with db.transaction() as conn:
            payloads = []
            for n in range(30):
                visit = await a_visitor(conn)
                keys = BrowserKeys().subscription(f"https://silent.example/{n}")
                await actions.subscribe(conn, visit.person_id, "", keys, "en")
                payloads.append(await told(conn, visit.person_id))
            await conn.execute(  # at a service of the test, which does not speak TLS
                "UPDATE push_subscription SET endpoint = replace(endpoint, 'https://silent.example', $1)",
                f"http://silent.example:{port}",
            )
            visit = await a_visitor(conn)
            await actions.subscribe(
                conn, visit.person_id, "", BrowserKeys().subscription("https://push.example/1"), "en"
            )
            await conn.execute("UPDATE push_subscription SET endpoint = $1 WHERE endpoint LIKE 'https:%'", endpoint)
            last = await told(conn, visit.person_id)
        pusher = Pusher(db, SECRET, "mailto:me@example.org", both)
        waiting = [asyncio.create_task(pusher.push(one)) for one in payloads]
        await pusher.push(last)
        assert len(seen) == 1
        silent.set()
        await asyncio.gather(*waiting)
        assert len(asked) <= FAILURES_TO_REST + OTHERS_OF_ONE_HOST
    assert await count(db, "push_subscription") == 31
    assert await count(db, "pgqueuer") == 31 + 30  # each is tried again


def test_the_services_of_browsers_are_known_by_their_whole_name():
    known = (
        "https://fcm.googleapis.com/x",
        "https://UPDATES.push.services.mozilla.com./x",
        "https://web.push.apple.com/x",
    )
    assert all(is_known(host_of(one)) for one in known)
    others = (
        "https://fcm.googleapis.com.evil.example/",
        "https://fcm.googleapis.com@evil.example/",
        "https://[::1",
        "x",
    )
    assert not any(is_known(host_of(one)) for one in others)


def test_a_host_that_answers_again_is_asked_again(monkeypatch):
    lanes, at = PushLanes(), 100.0
    monkeypatch.setattr("unwall.messages.push_lanes.time.monotonic", lambda: at)

    async def is_asked() -> bool:
        try:
            async with lanes.place("silent.example"):
                return True
        except Resting:
            return False

    for _ in range(FAILURES_TO_REST):
        assert asyncio.run(is_asked())
        lanes.failed("silent.example")
    assert not asyncio.run(is_asked())
    at += REST_SECONDS + 1
    assert asyncio.run(is_asked())
    lanes.failed("silent.example")
    assert not asyncio.run(is_asked())
    at += REST_SECONDS + 1
    lanes.answered("silent.example")
    lanes.failed("silent.example")
    assert asyncio.run(is_asked())


async def test_a_private_address_is_not_asked(db):
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, BrowserKeys(), endpoint)
            payload = await told(conn, visit.person_id)
        await Pusher(db, SECRET, "mailto:me@example.org", Fetcher(0, fetcher.resolver, ports=fetcher.ports)).push(
            payload
        )
    assert seen == []
    assert await count(db, "push_subscription") == 0


async def test_keys_that_are_none_end_the_subscription(db):
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, BrowserKeys(), endpoint)
            await conn.execute("UPDATE push_subscription SET p256dh = 'nonsense'")
            payload = await told(conn, visit.person_id)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(payload)
    assert (seen, await count(db, "push_subscription")) == ([], 0)


async def test_what_was_read_meanwhile_is_not_pushed(db):
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, BrowserKeys(), endpoint)
            payload = await told(conn, visit.person_id)
            await actions.mark_read(conn, visit, None, AT)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(payload)
    assert seen == []


async def test_in_quiet_hours_it_waits(db):
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visit = await a_visitor(conn)
            await subscribed(conn, visit.person_id, BrowserKeys(), endpoint)
            hour = now().hour
            await actions.keep_quiet_hours(conn, visit, QuietHours(hour, (hour + 2) % 24, "UTC"))
            payload = await told(conn, visit.person_id)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(payload)
        async with db.read() as conn:
            due = await conn.fetchval("SELECT max(execute_after) FROM pgqueuer")
    assert seen == []
    assert due > now() + timedelta(minutes=50)


async def test_a_device_hears_nothing_once_its_sign_in_has_ended(db):
    """Whoever sits there next must not read another's messages, nor where a visitor became a member."""
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            member = await signed_in(conn, await a_visitor(conn))
            await conn.execute(
                "INSERT INTO session (token_hash, audience, person_id, expires_at)"
                " VALUES ($1, 'member', $2, now() + interval '1 day')",
                fingerprint("token"),
                member.person_id,
            )
            await subscribed(conn, member.person_id, BrowserKeys(), endpoint, token="token")
            first = await told(conn, member.person_id)
        pusher = Pusher(db, SECRET, "mailto:me@example.org", fetcher)
        await pusher.push(first)
        assert len(seen) == 1
        async with db.transaction() as conn:
            await conn.execute("DELETE FROM session")
            second = await told(conn, member.person_id)
        await pusher.push(second)
        async with db.transaction() as conn:
            await actions.forget_old(conn, now())
    assert len(seen) == 1
    assert await count(db, "push_subscription") == 0


async def test_a_visitors_browser_hears_nothing_once_the_visitor_is_a_member(db):
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            visitor = await a_visitor(conn)
            await subscribed(conn, visitor.person_id, BrowserKeys(), endpoint)
            payload = await told(conn, visitor.person_id)
            member = await signed_in(conn, visitor)
            await conn.execute("UPDATE visitor SET member_id = $2 WHERE id = $1", visitor.visitor_id, member.member_id)
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push(payload)
    assert seen == []


async def test_staff_hear_of_a_message_while_they_are_signed_in(db):
    keys, person = BrowserKeys(), new_id()
    async with push_service() as (endpoint, seen, fetcher):
        async with db.transaction() as conn:
            await conn.execute(
                "INSERT INTO session (token_hash, audience, person_id, expires_at)"
                " VALUES ($1, 'staff', $2, now() + interval '1 day')",
                fingerprint("desk"),
                person,
            )
            await subscribed(conn, person, keys, endpoint, token="desk")
        push = StaffPush(
            [person], new_id(), "{name}: {words}", {"name": "Ann", "words": "Hi"}, "/console/conversations"
        )
        await Pusher(db, SECRET, "mailto:me@example.org", fetcher).push_to_staff(msgspec.json.encode(push))
    assert keys.read(seen[0][1])["body"] == "Ann: Hi"


def test_the_key_follows_from_the_secret():
    assert public_key(SECRET) == public_key(b"s" * 32)
    assert public_key(SECRET) != public_key(b"t" * 32)
    assert len(base64.urlsafe_b64decode(public_key(SECRET) + "==")) == 65
