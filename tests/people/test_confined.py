"""Every merchant-owned table and every view, found in the database's own catalogue, tried as the wrong merchant."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.commerce.market import NOW, buy, fill_cart, open_market, visitor
from unwall.kernel.database import Connection, Database
from unwall.people import actions

OWNED = """
    SELECT DISTINCT table_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = 'public' AND column_name = 'merchant_id' AND table_type = 'BASE TABLE'
      AND table_name NOT LIKE 'journal\\_%' ORDER BY 1
"""
VIEWS = """
    SELECT relname AS name, coalesce('security_invoker=true' = ANY (reloptions), false) AS invoker FROM pg_class
    WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
# read by pages for shoppers and by jobs
SHOP_ONLY_VIEWS = {
    "live_session",
    "feed_position",
    "hidden_thing",
    "post_event",
    "mail_address",
    "saved_thing",
    "reported",
    "post_words",
    "hidden_account",
    "member_session",
    "member_visitor",
    "open_cart_line",
    "person_touch",
    "person_trail",
    "post_liker",
    "profiled_member",
    "arrived_event",
}
# read by nobody but the shop itself: rows of shoppers, who belong to no merchant, and of the machinery
SHOP_ONLY = {
    "member",
    "member_address",
    "blocked_file",
    "blocked_look",
    "fingerprint",
    "announcement",
    "mail",
    "notification",
    "notification_choice",
    "push_subscription",
    "quiet_hours",
    "visitor",
    "session",
    "known_network",
    "attempt",
    "muted_account",
    "feed_seen",
    "post_activity",
    "discovery_candidate",
    "discovery_weights",
    "hidden_item",
    "search_due",
    "idempotency",
    "hashtag",
    "trail",
    "journal_export",
    "model",
    "worker_heartbeat",
}
# a merchant may read these, though no column says whose a row is
OPEN = {
    "merchant": "its policy shows a merchant its own row",
    "subscription": "which jobs hear which facts: recording a fact reads it",
    "report_progress": "up to when the journal is counted, which the pages with figures say; of nobody in particular",
}
# what rows need beside `insert_anything` for a view to show them
SHOWN = ("UPDATE moderation_case SET visibility = 'drop'", "UPDATE promotion_use SET code = 'SPRING'")


# whether each reference between tables of merchants is one to the same merchant: some foreign key of the two names it
REFERENCES = """
    SELECT c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent, bool_or(EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
            AND a.attname = 'merchant_id')) AS guarded
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.conparentid = 0
        AND c.conrelid::regclass::text = ANY($1) AND c.confrelid::regclass::text = ANY($1)
        AND has_table_privilege('unwall_merchant', c.conrelid, 'INSERT')
    GROUP BY 1, 2 ORDER BY 1, 2
"""
REFERS_TO_OTHERS = {
    ("outbox", "post"): "of an account that is the merchant's own",
    ("post_tag", "product"): "names the product's merchant, who says who may tag",
    ("shipment_line", "order_line"): "its policy names the merchant",
    ("shipment_line", "stock_hold"): "its policy names the merchant",
    ("tagging_collaborator", "account"): "a collaborator is another owner's account",
}


async def two_merchants(db: Database) -> tuple[UUID, UUID]:
    async with db.transaction() as conn:
        ours = await actions.add_merchant(conn, "ours", "Ours", "CNY", "Asia/Shanghai")
        theirs = await actions.add_merchant(conn, "theirs", "Theirs", "CNY", "Asia/Shanghai")
    return ours, theirs


async def owned_tables(conn: Connection) -> list[str]:
    return [record["table_name"] for record in await conn.fetch(OWNED)]


async def privileges(conn: Connection, table: str) -> set[str]:
    names = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return {
        n for n in names if await conn.fetchval("SELECT has_table_privilege('unwall_merchant', $1::text, $2)", table, n)
    }


