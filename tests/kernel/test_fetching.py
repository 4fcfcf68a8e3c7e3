"""Files from addresses that somebody else wrote: public ones only, small ones only."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from unwall.kernel.fetching import Fetcher, NotFetched, is_public, resolve

OK = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"


@asynccontextmanager
async def serving(answers: dict[bytes, bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on this machine; the second value is the heads of the requests that reached it."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        writer.write(answers.get(head.split(b" ")[1], b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n"))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], seen


def fetcher(port: int, names: dict[str, list[str]], most_bytes: int = 100) -> Fetcher:
    async def resolver(host: str, _: int) -> list[str]:
        return names[host]

    return Fetcher(most_bytes, resolver, lambda ip: ip == "127.0.0.1", frozenset({80, 443, port}))


async def fetched(using: Fetcher, address: str) -> bytes:
    target = io.BytesIO()
    await using.fetch(address, target)
    return target.getvalue()


async def test_a_file_is_fetched_from_the_address_that_was_checked():
    async with serving({b"/a.png": OK + b"pixels"}) as (port, seen):
        using = fetcher(port, {"cdn.example": ["127.0.0.1"]})
        assert await fetched(using, f"http://cdn.example:{port}/a.png") == b"pixels"
    assert f"host: cdn.example:{port}".encode() in seen[0].lower()


@pytest.mark.parametrize(
    "address",
    [
        "http://inside.example/x.png",
        "http://10.0.0.1/x.png",
        "http://169.254.169.254/latest/meta-data",
        "http://cdn.example:22/x.png",
        "ftp://cdn.example/x.png",
        "file:///etc/passwd",
        "http://user:pass@cdn.example/x.png",
        "http:///x.png",
    ],
)
async def test_private_and_odd_addresses_are_not_asked(address):
    names = {"inside.example": ["127.0.0.1", "10.0.0.1"], "10.0.0.1": ["10.0.0.1"], "cdn.example": ["127.0.0.1"]}
    names["169.254.169.254"] = ["169.254.169.254"]
    async with serving({}) as (port, seen):
        with pytest.raises(NotFetched) as refused:
            await fetched(fetcher(port, names), address)
    assert refused.value.lasting
    assert seen == []


INSIDE = (
    *("2130706433", "0x7f000001", "017700000001", "127.1", "0", "0.0.0.0", "3232235777", "127。0。0。1", "localhost"),
    *("[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[fec0::1]"),
    *("[2002:7f00:1::]", "[64:ff9b:1::7f00:1]", "[fd00::1]", "[ff02::1]", "192.0.0.8", "100.64.0.1", "198.18.0.1"),
)
"""Ways to write an address of this machine or of its network, each as the system's own resolver reads it."""
NO_ADDRESSES = (
    *("http://127.0.0.1:80@8.8.8.8/", "http://8.8.8.8@127.0.0.1/", "http://8.8.8.8\\@127.0.0.1/", "http://@127.0.0.1/"),
    *("http://127.0.0.1\\@8.8.8.8/", "http:127.0.0.1/", "http:///127.0.0.1/", "//127.0.0.1/", "http://127.0.0.1:22/"),
    *("http://127.0.0.1:99999/", "http://127.0.0.1:-1/", "http://x:80:80/", "http://[::1/", "http://a\0b/"),
    *("gopher://127.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://0177.0.0.1/", "http://127.0.0.1:6379/"),
)


@pytest.mark.parametrize("host", INSIDE)
async def test_no_way_to_write_an_address_leads_into_a_private_network(host):
    """Neither at once nor after a redirect from a server that may be asked."""
    to_it = f"HTTP/1.1 302 Found\r\nlocation: http://{host}/secret\r\n\r\n".encode()

    async def resolver(name: str, port: int) -> list[str]:
        return ["127.0.0.1"] if name == "cdn.example" else await resolve(name, port)

    async with serving({b"/a": to_it}) as (port, seen):
        redirected = Fetcher(100, resolver, lambda ip: is_public(ip) or not seen, frozenset({80, 443, port}))
        for using, address in ((Fetcher(100), f"http://{host}/"), (redirected, f"http://cdn.example:{port}/a")):
            with pytest.raises(NotFetched, match="public internet"):
                await fetched(using, address)
    assert len(seen) == 1


@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_what_two_parsers_could_read_differently_is_no_address(address):
    with pytest.raises(NotFetched, match="not a web address"):
        await Fetcher(100).fetch(address, io.BytesIO())
    with pytest.raises(NotFetched, match="not a web address"):
        await Fetcher(0).post(address, b"x", {}, 60)


async def test_a_redirect_into_a_private_network_is_not_followed():
    async with serving({b"/a": b"HTTP/1.1 302 Found\r\nlocation: http://inside.example/\r\n\r\n"}) as (port, seen):
        using = fetcher(port, {"cdn.example": ["127.0.0.1"], "inside.example": ["192.168.0.1"]})
        with pytest.raises(NotFetched, match="public internet"):
            await fetched(using, f"http://cdn.example:{port}/a")
    assert len(seen) == 1


async def test_a_name_that_changes_its_answer_is_connected_to_the_checked_one():
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with serving({b"/a": OK + b"x"}) as (port, _):
        using = Fetcher(100, rebinding, lambda ip: ip == "127.0.0.1", frozenset({port}))
        assert await fetched(using, f"http://cdn.example:{port}/a") == b"x"
    assert answers == [["10.0.0.1"]], "it was resolved once"


async def test_large_files_and_endless_redirects_end():
    loop = b"HTTP/1.1 302 Found\r\nlocation: /loop\r\nconnection: close\r\n\r\n"
    async with serving({b"/large": OK + b"x" * 101, b"/loop": loop}) as (port, seen):
        using = fetcher(port, {"cdn.example": ["127.0.0.1"]})
        with pytest.raises(NotFetched, match="too large"):
            await fetched(using, f"http://cdn.example:{port}/large")
        with pytest.raises(NotFetched, match="too often"):
            await fetched(using, f"http://cdn.example:{port}/loop")
        with pytest.raises(NotFetched, match="no file"):
            await fetched(using, f"http://cdn.example:{port}/none")
    assert len(seen) == 1 + 6 + 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("192.0.0.8", False),
        ("192.88.99.1", False),
        ("fec0::1", False),
        ("5f00::1", False),
        ("3fff::1", False),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_public_addresses_are_told_from_others(address, public):
    assert is_public(address) is public
