"""Fetching a file from a web address that somebody else wrote. Only public addresses are asked: every name is resolved
here, each of its addresses is checked, and the connection goes to the address that was checked, also after a redirect,
so that neither a redirect nor a name that changes its answer leads into a private network.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import IO
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from unwall.kernel.errors import UnwallError
from unwall.kernel.text import N_

MAX_REDIRECTS = 5
FETCH_SECONDS = 60
"""For everything: names, redirects and the file."""
_CONNECT_SECONDS = 10
_NAMES_AT_ONCE = 8
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_AGENT = "Unwall"
_WITH_IPV4 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""IPv6 addresses whose last 32 bits are an IPv4 address."""
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
"""Where its IPv4 address stands depends on the network."""
_NOT_PUBLIC = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "5f00::/16", "3fff::/20"))
)
"""Which `is_global` of some versions of Python takes for public: protocol assignments, relays, site-local addresses,
segment routing, documentation."""

Resolver = Callable[[str, int], Awaitable[list[str]]]


class NotFetched(UnwallError):
    code = "not-fetched"

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting
        """trying again will not help"""


def resolver_with(threads: int) -> Resolver:
    """In threads of its own: a name server that does not answer holds one for half a minute."""
    names = ThreadPoolExecutor(threads, "names")

    async def resolve(host: str, port: int) -> list[str]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        infos = await asyncio.get_running_loop().run_in_executor(names, ask)
        return [str(address[4][0]) for address in infos]

    return resolve


resolve = resolver_with(_NAMES_AT_ONCE)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; one that wraps an IPv4 address is what it wraps."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner:
            return is_public(str(inner))
        if any(ip in network for network in _WITH_IPV4):
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip in _LOCAL_NAT64:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)


class Fetcher(msgspec.Struct, frozen=True):
    """`allowed` and `ports` are for tests, whose server is on this machine."""

    most_bytes: int
    resolver: Resolver = resolve
    allowed: Callable[[str], bool] = is_public
    ports: frozenset[int] = frozenset(_PORTS.values())

    async def fetch(self, address: str, target: IO[bytes]) -> None:
        """Write what is at the address into `target`. Raises `NotFetched`."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                for _ in range(MAX_REDIRECTS + 1):
                    following = await self._ask(address, target)
                    if following is None:
                        return
                    address = urljoin(address, following)
        except (TimeoutError, httpx.HTTPError, OSError) as error:
            raise NotFetched(N_("The address does not answer."), lasting=False) from error
        raise NotFetched(N_("The address redirects too often."), lasting=True)

    async def post(self, address: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
        """The status of the answer, within `seconds` for everything; its body is not read, and redirects are not
        followed. Raises `NotFetched`."""
        try:
            async with asyncio.timeout(seconds):
                host, port, url, ip = await self._checked(address)
                pinned = url.copy_with(host=f"[{ip}]" if ":" in ip else ip, port=port)
                named = {"host": _named(host, port), "user-agent": _AGENT, **headers}
                timeout = httpx.Timeout(seconds)
                async with (
                    httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client,
                    client.stream(
                        "POST", pinned, content=body, headers=named, extensions={"sni_hostname": host}
                    ) as answer,
                ):
                    return answer.status_code
        except (TimeoutError, httpx.HTTPError, OSError) as error:
            raise NotFetched(N_("The address does not answer."), lasting=False) from error

    async def _ask(self, address: str, target: IO[bytes]) -> str | None:
        """The URL of a redirect; None once the file is in `target`."""
        host, port, url, ip = await self._checked(address)
        literal = f"[{ip}]" if ":" in ip else ip
        pinned = url.copy_with(host=literal, port=port)
        timeout = httpx.Timeout(FETCH_SECONDS, connect=_CONNECT_SECONDS)
        headers = {"host": _named(host, port), "user-agent": _AGENT, "accept": "image/*", "accept-encoding": "identity"}
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", pinned, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            if answer.status_code in _REDIRECTS and "location" in answer.headers:
                return answer.headers["location"]
            if answer.status_code != 200:
                raise NotFetched(N_("There is no file at this address."), lasting=answer.status_code < 500)
            await self._copy(answer, target)
        return None

    async def _copy(self, answer: httpx.Response, target: IO[bytes]) -> None:
        target.seek(0)
        target.truncate()
        size = 0
        async for chunk in answer.aiter_raw(65536):
            size += len(chunk)
            if size > self.most_bytes:
                raise NotFetched(N_("The file is too large."), lasting=True)
            target.write(chunk)

    async def _checked(self, address: str) -> tuple[str, int, httpx.URL, str]:
        """The host, the port, the URL and the IP address to connect to."""
        try:
            parts, url = urlsplit(address), httpx.URL(address)
            host, port = url.raw_host.decode("ascii"), parts.port or _PORTS.get(parts.scheme, 0)
        except (ValueError, httpx.InvalidURL) as error:
            raise NotFetched(N_("This is not a web address."), lasting=True) from error
        if parts.scheme not in _PORTS or not host or port not in self.ports or parts.username is not None:
            raise NotFetched(N_("This is not a web address."), lasting=True)
        try:
            addresses = await self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise NotFetched(N_("The address does not answer."), lasting=False) from error
        if not addresses or not all(self.allowed(ip) for ip in addresses):
            raise NotFetched(N_("The address is not on the public internet."), lasting=True)
        return host, port, url, addresses[0]


def _named(host: str, port: int) -> str:
    return host if port in _PORTS.values() else f"{host}:{port}"