async def insert_anything(conn: Connection, table: str, merchant_id: UUID, **values: str) -> None:
    """A row with plausible values of every required column; checks and references are off for it. `values` are SQL, by
    the type of column."""
    columns = await conn.fetch(
        "SELECT column_name, data_type, is_identity FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1 AND (is_nullable = 'NO' AND column_default IS NULL"
        " OR column_name = 'merchant_id') AND is_identity = 'NO' AND is_generated = 'NEVER'",
        table,
    )
    samples = {
        "uuid": "gen_random_uuid()",
        "text": "gen_random_uuid()::text",
        "timestamp with time zone": "now()",
        "bigint": "1",
        "integer": "1",
        "smallint": "1",
        "double precision": "1",
        "bytea": "'x'",
        "boolean": "true",
        "ARRAY": "'{}'",
        "jsonb": "'{}'",
        "real": "1",
        "date": "now()",
        "tsvector": "''",
        **values,
    }
    names = [c["column_name"] for c in columns]
    row = ["$1" if c["column_name"] == "merchant_id" else samples[c["data_type"]] for c in columns]
    await conn.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(row)})", merchant_id)


async def without_constraints(conn: Connection, tables: list[str]) -> None:
    """References, checks and triggers would need a whole market; row-level security is tried without them."""
    await conn.execute("SET session_replication_role = replica")
    for record in await conn.fetch(
        "SELECT conrelid::regclass::text AS t, conname FROM pg_constraint"
        " WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND conrelid <> 0 AND conparentid = 0"
    ):
        if record["t"] in tables:
            await conn.execute(f'ALTER TABLE {record["t"]} DROP CONSTRAINT "{record["conname"]}"')


async def test_every_table_is_either_a_merchants_and_guarded_or_the_shops_and_closed_to_the_confined_role(db: Database):
    async with db.read() as conn:
        owned = await owned_tables(conn)
        every = {
            r["tablename"]
            for r in await conn.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'journal\\_2%'"
            )
        }
        ours = {t for t in every if not t.startswith(("pgqueuer", "schema_migration"))}
        assert len(owned) > 20
        for table in owned:
            guarded = await conn.fetchval("SELECT relrowsecurity FROM pg_class WHERE oid = $1::text::regclass", table)
            assert guarded or not await privileges(conn, table), table
        closed = {t for t in ours if not await privileges(conn, t)}
        assert closed - SHOP_ONLY - set(owned) <= {"gateway_event", "test_gateway_charge", "test_gateway_refund"}
        assert ours - closed - set(owned) == set(OPEN)
        written = {t for t in OPEN if await privileges(conn, t) - {"SELECT"}}
        assert written <= {"merchant"}


async def test_the_wrong_merchant_sees_changes_and_deletes_nothing_in_any_table(db: Database):
    ours, theirs = await two_merchants(db)
    async with db.transaction() as conn:
        tables = await owned_tables(conn)
        await without_constraints(conn, tables)
        await conn.execute("CREATE TABLE journal_rest PARTITION OF journal DEFAULT")
        for table in tables:
            await insert_anything(conn, table, theirs)
    async with db.read() as conn:
        before = {t: await conn.fetchval(f"SELECT md5(string_agg(x::text, '|')) FROM {t} x") for t in tables}
        may = {t: await privileges(conn, t) for t in tables}
    for table in tables:
        async with db.confined(ours) as conn:
            if "SELECT" in may[table]:
                assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0, table
            if "UPDATE" in may[table]:
                assert await conn.execute(f"UPDATE {table} SET merchant_id = $1", ours) == "UPDATE 0", table
            if "DELETE" in may[table]:
                assert await conn.execute(f"DELETE FROM {table}") == "DELETE 0", table
        if "INSERT" in may[table]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with db.confined(ours) as conn:
                    await insert_anything(conn, table, theirs)
        async with db.confined(theirs) as conn:
            if "SELECT" in may[table]:
                assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 1, table
    async with db.read() as conn:
        after = {t: await conn.fetchval(f"SELECT md5(string_agg(x::text, '|')) FROM {t} x") for t in tables}
    assert before == after


async def test_what_a_merchant_writes_belongs_to_nothing_of_another_merchant(db: Database):
    """A foreign key is checked without row-level security, so it names the merchant too."""
    async with db.read() as conn:
        found = await conn.fetch(REFERENCES, await owned_tables(conn))
    assert {(r["child"], r["parent"]) for r in found if not r["guarded"]} == set(REFERS_TO_OTHERS)


