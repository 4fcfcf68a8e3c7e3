"""The address where payment gateways tell of payments by themselves."""

from litestar.testing import AsyncTestClient

from unwall.channels.http.body_sizes import MAX_BODY_BYTES
from unwall.commerce.payments.gateway import GatewayEvent
from unwall.commerce.payments.simulator import TestGateway
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.services import Services

PATH = "/payments/test/webhook"


async def stored(db: Database) -> list[str]:
    async with db.read() as conn:
        return [record[0] for record in await conn.fetch("SELECT event_id FROM gateway_event ORDER BY event_id")]


async def test_an_event_is_answered_once_it_is_stored_and_told_again_it_is_stored_once(
    client: AsyncTestClient, db: Database, services: Services
) -> None:
    gateway = services.checkout.gateway
    assert isinstance(gateway, TestGateway)
    body, headers = gateway.signed_event(GatewayEvent("evt-1", "payment", None), now())
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        answer = await client.post(PATH, content=body, headers=headers | {"content-type": kind})
        assert (answer.status_code, answer.content) == (200, b"")
    assert await stored(db) == ["evt-1"]


async def test_what_is_not_the_gateways_is_refused(client: AsyncTestClient, db: Database, services: Services) -> None:
    gateway = services.checkout.gateway
    assert isinstance(gateway, TestGateway)
    body, headers = gateway.signed_event(GatewayEvent("evt-1", "payment", None), now())
    asked = [
        await client.post(PATH, content=body),
        await client.post(PATH, content=body + b" ", headers=headers),
        await client.post("/payments/another/webhook", content=body, headers=headers),
        await client.post(PATH, content=b" " * (MAX_BODY_BYTES + 1), headers=headers),
    ]
    assert [answer.status_code for answer in asked] == [422, 422, 404, 413]
    assert await stored(db) == []
