"""Programs that speak JSON: a shopper's app and a merchant's."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from httpx import Response
from litestar.testing import AsyncTestClient

from tests.commerce.market import Market
from unwall.kernel.database import Database
from unwall.people import actions as people
from unwall.people.values import ApiScope

NUMBERS = count(1)
API = "/api/v1"
CARD = {"number": "4242 4242 4242 4242", "expiry": "12/39", "cvc": "123"}
CONTACT = {"name": "Ann Lin", "phone": "138 0013 8000", "address": "1 Lake Road", "city": "Hangzhou"}
LAKE = "latitude=30.2741&longitude=120.1551"


@dataclass
class Client:
    http: AsyncTestClient
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Response:
        return await self.http.get(API + path, headers={**self.headers, **headers})

    async def send(self, method: str, path: str, body: Any = None, key: str | None = "", **headers: str) -> Response:
        """Under a fresh Idempotency-Key unless one is given, or None for none."""
        named = {} if key is None else {"idempotency-key": key or f"key number {next(NUMBERS)}"}
        raw = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await self.http.request(method, API + path, headers={**self.headers, **named, **headers}, **raw)

    async def post(self, path: str, body: Any = None, key: str | None = "", **headers: str) -> Response:
        return await self.send("POST", path, body, key, **headers)

    async def put(self, path: str, body: Any = None, **headers: str) -> Response:
        return await self.send("PUT", path, body, None, **headers)


async def shopper_app(http: AsyncTestClient) -> Client:
    opened = await Client(http).post("/visits")
    assert opened.status_code == 201
    return Client(http, {"unwall-visit": opened.json()["visit"]})


async def merchant_program(http: AsyncTestClient, db: Database, market: Market, *scopes: ApiScope) -> Client:
    """With all scopes where none is named."""
    async with db.transaction() as conn:
        made = await people.make_api_key(conn, market.merchant, "till", frozenset(scopes or ApiScope))
    return Client(http, {"authorization": f"Bearer {made.secret}"})


def problem(answer: Response) -> tuple[int, str, set[str]]:
    """(status, code, fields), after a look whether it is a problem as RFC 9457 wants it."""
    told = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert told["status"] == answer.status_code
    assert {"type", "title", "detail", "code"} <= told.keys()
    return answer.status_code, told["code"], {error["field"] for error in told.get("errors", [])}