async def test_a_confined_request_names_no_order_hold_or_cart_of_another_merchant(db: Database):
    ours, theirs = await open_market(db), await open_market(db, slug="theirs")
    order = await buy(db, visitor(), (theirs.red, 1))
    cart = await fill_cart(db, visitor(), (theirs.red, 1))
    await buy(db, visitor(), (ours.red, 1))
    foreign = (
        "UPDATE shipment_line SET order_id = $1, order_line = 1",
        "UPDATE shipment_line SET hold_id = $1, line = 1",
    )
    async with db.read() as conn:
        hold = await conn.fetchval("SELECT hold_id FROM sales_order WHERE id = $1", order.id)
    for sql, stranger in zip((*foreign, "UPDATE sales_order SET cart_id = $1"), (order.id, hold, cart), strict=True):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with db.confined(ours.merchant) as conn:
                await conn.execute(sql, stranger)


async def test_a_confined_request_leaves_no_touch_of_another_merchants_products(db: Database):
    ours, theirs = await open_market(db), await open_market(db, slug="theirs")
    product = {"person_id": uuid4(), "product_id": theirs.scarf, "kind": "purchase", "at": NOW}
    post = {"person_id": uuid4(), "at": NOW, "post_id": uuid4(), "merchant_id": theirs.merchant}
    for products, posts in (([product], []), ([], [post]), ([], [{**post, "merchant_id": None}])):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="another merchant"):
            async with db.confined(ours.merchant) as conn:
                await conn.execute("SELECT record_touches($1, $2)", products, posts)
    own = [{**product, "product_id": ours.scarf}], [{**post, "merchant_id": ours.merchant}]
    async with db.confined(ours.merchant) as conn:
        await conn.execute("SELECT record_touches($1, $2)", *own)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT (SELECT count(*) FROM trail) + (SELECT count(*) FROM touch)") == 2


async def test_every_view_has_the_rights_of_whoever_asks_it(db: Database):
    async with db.read() as conn:
        views = await conn.fetch(VIEWS)
        assert [view["name"] for view in views if not view["invoker"]] == []
        may = {view["name"]: await privileges(conn, view["name"]) for view in views}
    assert {view for view in may if not may[view]} == SHOP_ONLY_VIEWS
    assert {view for view in may if may[view] == {"SELECT"}} == set(may) - SHOP_ONLY_VIEWS


async def test_the_wrong_merchant_sees_nothing_in_any_view(db: Database):
    """Every id of a row is the merchant's, so that the rows of all tables belong together; every text is a state that
    reports count."""
    ours, theirs = await two_merchants(db)
    async with db.transaction() as conn:
        tables = await owned_tables(conn)
        await without_constraints(conn, tables)
        await conn.execute("CREATE TABLE journal_rest PARTITION OF journal DEFAULT")
        for table in tables:
            await insert_anything(conn, table, theirs, uuid="$1", text="'paid'")
        for statement in SHOWN:
            await conn.execute(statement)
        views = {view["name"] for view in await conn.fetch(VIEWS)} - SHOP_ONLY_VIEWS
    assert len(views) > 10
    for view in sorted(views):
        sql = f"SELECT count(*) FROM {view} v WHERE v::text LIKE $1"
        async with db.confined(ours) as conn:
            assert await conn.fetchval(sql, f"%{theirs}%") == 0, view
        async with db.confined(theirs) as conn:
            assert await conn.fetchval(sql, f"%{theirs}%") == 1, view


async def test_the_confined_role_without_a_merchant_sees_nothing_at_all(db: Database):
    await two_merchants(db)
    async with db.transaction() as conn:
        await conn.execute("SET LOCAL ROLE unwall_merchant")
        assert await conn.fetchval("SELECT count(*) FROM merchant") == 0


async def test_the_confined_role_cannot_read_what_belongs_to_shoppers(db: Database):
    for table in sorted(SHOP_ONLY):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.confined(uuid4()) as conn:
                await conn.fetch(f"SELECT * FROM {table}")


async def test_confinement_ends_with_its_transaction(db: Database):
    ours, _ = await two_merchants(db)
    async with db.read() as conn:
        async with conn.transaction():
            await conn.execute(
                "SELECT set_config('role', 'unwall_merchant', true), set_config('unwall.merchant_id', $1, true)",
                str(ours),
            )
            assert await conn.fetchval("SELECT count(*) FROM merchant") == 1
        assert await conn.fetchval("SELECT count(*) FROM merchant") == 2
