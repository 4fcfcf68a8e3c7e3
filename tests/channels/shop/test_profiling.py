"""A member says whether stores may keep a profile of what they do there."""

from datetime import UTC, datetime

from tests.channels.shop.store import StoreShopper, join
from tests.html import every
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.usecases.choose_profiled import choose_profiled

ANN = {"name": "Ann", "email": "ann@example.com", "password": "long-enough"}
PATH = "/me/profiles"


async def profiles(db: Database) -> list[tuple[str, bool]]:
    async with db.read() as conn:
        kept = await conn.fetch("SELECT m.name, m.profiled FROM profile p JOIN member m ON m.id = p.member_id")
    return sorted(tuple(record) for record in kept)


async def test_a_no_deletes_profiles_at_once_and_a_yes_is_remembered(
    browser: StoreShopper, store, db: Database
) -> None:
    assert (await browser.get(PATH)).status_code in {302, 303}  # to the sign-in
    await join(browser, ANN)
    async with db.transaction() as conn:
        ann = await conn.fetchval("SELECT id FROM member WHERE name = 'Ann'")
        bob = new_id()
        await conn.execute("INSERT INTO member (id, email, name) VALUES ($1, 'bob@example.com', 'Bob')", bob)
        sql = """
            INSERT INTO profile (merchant_id, member_id, lifecycle, orders, spent, average_order,
                follows, computed_at) VALUES ($1, $2, 'prospect', 0, 0, 0, 0, $3)
        """
        for member in (ann, bob):
            await conn.execute(sql, store.market.merchant, member, datetime(2026, 1, 1, tzinfo=UTC))
        segment = new_id()
        await conn.execute(
            "INSERT INTO segment (id, merchant_id, name, definition, changed_at) VALUES ($1, $2, 'All', '{}', now())",
            segment,
            store.market.merchant,
        )
        sql = "INSERT INTO segment_member (segment_id, member_id, merchant_id) VALUES ($1, $2, $3)"
        await conn.execute(sql, segment, ann, store.market.merchant)

    assert every((await browser.get(PATH)).text, "input[name=profiled][checked]") != []
    assert (await browser.post(PATH, {"profiled": "on"})).headers["location"] == PATH
    assert await profiles(db) == [("Ann", True), ("Bob", True)]

    await browser.post(PATH, {})
    assert await profiles(db) == [("Bob", True)]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM segment_member") == 0
    assert every((await browser.get(PATH)).text, "input[name=profiled][checked]") == []

    await choose_profiled(db, ann, profiled=True)
    assert every((await browser.get(PATH)).text, "input[name=profiled][checked]") != []
