"""One small market that tests of commerce share: a merchant, two shops and a warehouse in real places, a scarf in two
colours and a tea, and people who buy and pick."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders import cart as orders
from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.credit import audit_credit
from unwall.commerce.orders.values import Contact, Order, Origin
from unwall.commerce.payments import reads as payment_reads
from unwall.commerce.payments.gateway import CardDetails, CardToken
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import Cause, Node, NodeDraft, NodeKind, Reason, VariantQuantity
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database
from unwall.kernel.geo import Place
from unwall.kernel.ids import new_id
from unwall.people.values import Role, Staff

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in China: the shops open."""

HANGZHOU = Place("Hangzhou", 30.2741, 120.1551)
SECRET = b"a secret of the tests, thirty-two"

PAYS, DECLINED, SILENT = (
    CardToken("tok_pays", "4242"),
    CardToken("tok_declined", "0002"),
    CardToken("tok_silent", "0119"),
)
CARD = CardDetails("4242 4242 4242 4242", "12/30", "123")
ANN = Contact("Ann Lin", "+86 138 0013 8000", "ann@example.org", "1 Lake Road", "Hangzhou", 30.2741, 120.1551)
PICKING_UP = Contact("Ann Lin", "13800138000")


class Market(msgspec.Struct, frozen=True):
    merchant: UUID
    scarf: UUID
    red: UUID
    blue: UUID
    tea: UUID
    """The one variant of a product of its own."""
    west_lake: UUID
    """A shop in Hangzhou, 2 km from `HANGZHOU`."""
    bund: UUID
    """A shop in Shanghai."""
    warehouse: UUID
    """In Suzhou; no pickup."""


def node_draft(code: str, name: str, at: tuple[float, float], **more: object) -> NodeDraft:
    facts = {
        "code": code,
        "kind": NodeKind.SHOP,
        "name": name,
        "city": name.split(maxsplit=1)[0],
        "address": "1 Lake Road",
        "latitude": at[0],
        "longitude": at[1],
        "timezone": "Asia/Shanghai",
        "opening_hours": "Mo-Su 10:00-22:00",
        "pick_minutes": 30,
        "pick_cost": 200,
    }
    return NodeDraft(**facts | more)  # type: ignore[arg-type]


async def open_market(db: Database, *, each: int = 10, slug: str = "liu-yun") -> Market:
    """Everything everywhere, `each` of it; several markets in one database need a slug each."""
    async with db.transaction() as conn:
        market = await _found(conn, slug)
        for node_id in (market.west_lake, market.bund, market.warehouse):
            await put(conn, market, node_id, {market.red: each, market.blue: each, market.tea: each})
    return market


async def _found(conn: Connection, slug: str) -> Market:
    merchant, scarf, tea_product, red, blue, tea = (new_id() for _ in range(6))
    await conn.execute(
        "INSERT INTO merchant (id, slug, name, currency, timezone) VALUES ($1, $2, 'Liu Yun', 'CNY', 'Asia/Shanghai')",
        merchant,
        slug,
    )
    for product, handle, title, zh in (
        (scarf, "scarf", "Silk scarf", "真丝围巾"),
        (tea_product, "tea", "Longjing", "龙井"),
    ):
        await conn.execute(
            "INSERT INTO product (id, merchant_id, slug, title, translations) VALUES ($1, $2, $3, $4, $5)",
            product,
            merchant,
            handle,
            title,
            {"zh": {"title": zh}},
        )
        await conn.execute(
            "INSERT INTO product_image (product_id, position, merchant_id, file, alt, width, height)"
            " VALUES ($1, 1, $2, $3, $4, 400, 500)",
            product,
            merchant,
            f"{handle}.svg",
            title,
        )
    await conn.executemany(
        "INSERT INTO variant (id, merchant_id, product_id, position, sku, barcode, options, price)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (red, merchant, scarf, 1, "SCARF-RED", "6901234567892", ["red"], 28800),
            (blue, merchant, scarf, 2, "SCARF-BLUE", "6901234567908", ["blue"], 28800),
            (tea, merchant, tea_product, 1, "TEA", None, [], 9900),
        ],
    )
    drafts = (
        node_draft("HZ01", "Hangzhou West Lake", (30.2590, 120.1450)),
        node_draft("SH01", "Shanghai Bund", (31.2400, 121.4900)),
        node_draft(
            "SU01",
            "Suzhou warehouse",
            (31.2990, 120.5853),
            kind=NodeKind.WAREHOUSE,
            pickup=False,
            opening_hours="24/7",
        ),
    )
    nodes = [await stock.save_node(conn, merchant, draft) for draft in drafts]
    return Market(merchant, scarf, red, blue, tea, *nodes)


