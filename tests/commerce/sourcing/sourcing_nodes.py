"""Nodes for tests that need no database."""

from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice, NodeCandidate, Rates
from unwall.commerce.stock.values import Node, NodeKind
from unwall.kernel.ids import derived_id

RATES = Rates(
    "CNY",
    DeliveryPrice(DeliveryMethod.SHIP, fee=1000, cost=600, cost_per_100_km=100),
    DeliveryPrice(DeliveryMethod.COURIER, fee=1200, fee_per_km=200),
)
MERCHANT = derived_id("merchant")
RED, BLUE = derived_id("red"), derived_id("blue")


def node(code: str, **more: object) -> Node:
    facts = {
        "id": derived_id("node", code),
        "merchant_id": MERCHANT,
        "code": code,
        "kind": NodeKind.SHOP,
        "name": code,
        "city": "Hangzhou",
        "address": "1 Lake Road",
        "latitude": 30.25,
        "longitude": 120.15,
        "timezone": "Asia/Shanghai",
        "opening_hours": "Mo-Su 10:00-22:00",
        "ships": True,
        "pickup": True,
        "pick_minutes": 30,
        "pick_cost": 100,
        "open": True,
    }
    return Node(**facts | more)  # type: ignore[arg-type]


def candidate(code: str, km: float | None, *, red: int = 0, blue: int = 0, **more: object) -> NodeCandidate:
    return NodeCandidate(node(code, **more), km, {RED: red, BLUE: blue})
