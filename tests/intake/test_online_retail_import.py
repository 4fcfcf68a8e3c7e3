"""The Online Retail file in the database; what a line means is tested in test_online_retail_rules.py."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from tests.intake.tables import fingerprints
from unwall.cli.people import add_with_link
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.recommender import Recommender
from unwall.intake.online_retail.actions import import_online_retail
from unwall.intake.online_retail.categories import category_of
from unwall.intake.online_retail.outcome import ImportReport
from unwall.intake.online_retail.reader import COLUMNS
from unwall.intake.online_retail.records import MERCHANT_ID, member_id, product_id
from unwall.intake.progress import Progress
from unwall.journal.reads import trail
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.files import Files, open_files
from unwall.kernel.secrets import install_secret
from unwall.people.actions import add_merchant, claim_member
from unwall.people.passwords import hash_password, redeem
from unwall.people.reads import session_staff
from unwall.people.reset_links import ticket_of
from unwall.people.sessions import sign_in_member, sign_in_staff
from unwall.people.values import Role, StaffDraft

UK = "United Kingdom"
LINES = (
    f"536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,{UK}",
    f"536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,{UK}",
    f"536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850,{UK}",
    f"536366,22633,HAND WARMER UNION JACK,4,2010-12-01 09:00:00,1.85,17850,{UK}",
    f"536367,84879,ASSORTED COLOUR BIRD ORNAMENT,32,2011-07-01 08:34:00,1.69,13047,{UK}",
    f"536367,22745,POPPY'S PLAYHOUSE BEDROOM,6,2011-07-01 08:34:00,2.10,13047,{UK}",
    f"536368,85123A,WHITE HANGING HEART T-LIGHT HOLDER,2,2011-07-02 10:00:00,2.95,,{UK}",
    f"536368,71053,WHITE METAL LANTERN,1,2011-07-02 10:00:00,3.39,,{UK}",
    f"C536379,85123A,WHITE HANGING HEART T-LIGHT HOLDER,-2,2010-12-03 09:41:00,2.55,17850,{UK}",
    f"C536380,22633,HAND WARMER UNION JACK,-4,2010-12-03 09:41:00,1.85,17850,{UK}",
    f"C536381,D,Discount,-1,2010-12-03 09:50:00,27.50,17850,{UK}",
    f"536414,22139,,56,2010-12-01 11:52:00,0.00,,{UK}",
    "536999,not a line",
)


class Shop:
    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.folder = folder
        self.files = open_files("", folder)

    async def bring(self, *lines: str, files: Files | None = None) -> ImportReport:
        path = self.folder / "retail.csv"
        path.write_text("\n".join((",".join(COLUMNS), *lines)) + "\n", encoding="utf-8")
        with Progress(Console(quiet=True)) as progress:
            return await import_online_retail(self.db, files or self.files, path, progress)

    async def fetch(self, sql: str, *args: object) -> list[tuple[object, ...]]:
        async with self.db.read() as conn:
            return [tuple(record) for record in await conn.fetch(sql, *args)]


@pytest.fixture
def shop(db: Database, tmp_path: Path) -> Shop:
    return Shop(db, tmp_path)


async def test_every_line_is_accounted_for(shop):
    report = (await shop.bring(*LINES)).report
    assert report.lines == len(LINES)
    assert sum(tally.lines for tally in report.buckets.values()) == len(LINES)
    assert [problem.number for problem in report.problems] == [14]


async def test_the_catalogue_has_names_prices_categories_and_pictures(shop):
    await shop.bring(*LINES)
    found = await shop.fetch(
        "SELECT v.sku, p.title, v.price, c.title, i.file FROM product p JOIN variant v ON v.product_id = p.id"
        " JOIN category c ON c.id = p.category_id JOIN product_image i ON i.product_id = p.id ORDER BY v.sku"
    )
    assert [row[:4] for row in found] == [
        ("22633", "Hand Warmer Union Jack", 185, "Decorations and gifts"),
        ("22745", "Poppy's Playhouse Bedroom", 210, "Toys and games"),
        ("71053", "White Metal Lantern", 339, "Candles and lights"),
        ("84879", "Assorted Colour Bird Ornament", 169, "Decorations and gifts"),
        ("85123A", "White Hanging Heart T-Light Holder", 295, "Candles and lights"),
    ]
    for *_, file in found:
        assert (await shop.files.get(file)).startswith(b"<svg")


async def test_invoices_are_dated_orders_whose_money_adds_up(shop):
    report = (await shop.bring(*LINES)).report
    orders = await shop.fetch(
        "SELECT number, state, items_total, shipping_total, total, placed_at, member_id IS NULL FROM sales_order"
        " ORDER BY id"
    )
    assert orders == [
        ("536365", "fulfilled", 3564, 1800, 5364, datetime(2010, 12, 1, 8, 26, tzinfo=UTC), False),
        ("536366", "cancelled", 740, 0, 740, datetime(2010, 12, 1, 9, tzinfo=UTC), False),
        ("536367", "fulfilled", 6668, 0, 6668, datetime(2011, 7, 1, 7, 34, tzinfo=UTC), False),
        ("536368", "fulfilled", 929, 0, 929, datetime(2011, 7, 2, 9, tzinfo=UTC), True),
    ]
    assert sum(order[4] for order in orders) == report.invoiced_minor
    assert await shop.fetch("SELECT sku, quantity, returned FROM order_line WHERE returned > 0 ORDER BY sku") == [
        ("22633", 4, 4),
        ("85123A", 6, 2),
    ]
    assert (
        await shop.fetch(
            "SELECT o.number FROM sales_order o LEFT JOIN order_line l ON l.order_id = o.id"
            " GROUP BY o.id HAVING o.items_total <> sum(l.total)"
        )
        == []
    )


async def test_history_is_in_the_journal_and_moves_no_stock(shop):
    await shop.bring(*LINES)
    events = await shop.fetch("SELECT kind, count(*), sum(quantity), sum(amount) FROM journal GROUP BY kind ORDER BY 1")
    assert events == [("purchase", 7, 57, 11901), ("return", 2, 6, 1250)]
    assert await shop.fetch("SELECT * FROM stock_ledger") == []
    assert await shop.fetch("SELECT * FROM stock_level") == []
    async with shop.db.read() as conn:
        steps = await trail(conn, [member_id("17850")], 10)
    assert {step.product_id for step in steps} == {product_id(code) for code in ("85123A", "71053", "22633")}


async def test_o19_running_it_twice_changes_nothing(shop):
    await shop.bring(*LINES)
    before = await fingerprints(shop.db)
    again = await shop.bring(*LINES)
    assert set(again.written.values()) == {0}
    assert await fingerprints(shop.db) == before


async def test_a_run_that_dies_leaves_nothing_and_the_next_completes(shop):
    class Full(Files):
        left = 3

        async def put(self, key: str, data: bytes) -> None:
            self.left -= 1
            if not self.left:
                raise OSError("No space left on device")
            await super().put(key, data)

    with pytest.raises(OSError, match="No space"):
        await shop.bring(*LINES, files=Full(shop.files._store))
    assert await shop.fetch("SELECT * FROM merchant") == []
    assert await shop.fetch("SELECT * FROM member") == []
    await shop.bring(*LINES)
    assert (await shop.fetch("SELECT count(*) FROM order_line"))[0][0] == 7


async def test_a_fuller_file_adds_and_corrects(shop):
    await shop.bring(*LINES[:1])
    first = await shop.fetch("SELECT id FROM sales_order")
    report = await shop.bring(*LINES)
    assert report.written["sales_order"] == 4
    assert await shop.fetch("SELECT id, total FROM sales_order WHERE number = '536365'") == [(first[0][0], 5364)]
    assert await shop.fetch("SELECT sku, returned FROM order_line WHERE order_id = $1 ORDER BY line", first[0][0]) == [
        ("71053", 0),
        ("85123A", 2),
    ]


async def test_what_the_merchant_changed_stays(shop):
    await shop.bring(*LINES)
    async with shop.db.transaction() as conn:
        await conn.execute("UPDATE product SET title = 'Lantern' WHERE id = $1", product_id("71053"))
    await shop.bring(*LINES)
    assert await shop.fetch("SELECT title FROM product WHERE id = $1", product_id("71053")) == [("Lantern",)]


async def test_the_address_of_another_store_is_not_taken(shop):
    async with shop.db.transaction() as conn:
        await add_merchant(conn, "gift-shop", "Another", "GBP", "Europe/London")
    with pytest.raises(Invalid) as wrong:
        await shop.bring(*LINES)
    assert wrong.value.errors[0].field == "merchant"
    assert await shop.fetch("SELECT * FROM product") == []


async def test_a_customer_can_be_claimed_and_gets_recommendations(shop):
    await shop.bring(*LINES)
    hashed = await hash_password("a good password")
    async with shop.db.transaction() as conn:
        claimed = await claim_member(conn, MERCHANT_ID, "17850", "Someone@Example.com", hashed)
    signed_in = await sign_in_member(shop.db, "someone@example.com", "a good password", "here", datetime.now(UTC))
    assert signed_in.person_id == claimed == member_id("17850")
    await train(shop.db, shop.files)
    recommender = Recommender(shop.db, shop.files)
    await recommender.refresh()
    async with shop.db.read() as conn:
        steps = await trail(conn, [claimed], 10)
    assert recommender.recommend(steps, limit=5) != []


async def test_the_imported_store_gets_an_owner_who_can_sign_in(shop, tmp_path, monkeypatch, capsys):
    await shop.bring(*LINES)
    monkeypatch.setenv("UNWALL_DATA", str(tmp_path))
    await add_with_link(shop.db, "gift-shop", StaffDraft("owner@example.com", "The owner", Role.OWNER))
    link = re.search(r"/password/(\S+)", capsys.readouterr().out)[1]
    await redeem(shop.db, ticket_of(install_secret(tmp_path), link), "a good password")
    signed_in = await sign_in_staff(shop.db, "owner@example.com", "a good password", "here", datetime.now(UTC))
    async with shop.db.read() as conn:
        owner = await session_staff(conn, signed_in.token)
    assert (owner.merchant_id, owner.role) == (MERCHANT_ID, Role.OWNER)
    with pytest.raises(Invalid):
        await add_with_link(shop.db, "nowhere", StaffDraft("two@example.com", "Two", Role.OWNER))


async def test_claiming_needs_a_customer_and_a_free_address(shop):
    await shop.bring(*LINES)
    async with shop.db.transaction() as conn:
        await claim_member(conn, MERCHANT_ID, "17850", "someone@example.com", "hash")
    with pytest.raises(NotFound):
        async with shop.db.transaction() as conn:
            await claim_member(conn, MERCHANT_ID, "1", "other@example.com", "hash")
    with pytest.raises(NotFound):
        async with shop.db.transaction() as conn:
            await claim_member(conn, UUID(int=1), "17850", "other@example.com", "hash")
    with pytest.raises(Invalid):
        async with shop.db.transaction() as conn:
            await claim_member(conn, MERCHANT_ID, "13047", "someone@example.com", "hash")
    assert await shop.fetch("SELECT count(*) FROM member WHERE email IS NOT NULL") == [(1,)]


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("Set of 6 Christmas Baubles", "Christmas"),
        ("Jumbo Bag Red Retrospot", "Bags and cases"),
        ("Tea Time Cake Stand in Gift Box", "Kitchen and table"),
        ("Pink Hen on Nest", "Decorations and gifts"),
    ],
)
def test_o18_a_category_from_the_words_of_the_title(title, category):
    assert category_of(title) == category
