"""A small market for tests: two merchants with products, posts and orders, written straight into the tables."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from unwall.journal.values import Event, EventKind
from unwall.kernel.database import Connection
from unwall.kernel.ids import derived_id, id_at

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TEA, LABEL = derived_id("tea"), derived_id("label")
PRODUCTS = {TEA: ["green", "white", "black", "puer", "cup"], LABEL: ["coat", "scarf", "dress"]}
ANN, BOB, EVE = (derived_id(name) for name in ("ann", "bob", "eve"))


def product(name: str) -> UUID:
    return derived_id("product", name)


def variant(name: str) -> UUID:
    return derived_id("variant", name)


def post(name: str) -> UUID:
    return derived_id("post", name)


def owner(name: str) -> UUID:
    return next(merchant for merchant, names in PRODUCTS.items() if name in names)


async def open_market(conn: Connection) -> None:
    for slug, merchant in (("tea", TEA), ("label", LABEL)):
        await conn.execute(
            "INSERT INTO merchant (id, slug, name, currency, timezone) VALUES ($1, $2, $3, 'CNY', 'Asia/Shanghai')",
            merchant,
            slug,
            slug.title(),
        )
        account = derived_id("account", slug)
        await conn.execute(
            "INSERT INTO account (id, merchant_id, kind, handle, name) VALUES ($1, $2, 'store', $3, $4)",
            account,
            merchant,
            slug,
            slug.title(),
        )
    for merchant, names in PRODUCTS.items():
        for name in names:
            await add_product(conn, merchant, name)


async def add_product(conn: Connection, merchant: UUID, name: str) -> None:
    await conn.execute(
        "INSERT INTO product (id, merchant_id, slug, title, translations) VALUES ($1, $2, $3, $4, $5)",
        product(name),
        merchant,
        name,
        name.title(),
        {"zh": {"title": f"中{name}"}},
    )
    await conn.execute(
        "INSERT INTO variant (id, merchant_id, product_id, position, sku, price) VALUES ($1, $2, $3, 0, $4, 1000)",
        variant(name),
        merchant,
        product(name),
        name,
    )


async def add_post(conn: Connection, name: str, merchant: UUID, tagged: list[str], *, hours_ago: int = 1) -> UUID:
    account = await conn.fetchval("SELECT id FROM account WHERE merchant_id = $1", merchant)
    at = NOON - timedelta(hours=hours_ago)
    await conn.execute(
        "INSERT INTO post (id, merchant_id, account_id, kind, title, state, published_at)"
        " VALUES ($1, $2, $3, 'note', $4, 'live', $5)",
        post(name),
        merchant,
        account,
        name.title(),
        at,
    )
    await conn.execute(
        "INSERT INTO outbox VALUES ($1, $2, $3, $4)", account, id_at(at, post(name).int >> 64), merchant, post(name)
    )
    for position, tag in enumerate(tagged):
        await conn.execute(
            "INSERT INTO post_tag (post_id, position, merchant_id, product_id, product_merchant_id)"
            " SELECT $1, $2, $3, id, merchant_id FROM product WHERE id = $4",
            post(name),
            position,
            merchant,
            product(tag),
        )
    return post(name)


def did(who: UUID, kind: EventKind, name: str | None = None, *, hours: float = 0, **more: object) -> Event:
    """`name` is a product's; `hours` after noon."""
    at = NOON + timedelta(hours=hours)
    if name is not None:
        more = {"product_id": product(name), "merchant_id": owner(name), **more}
    return Event(derived_id(who, kind, name, hours, *more.items()), at, kind, visitor_id=who, **more)  # type: ignore[arg-type]


async def add_order(
    conn: Connection,
    number: str,
    merchant: UUID,
    who: UUID,
    lines: list[tuple[str, int, UUID | None]],
    *,
    hours: float = 0,
    channel: str = "online",
    state: str = "paid",
    member: UUID | None = None,
    discount: int = 0,
) -> UUID:
    """Lines are (product, quantity, post or None) at 10.00 each."""
    order, at = derived_id("order", number), NOON + timedelta(hours=hours)
    total = 1000 * sum(quantity for _, quantity, _ in lines)
    await conn.execute(
        "INSERT INTO sales_order (id, merchant_id, number, visitor_id, member_id, channel, state, method, currency,"
        " items_total, discount_total, shipping_total, total, placed_at, paid_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'ship', 'CNY', $8, $9, 500, $8::bigint - $9::bigint + 500, $10, $10)",
        order,
        merchant,
        number,
        who,
        member,
        channel,
        state,
        total,
        discount,
        at,
    )
    for line, (name, quantity, from_post) in enumerate(lines):
        await conn.execute(
            "INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, quantity,"
            " unit_price, total, post_id) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 1000, 1000 * $7::int, $8)",
            order,
            line,
            merchant,
            product(name),
            variant(name),
            name,
            quantity,
            from_post,
        )
    return order
