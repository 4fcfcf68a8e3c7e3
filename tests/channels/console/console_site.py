"""A store's console: its staff, a rival merchant whose rows nobody here may see, and the tables that forms write."""

from dataclasses import dataclass, field
from io import BytesIO
from uuid import UUID

from PIL import Image

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, open_store
from tests.commerce.market import Market
from tests.html import every, fields, form_with, words
from unwall.content.accounts.actions import save_account
from unwall.content.accounts.values import AccountDraft, Actor, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint
from unwall.people.values import Role

TABLES = (
    "post",
    "post_media",
    "post_tag",
    "product",
    "product_image",
    "variant",
    "pin",
    "store_page",
    "store_page_version",
    "node",
    "stock_ledger",
    "staff",
    "api_key",
    "sales_order",
    "outbox",
    "account",
)


@dataclass
class Rival:
    merchant: UUID
    product: UUID
    variant: UUID
    node: UUID
    post: UUID
    order: UUID
    staff: UUID
    key: UUID


@dataclass
class ConsoleSite:
    db: Database
    store: Store
    rival: Rival
    browser: Shopper | None = None
    staff: dict[Role, UUID] = field(default_factory=dict)

    @property
    def market(self) -> Market:
        return self.store.market

    async def sign_in_as(self, browser: Shopper, role: Role) -> "ConsoleSite":
        """The browser is signed in as somebody of this role."""
        self.browser = browser
        token = f"token of {role}"
        async with self.db.transaction() as conn:
            if role not in self.staff:
                self.staff[role] = new_id()
                node = self.market.west_lake if role is Role.NODE else None
                await conn.execute(
                    "INSERT INTO staff (id, merchant_id, email, name, password_hash, role, node_id)"
                    " VALUES ($1, $2, $3, $4, '', $5, $6)",
                    self.staff[role],
                    self.market.merchant,
                    f"{role}@liu-yun.example",
                    role.title(),
                    role,
                    node,
                )
                await conn.execute(
                    "INSERT INTO session (token_hash, audience, person_id, expires_at)"
                    " VALUES ($1, 'staff', $2, now() + interval '1 day')",
                    fingerprint(token),
                    self.staff[role],
                )
        browser.http.cookies.set("uw_staff", token)
        return self

    async def get(self, url: str, **more):
        return await self.browser.get(url, **more)

    async def post(self, url: str, data: dict | None = None, **more):
        return await self.browser.post(url, data, **more)

    async def counts(self) -> dict[str, int]:
        """Rows of everything that a form of the console may change."""
        async with self.db.read() as conn:
            return {table: await conn.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}

    async def value(self, sql: str, *args: object):
        async with self.db.read() as conn:
            return await conn.fetchval(sql, *args)


async def open_console_site(db: Database) -> ConsoleSite:
    store = await open_store(db)
    async with db.transaction() as conn:  # the store's products are written straight into the table
        await conn.execute("UPDATE product SET search = to_tsvector('english', title)")
    return ConsoleSite(db, store, await _rival(db))


async def _rival(db: Database) -> Rival:
    found = Rival(*(new_id() for _ in range(8)))
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO merchant (id, slug, name, currency, timezone)"
            " VALUES ($1, 'rival', 'Rival', 'CNY', 'Asia/Shanghai')",
            found.merchant,
        )
        await conn.execute(
            "INSERT INTO product (id, merchant_id, slug, title) VALUES ($1, $2, 'secret', 'Secret gown')",
            found.product,
            found.merchant,
        )
        await conn.execute(
            "INSERT INTO variant (id, merchant_id, product_id, position, sku, price)"
            " VALUES ($1, $2, $3, 0, 'GOWN', 9900)",
            found.variant,
            found.merchant,
            found.product,
        )
        await conn.execute(
            "INSERT INTO node (id, merchant_id, code, kind, name, city, address, latitude, longitude, timezone,"
            " opening_hours, ships, pickup, pick_minutes, pick_cost)"
            " VALUES ($1, $2, 'R1', 'shop', 'Secret shop', 'X', 'Y', 1, 1, 'Asia/Shanghai', '24/7', true, true, 10, 0)",
            found.node,
            found.merchant,
        )
        eve = Actor("eve", Owner(merchant_id=found.merchant))
        account = await save_account(conn, eve, AccountDraft(handle="rival", name="Rival"))
        found.post = await posts.save_draft(conn, eve, PostDraft(account, title="Secret plans"))
        await conn.execute(
            "INSERT INTO sales_order (id, merchant_id, number, channel, state, method, currency, items_total,"
            " shipping_total, total, contact, paid_at, placed_at)"
            " VALUES ($1, $2, 'RI-1', 'online', 'paid', 'ship', 'CNY', 100, 0, 100, $3, now(), now())",
            found.order,
            found.merchant,
            {"name": "Eve"},
        )
        await conn.execute(
            "INSERT INTO staff (id, merchant_id, email, name, password_hash, role)"
            " VALUES ($1, $2, 'eve@rival.example', 'Eve', '', 'owner')",
            found.staff,
            found.merchant,
        )
        await conn.execute(
            "INSERT INTO api_key (id, merchant_id, name, secret_hash, hint, scopes)"
            " VALUES ($1, $2, 'Theirs', '\\x00', 'uw_', '{}')",
            found.key,
            found.merchant,
        )
    return found


def picture(colour: str = "red", size: tuple[int, int] = (40, 50)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def form(page: str, marker: str) -> dict[str, str]:
    """The fields of the form that holds `marker`, as a browser would send them back."""
    return fields(form_with(page, marker))


def errors(page: str) -> dict[str, str]:
    """What stands beside each field: by the id of the note, without its ending."""
    notes = every(page, "p.error[id], p.bad[id], span.error[id], span.bad[id]")
    return {(note.attributes["id"] or "").removesuffix("-error"): words(note) for note in notes}