async def put(conn: Connection, market: Market, node_id: UUID, units: dict[UUID, int]) -> None:
    lines = [VariantQuantity(variant, quantity) for variant, quantity in units.items() if quantity]
    if lines:
        cause = Cause(new_id(), Reason.RECEIPT, "staff:bo@example.org")
        await stock.receive(conn, market.merchant, node_id, lines, cause)


async def take_away(db: Database, market: Market, node_id: UUID, variant: UUID, quantity: int) -> None:
    async with db.transaction() as conn:
        cause = Cause(new_id(), Reason.ADJUSTMENT, "staff:bo@example.org")
        await stock.adjust(conn, market.merchant, node_id, [VariantQuantity(variant, -quantity)], cause)


def visitor(*, lang: str = "en", place: Place | None = HANGZHOU) -> Visit:
    return Visit(new_id(), new_id(), None, lang, place)


def staff(market: Market, node_id: UUID | None = None) -> Staff:
    role = Role.NODE if node_id else Role.OWNER
    return Staff(new_id(), market.merchant, "bo@example.org", "Bo", role, node_id, True)


def checkout_of(db: Database) -> Checkout:
    return Checkout(db, HoldBatcher(db), TestGateway(db))


async def fill_cart(db: Database, visit: Visit, *units: tuple[UUID, int], origin: Origin | None = None) -> UUID:
    cart_id = new_id()
    for variant, quantity in units:
        async with db.transaction() as conn:
            cart_id = await orders.add_to_cart(conn, visit, variant, quantity, origin or Origin(), NOW)
    return cart_id


async def buy(
    db: Database, visit: Visit, *units: tuple[UUID, int], choice: DeliveryChoice | None = None, now: datetime = NOW
) -> Order:
    """A paid order, shipped unless the choice says otherwise."""
    checkout = checkout_of(db)
    wanted = choice or DeliveryChoice(DeliveryMethod.SHIP)
    prepared = await checkout.prepare(visit, await fill_cart(db, visit, *units), wanted, ANN, now)
    return await checkout.pay(prepared.id, PAYS, now)


async def available(db: Database, variant: UUID) -> dict[UUID, int]:
    async with db.read() as conn:
        return {level.node_id: level.available for level in await stock_reads.levels(conn, [variant])}


async def nodes(db: Database, market: Market) -> dict[UUID, Node]:
    async with db.read() as conn:
        return {node.id: node for node in await stock_reads.nodes(conn, [market.merchant], "en")}


async def facts(db: Database) -> list[tuple[object, ...]]:
    """(kind, variant, quantity, amount) of the journal, in order."""
    async with db.read() as conn:
        found = await conn.fetch("SELECT kind, variant_id, quantity, amount FROM journal ORDER BY at, kind, variant_id")
    return [tuple(record) for record in found]


async def sound(db: Database) -> None:
    """The ledger of stock agrees with levels and holds, that of money with payments and refunds, and that of credit
    with accounts and orders."""
    async with db.read() as conn:
        assert await stock_reads.audit(conn) == []
        assert await payment_reads.audit(conn) == []
        assert await audit_credit(conn) == []


async def open_shops(db: Database) -> None:
    """Put all nodes where it is about noon, at whatever hour the tests run: pages ask the clock whether a courier can
    still come today."""
    ahead = 12 - datetime.now(UTC).hour
    async with db.transaction() as conn:
        await conn.execute("UPDATE node SET timezone = $1", f"Etc/GMT{-ahead:+d}")
