"""A new visitor's checkout through /api/v1, in five calls: visit, cart line, delivery options, order, payment."""

import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import msgspec

from bench._market import PLACES
from bench._server import Caller

CARD = msgspec.json.encode({"number": "4242424242424242", "expiry": "12/49", "cvc": "123"})


class Visit(msgspec.Struct):
    visit: str


class Identified(msgspec.Struct):
    """A cart or an order."""

    id: UUID
    state: str = ""


class Way(msgspec.Struct):
    method: str
    node_id: UUID | None


class Problem(msgspec.Struct):
    code: str


@dataclass(slots=True)
class Tally:
    """What shoppers met, in seconds."""

    paid: list[float] = field(default_factory=list)
    """Whole checkouts."""
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sold_out: int = 0
    seconds: float = 0.0
    """From the first shopper's first call to the last one's last answer."""


class Shopper:
    """Each has an address of its own, told as a proxy in front of the server would."""

    def __init__(self, caller: Caller, chance: random.Random, tally: Tally) -> None:
        self._caller, self._chance, self._tally = caller, chance, tally
        address = ".".join(str(chance.randrange(1, 255)) for _ in range(3))
        self._headers = f"content-type: application/json\r\nx-forwarded-for: 10.{address}\r\n"

    async def buy(self, variant: UUID, *, method: str = "") -> bool:
        """False where it is sold out. Without a method one of the ways offered is taken by chance."""
        start = time.perf_counter()
        paid = await self._check_out(variant, method)
        if paid:
            self._tally.paid.append(time.perf_counter() - start)
        else:
            self._tally.sold_out += 1
        return paid

    async def _check_out(self, variant: UUID, method: str) -> bool:
        *_, city, latitude, longitude = self._chance.choice(PLACES)
        home = {"city": city, "latitude": latitude + 0.01, "longitude": longitude + 0.01}
        visit = msgspec.json.decode(await self._call("visit", "POST", "/visits"), type=Visit)
        self._headers += f"unwall-visit: {visit.visit}\r\n"
        added = await self._call("bag", "POST", "/carts/lines", {"variant_id": variant, "quantity": 1})
        cart_id = msgspec.json.decode(added, type=Identified).id
        near = f"latitude={home['latitude']}&longitude={home['longitude']}"
        offered = await self._call("ways", "GET", f"/carts/{cart_id}/delivery-options?{near}")
        way = Way(method, None) if method else self._chance.choice(msgspec.json.decode(offered, type=list[Way]))
        choice = {"method": way.method, "node_id": way.node_id if way.method == "pickup" else None}
        contact = {"name": "Bench", "phone": "13800138000", "address": "1 River Road", **home}
        placed = await self._call(
            "order", "POST", "/orders", {"cart_id": cart_id, "choice": choice, "contact": contact}
        )
        return bool(placed) and await self._pay(msgspec.json.decode(placed, type=Identified).id)

    async def _pay(self, order_id: UUID) -> bool:
        answer = await self._call("payment", "POST", f"/orders/{order_id}/payment", CARD)
        state = msgspec.json.decode(answer, type=Identified).state
        if state != "paid":
            raise RuntimeError(f"The order is {state} after its payment.")
        return True

    async def _call(self, name: str, method: str, path: str, body: object = b"") -> bytes:
        """The answer's body; empty where the goods are sold out."""
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = self._headers + (f"idempotency-key: {uuid4()}\r\n" if method == "POST" else "")
        start = time.perf_counter()
        status, answer = await self._caller.ask(method, f"/api/v1{path}", sent, headers)
        self._tally.calls[name].append(time.perf_counter() - start)
        if status == 409 and msgspec.json.decode(answer, type=Problem).code == "sold-out":
            return b""
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:500]!r}")
        return answer
