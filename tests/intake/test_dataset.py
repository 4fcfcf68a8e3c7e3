"""A merchant's whole data out of one install and into another, and everything that can be wrong with a data set."""

import io
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest
from PIL import Image as Pillow
from rich.console import Console

from tests.commerce.market import (
    ANN,
    DECLINED,
    buy,
    checkout_of,
    fill_cart,
    open_market,
    sound,
    staff,
    take_away,
    visitor,
)
from tests.commerce.market import NOW as DAYTIME
from tests.conftest import PATIENT, named
from tests.intake.tables import fingerprints, table_columns
from tools.describe_dataset import DOCUMENT, with_tables
from unwall.commerce.orders.counter_sale import CounterSale, sell_at_counter
from unwall.commerce.orders.values import PaymentDeclined
from unwall.commerce.payments import simulator
from unwall.commerce.payments.reconcile import audit_money
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.reads import audit
from unwall.commerce.stock.values import VariantQuantity
from unwall.intake.dataset import generators, reader
from unwall.intake.dataset.actions import DatasetReport, import_dataset
from unwall.intake.dataset.export import export_dataset
from unwall.intake.dataset.generators import find_generator, import_generated
from unwall.intake.dataset.reader import Dataset
from unwall.intake.dataset.tables import LEFT_OUT, LEFT_OUT_COLUMNS, TABLES, fields
from unwall.intake.dataset.values import FILES, FORMAT, MANIFEST, VERSION, LogIn
from unwall.intake.progress import Progress
from unwall.kernel.database import Database, connect
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.files import Files, open_files
from unwall.kernel.ids import new_id
from unwall.media.pictures import store
from unwall.media.rules import renditions
from unwall.people.actions import add_merchant
from unwall.people.passwords import redeem, reset_password, unusable_password
from unwall.people.sessions import sign_in_member, sign_in_staff, sign_up
from unwall.people.values import Audience, BadCredentials
from unwall_demo.dataset import DemoMarket

NOW = datetime(2026, 3, 10, 8, 30, tzinfo=UTC)
MEMBERS = 40
SLUGS = ("south-window", "cloud-step", "milu")
STRANGER = "stranger@example.com"
"""A member who dealt with no merchant."""
MACHINERY = ("pgqueuer", "schema_migration")
"""What the names of tables begin with that hold no data: the job queue, the migrations."""


def quiet() -> Progress:
    return Progress(Console(quiet=True))


class Market(NamedTuple):
    """An install with the demo market, and each merchant's data set."""

    db: Database
    files: Files
    exports: Path


@pytest.fixture(scope="module")
async def market(server_url: str, films: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Market]:
    admin = await asyncpg.connect(server_url)
    await admin.execute("CREATE DATABASE dataset_source TEMPLATE template_unwall STRATEGY FILE_COPY")
    folder = tmp_path_factory.mktemp("dataset")
    files = open_files("", folder)
    async with connect(named(server_url, "dataset_source"), size=4, limits=PATIENT) as db:
        await import_generated(db, files, DemoMarket(MEMBERS), 1, NOW, quiet())
        await sign_up(db, STRANGER, "Stranger", "a good password", "en")
        for slug in SLUGS:
            await export_dataset(db, files, slug, folder / slug, quiet())
        yield Market(db, files, folder)
    await admin.execute("DROP DATABASE dataset_source WITH (FORCE)")
    await admin.close()


@pytest.fixture
def bring(db: Database, tmp_path: Path) -> Callable[..., Any]:
    async def run(folder: Path) -> DatasetReport:
        return await import_dataset(db, open_files("", tmp_path / "data"), folder, quiet())

    return run


# --- out and in again -------------------------------------------------------------------------------------------------


async def test_a_data_set_imported_elsewhere_is_exported_byte_for_byte(market, db, bring, tmp_path):
    for slug in SLUGS:
        report = await bring(market.exports / slug)
        assert report.merchants == (slug,)
    for slug in SLUGS:
        await export_dataset(db, open_files("", tmp_path / "data"), slug, tmp_path / slug, quiet())
        assert content(tmp_path / slug) == content(market.exports / slug)
    async with db.read() as conn:
        assert await audit(conn) == []
    assert await audit_money(db, simulator.TestGateway(db), NOW) == []


async def test_both_installs_hold_the_same_rows_afterwards(market, db, bring):
    for slug in SLUGS:
        await bring(market.exports / slug)
    # `outbox.entry` is compared by the exports; `stock_ledger.entry` and `journal.arrival` are each install's own
    without = ["password_hash", "entry", "arrival"]
    there, here = [await fingerprints(one, without=without) for one in (market.db, db)]
    differing = {table for table in there if there[table] != here[table] and not table.startswith(MACHINERY)}
    assert differing == {"member", "visitor"}
    async with market.db.read() as source, db.read() as copy:
        for table in ("member", "visitor"):  # of those who dealt with no merchant none knows
            sql = f"SELECT to_jsonb(t) - 'password_hash' FROM {table} t"
            missing = {str(r[0]) for r in await source.fetch(sql)} - {str(r[0]) for r in await copy.fetch(sql)}
            assert len(missing) == there[table][0] - here[table][0] < MEMBERS / 2
        assert not await copy.fetchval("SELECT count(*) FROM member WHERE email = $1", STRANGER)


async def test_importing_again_changes_nothing(market, db, bring):
    first = await bring(market.exports / "milu")
    assert first.changed
    before = await fingerprints(db)
    again = await bring(market.exports / "milu")
    assert not again.changed
    assert await fingerprints(db) == before


async def test_what_was_changed_since_stays(market, db, bring):
    await bring(market.exports / "milu")
    async with db.transaction() as conn:
        product_id = await conn.fetchval("UPDATE product SET title = 'Mine' WHERE slug LIKE 'rice%' RETURNING id")
    await bring(market.exports / "milu")
    async with db.read() as conn:
        assert await conn.fetchval("SELECT title FROM product WHERE id = $1", product_id) == "Mine"


async def test_a_fuller_data_set_adds_what_is_missing(market, db, bring, tmp_path):
    folder = shutil.copytree(market.exports / "milu", tmp_path / "milu")
    likes = (folder / "post_likes.jsonl").read_bytes().splitlines(keepends=True)
    rewrite(folder, "post_likes", likes[:-2])
    await bring(folder)
    again = await bring(market.exports / "milu")
    assert {name: count for name, count in again.written.items() if count} == {"post_likes": 2}
    async with db.read() as conn:
        counted = await conn.fetchval("SELECT sum(likes) FROM post")
        assert counted == len(likes) == await conn.fetchval("SELECT count(*) FROM post_like")


async def test_orders_in_every_state_travel(db, server_url, tmp_path):
    market, checkout = await open_market(db, each=50), checkout_of(db)
    ship, later = DeliveryChoice(DeliveryMethod.SHIP), DAYTIME + timedelta(hours=1)
    await buy(db, visitor(), (market.red, 2), (market.tea, 1))
    taken_back = await buy(db, visitor(), (market.blue, 1))
    await checkout.cancel(taken_back.id, "staff:bo@example.org", DAYTIME)
    for card in (None, DECLINED):
        visit = visitor()
        order = await checkout.prepare(visit, await fill_cart(db, visit, (market.tea, 1)), ship, ANN, DAYTIME)
        if card:
            with pytest.raises(PaymentDeclined):
                await checkout.pay(order.id, card, DAYTIME)
    await checkout.sweep(later)
    visit = visitor()
    await checkout.prepare(visit, await fill_cart(db, visit, (market.red, 3)), ship, ANN, later)
    async with db.transaction() as conn:
        sale = CounterSale(new_id(), market.west_lake, (VariantQuantity(market.tea, 2),))
        await sell_at_counter(conn, staff(market, market.west_lake), sale, DAYTIME)
        await conn.execute("UPDATE product_image SET file = 'https://example.com/' || file")
    await take_away(db, market, market.bund, market.red, 5)

    await export_dataset(db, open_files("", tmp_path / "old"), "liu-yun", tmp_path / "set", quiet())
    admin = await asyncpg.connect(server_url)
    await admin.execute("CREATE DATABASE dataset_orders TEMPLATE template_unwall STRATEGY FILE_COPY")
    async with connect(named(server_url, "dataset_orders"), size=4, limits=PATIENT) as copy:
        await import_dataset(copy, open_files("", tmp_path / "new"), tmp_path / "set", quiet())
        await export_dataset(copy, open_files("", tmp_path / "new"), "liu-yun", tmp_path / "again", quiet())
        async with copy.read() as conn:
            states = {record[0] for record in await conn.fetch("SELECT DISTINCT state FROM sales_order")}
        await sound(copy)
        # a sweep there ends what was left open here
        await checkout_of(copy).sweep(later + timedelta(days=1))
        await sound(copy)
    await admin.execute("DROP DATABASE dataset_orders WITH (FORCE)")
    await admin.close()
    assert content(tmp_path / "again") == content(tmp_path / "set")
    assert states == {"prepared", "paid", "fulfilled", "cancelled", "expired"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewrite(folder: Path, name: str, lines: list[bytes]) -> None:
    """With the manifest telling so."""
    (folder / f"{name}.jsonl").write_bytes(b"".join(lines))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["records"][name] = len(lines)
    (folder / MANIFEST).write_text(json.dumps(manifest))


# --- nothing is forgotten ---------------------------------------------------------------------------------------------


async def test_every_table_is_exported_or_named_as_left_out(db):
    tables = {table for table in await table_columns(db) if not table.startswith(MACHINERY)}
    exported = {table.name for table in TABLES.values()}
    assert exported | set(LEFT_OUT) == tables
    assert exported & set(LEFT_OUT) == set()
    assert list(TABLES) == list(FILES)
    assert all(LEFT_OUT.values())


async def test_every_column_of_an_exported_table_is_a_field_or_named_as_left_out(db):
    there = await table_columns(db)
    columns = {f"{table.name}.{column}" for table in TABLES.values() for column in there[table.name]}
    exported = {f"{table.name}.{field}" for name, table in TABLES.items() for field in fields(name)}
    assert exported | set(LEFT_OUT_COLUMNS) == columns
    assert exported & set(LEFT_OUT_COLUMNS) == set()
    assert all(LEFT_OUT_COLUMNS.values())


def test_the_documentation_tells_of_every_field_and_of_everything_left_out():
    text = DOCUMENT.read_text()
    assert with_tables(text) == text, "run tools/describe_dataset.py"
    assert set(re.findall(r"### `(\w+)\.jsonl`", text)) == set(FILES)


def test_no_password_and_no_hash_leaves_an_install(market):
    for slug in SLUGS:
        for path in (market.exports / slug).glob("*.jsonl"):
            assert b"password" not in path.read_bytes()
            assert b"argon2" not in path.read_bytes()


# --- a small data set -------------------------------------------------------------------------------------------------

SHOP, OTHER = UUID(int=1 << 80), UUID(int=2 << 80)
PRODUCT, VARIANT, MEMBER, ACCOUNT, POST, ORDER = (UUID(int=(n << 80) + 7) for n in range(6))
ACCOUNT_OF_ANN = UUID(int=99)
SOME_DAY = "2026-03-01T10:00:00Z"
MERCHANT = {"id": SHOP, "slug": "shop", "name": "Shop", "currency": "EUR", "timezone": "Europe/Paris"}
LINES: dict[str, list[dict[str, object]]] = {
    "merchants": [MERCHANT | {"created_at": SOME_DAY}],
    "members": [{"id": MEMBER, "email": "ann@example.com", "name": "Ann", "created_at": SOME_DAY}],
    "products": [
        {
            "id": PRODUCT,
            "merchant_id": SHOP,
            "slug": "cup",
            "title": "Cup",
            "created_at": SOME_DAY,
            "updated_at": SOME_DAY,
        }
    ],
    "variants": [
        {"id": VARIANT, "merchant_id": SHOP, "product_id": PRODUCT, "position": 0, "sku": "CUP", "price": 900}
    ],
    "accounts": [
        {
            "id": ACCOUNT,
            "merchant_id": SHOP,
            "kind": "store",
            "handle": "shop",
            "name": "Shop",
            "created_at": SOME_DAY,
        }
    ],
    "follows": [{"account_id": ACCOUNT, "follower_id": MEMBER, "merchant_id": SHOP, "created_at": SOME_DAY}],
    "journal": [
        {
            "id": ORDER,
            "at": SOME_DAY,
            "kind": "view",
            "merchant_id": SHOP,
            "member_id": MEMBER,
            "product_id": PRODUCT,
        }
    ],
}


PICTURE = {"product_id": PRODUCT, "position": 0, "merchant_id": SHOP, "width": 700, "height": 350}


def dataset(folder: Path, **lines: list[dict[str, object]] | str) -> Path:
    """The small data set with other lines in some files."""
    folder.mkdir()
    for name, records in (LINES | lines).items():
        text = records if isinstance(records, str) else "".join(json.dumps(r, default=str) + "\n" for r in records)
        (folder / f"{name}.jsonl").write_text(text)
    (folder / MANIFEST).write_text('{"format": "unwall-dataset", "version": 1}')
    return folder


DEEP = '{"translations": ' + '{"a": ' * 5000 + "1" + "}" * 5000 + "}\n"


def changed(name: str, **fields: object) -> dict[str, list[dict[str, object]]]:
    """The first line of a file with other fields."""
    return {name: [LINES[name][0] | fields]}


async def test_a_data_set_written_by_hand_is_imported_and_found(db, bring, tmp_path):
    report = await bring(dataset(tmp_path / "set"))
    assert report.written == dict.fromkeys(LINES, 1) | {"trails": 1, "touches": 0, "attributions": 0}
    async with db.read() as conn:
        assert await conn.fetchval("SELECT id FROM product WHERE search @@ to_tsquery('cup')") == PRODUCT
        assert await conn.fetchval("SELECT followers FROM account") == 1
        assert await conn.fetchrow("SELECT person_id, product_id, kind FROM trail") == (MEMBER, PRODUCT, "view")


@pytest.mark.parametrize(
    ("lines", "where", "says"),
    [
        ({"products": "{}\n"}, "products.jsonl line 1, id", "missing required field `id`"),
        ({"products": '{"id": \n'}, "products.jsonl line 1", "truncated"),
        (changed("variants", price="9.00"), "variants.jsonl line 1, price", "Expected `int`, got `str`"),
        (changed("variants", price=-1), "variants.jsonl line 1, price", ">= 0"),
        (changed("variants", prise=1), "variants.jsonl line 1, prise", "unknown field `prise`"),
        (changed("members", created_at="2026-03-01T10:00:00"), "members.jsonl line 1, created_at", "timezone"),
        (changed("members", id="ann"), "members.jsonl line 1, id", "UUID"),
        (changed("variants", product_id=OTHER), "variants.jsonl, product_id", "is not present in table"),
        (changed("products", merchant_id=OTHER), "products.jsonl line 1, merchant_id", "merchants.jsonl has no such"),
        (changed("products", slug="with\x00nothing"), "products.jsonl line 1", "0x00"),
        (changed("accounts", avatar="no/such.webp"), "accounts.jsonl line 1, avatar", "no file no/such.webp"),
        (changed("merchants", slug="Not A Slug"), "merchants.jsonl line 1", "merchant_slug_check"),
        ({"products": LINES["products"] * 2}, "products.jsonl line 2", "already exists"),
        ({"products": DEEP}, "products.jsonl line 1", "recursion"),
        ({"products": '\n\n{"id": \n'}, "products.jsonl line 3", "truncated"),
        ({"merchants": []}, "merchants.jsonl", "at least one merchant"),
        ({"prices": []}, "prices.jsonl", "no such file"),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_is_kept(db, bring, tmp_path, lines, where, says):
    before = await fingerprints(db)
    with pytest.raises(Invalid) as wrong:
        await bring(dataset(tmp_path / "set", **lines))
    [error] = wrong.value.errors
    assert error.field == where
    assert says in error.message
    after = await fingerprints(db)
    assert {table for table in after if after[table] != before[table]} == set()


async def test_the_line_is_named_behind_many_others(bring, tmp_path):
    follows = [LINES["follows"][0] | {"follower_id": UUID(int=n)} for n in range(20_000)]
    follows[15_432] = {}
    with pytest.raises(Invalid) as wrong:
        await bring(dataset(tmp_path / "set", follows=follows))
    assert wrong.value.errors[0].field == "follows.jsonl line 15433, account_id"


async def test_a_file_that_was_cut_off_is_noticed(market, bring, tmp_path):
    folder = shutil.copytree(market.exports / "milu", tmp_path / "milu")
    lines = (folder / "trails.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "trails.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(Invalid, match="but the file has"):
        await bring(folder)


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path):
    (tmp_path / MANIFEST).write_text(json.dumps({"format": FORMAT, "version": VERSION}))
    (tmp_path / "products.jsonl").mkdir()
    with pytest.raises(Invalid, match=r"products\.jsonl: This is no file"):
        Dataset(tmp_path)
    (tmp_path / "other" / MANIFEST).mkdir(parents=True)
    with pytest.raises(Invalid, match="This is no data set"):
        Dataset(tmp_path / "other")


async def test_a_folder_without_a_manifest_or_of_another_version_is_refused(bring, tmp_path):
    with pytest.raises(Invalid, match="This is no data set"):
        await bring(tmp_path / "nothing")
    folder = dataset(tmp_path / "set")
    (folder / MANIFEST).write_text('{"format": "unwall-dataset", "version": 2}')
    with pytest.raises(Invalid, match="reads unwall-dataset 1"):
        await bring(folder)


async def test_an_uploaded_picture_comes_with_all_its_sizes(db, bring, tmp_path):
    # given a data set with a picture that was uploaded elsewhere
    there, out = open_files("", tmp_path / "there"), io.BytesIO()
    Pillow.new("RGB", (700, 350), "red").save(out, "PNG")
    image = await store(there, out)
    folder = dataset(tmp_path / "set", product_images=[PICTURE | {"file": image.file}])
    target = folder / "media" / image.file
    target.parent.mkdir(parents=True)
    target.write_bytes(await there.get(image.file))

    # when it is imported, then every size is there, and the export holds the picture alone
    await bring(folder)
    here = open_files("", tmp_path / "data")
    sizes = [Pillow.open(io.BytesIO(await here.get(one.file))).size for one in renditions(image.file)]
    assert sizes == [(320, 160), (640, 320), (700, 350)]
    await export_dataset(db, here, "shop", tmp_path / "out", quiet())
    media = tmp_path / "out" / "media"
    assert [path.relative_to(media).as_posix() for path in media.rglob("*.*")] == [image.file]
    assert (media / image.file).read_bytes() == target.read_bytes()


async def test_media_must_be_what_its_name_tells(bring, tmp_path):
    folder = dataset(tmp_path / "set")
    (folder / "media" / "00").mkdir(parents=True)
    (folder / "media" / "00" / f"{'0' * 40}.webp").write_bytes(b"something")
    with pytest.raises(Invalid, match="hash of its content"):
        await bring(folder)


# --- beside what is there ---------------------------------------------------------------------------------------------


async def test_a_member_whose_address_is_known_becomes_that_member(db, bring, tmp_path):
    await sign_up(db, "ann@example.com", "Ann", "a good password", "en")
    known = (await sign_in_member(db, "ann@example.com", "a good password", "here", NOW)).person_id
    await bring(dataset(tmp_path / "set"))
    async with db.read() as conn:
        assert await conn.fetch("SELECT id FROM member") == [(known,)]
        assert await conn.fetch("SELECT follower_id FROM follow") == [(known,)]
        assert await conn.fetch("SELECT member_id FROM journal") == [(known,)]
        assert await conn.fetch("SELECT person_id FROM trail") == [(known,)]
    await sign_in_member(db, "ann@example.com", "a good password", "here", NOW)


async def test_the_address_of_another_merchant_is_not_taken(db, bring, tmp_path):
    async with db.transaction() as conn:
        await add_merchant(conn, "shop", "Another", "EUR", "Europe/Paris")
    with pytest.raises(Invalid) as wrong:
        await bring(dataset(tmp_path / "set"))
    assert wrong.value.errors[0].field == "merchant"


@pytest.mark.parametrize("there_before", [False, True], ids=["a new merchant", "a merchant that is there"])
async def test_an_id_of_another_merchant_is_refused(db, bring, tmp_path, there_before):
    if there_before:
        await bring(dataset(tmp_path / "before", products=[], variants=[], journal=[]))
    other = MERCHANT | {"id": OTHER, "slug": "other", "created_at": SOME_DAY}
    await bring(
        dataset(
            tmp_path / "other",
            merchants=[other],
            **changed("products", merchant_id=OTHER),
            variants=[],
            accounts=[],
            follows=[],
            journal=[],
        )
    )
    with pytest.raises(Invalid) as wrong:
        await bring(dataset(tmp_path / "set"))
    assert wrong.value.errors[0].field.startswith("products.jsonl")
    assert str(PRODUCT) in wrong.value.errors[0].message


async def test_nothing_refers_to_a_thing_of_another_merchant(db, bring, tmp_path):
    other = MERCHANT | {"id": OTHER, "slug": "other", "created_at": SOME_DAY}
    merchants = [LINES["merchants"][0], other]
    with pytest.raises(Invalid) as wrong:
        await bring(dataset(tmp_path / "set", merchants=merchants, **changed("variants", merchant_id=OTHER)))
    assert wrong.value.errors[0].field == "variants.jsonl, product_id"


async def test_nothing_is_published_under_the_account_of_a_member(db, bring, tmp_path):
    await bring(dataset(tmp_path / "before", products=[], variants=[], journal=[]))
    async with db.transaction() as conn:
        account = await conn.fetchval(
            "INSERT INTO account (id, member_id, kind, handle, name)"
            " VALUES ($1, $2, 'creator', 'ann', 'Ann') RETURNING id",
            ACCOUNT_OF_ANN,
            MEMBER,
        )
    post = {"id": POST, "merchant_id": SHOP, "account_id": account, "kind": "note", "state": "draft"}
    with pytest.raises(Invalid) as wrong:
        await bring(dataset(tmp_path / "set", posts=[post | {"created_at": SOME_DAY}]))
    assert wrong.value.errors[0].field.startswith("posts.jsonl")


async def test_html_of_a_data_set_is_cleaned(db, bring, tmp_path):
    post = {"id": POST, "merchant_id": SHOP, "account_id": ACCOUNT, "kind": "note", "state": "draft"}
    posts = [post | {"body": "*Yes* <script>no()</script>", "format": "markdown", "created_at": SOME_DAY}]
    description = "<p onclick='no()'>Tea</p><script>no()</script>"
    await bring(dataset(tmp_path / "set", posts=posts, **changed("products", description=description)))
    async with db.read() as conn:
        assert await conn.fetchval("SELECT description FROM product") == "<p>Tea</p>"
        html = await conn.fetchval("SELECT body_html FROM post")
    assert "<em>Yes</em>" in html
    assert "<script" not in html


async def test_passwords_of_a_demonstration_are_hashed_once(db, bring, tmp_path):
    def staff_record(n: int, **fields: object) -> dict[str, object]:
        who = {"id": UUID(int=n), "merchant_id": SHOP, "email": f"{n}@example.com", "name": "N", "role": "owner"}
        return who | {"created_at": SOME_DAY} | fields

    await bring(
        dataset(
            tmp_path / "set",
            staff=[staff_record(1, password="for showing"), staff_record(2, password="for showing"), staff_record(3)],
            **changed("members", password="for showing"),
        )
    )
    for email in ("1@example.com", "2@example.com"):
        await sign_in_staff(db, email, "for showing", "here", NOW)
    await sign_in_member(db, "ann@example.com", "for showing", "here", NOW)
    with pytest.raises(BadCredentials):
        await sign_in_staff(db, "3@example.com", "for showing", "here", NOW)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(DISTINCT password_hash) FROM staff") == 2
    unusable = await unusable_password()
    async with db.transaction() as conn:
        ticket = await reset_password(conn, Audience.STAFF, "3@Example.com ", unusable)
    await redeem(db, ticket, "of their own")
    await sign_in_staff(db, "3@example.com", "of their own", "here", NOW)


# --- exporting --------------------------------------------------------------------------------------------------------


async def test_an_export_wants_a_merchant_and_an_empty_folder(market, tmp_path):
    with pytest.raises(NotFound):
        await export_dataset(market.db, market.files, "nobody", tmp_path / "out", quiet())
    assert not list(tmp_path.iterdir())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").touch()
    with pytest.raises(Invalid):
        await export_dataset(market.db, market.files, "milu", tmp_path / "full", quiet())
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "letter"]


async def test_an_export_that_dies_leaves_no_data_set(market, tmp_path):
    class Dying(Progress):
        def step(self, what: str) -> None:
            if "media" in what:
                raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        await export_dataset(market.db, market.files, "milu", tmp_path / "out", Dying(Console(quiet=True)))
    assert not list(tmp_path.iterdir())


async def test_only_people_who_dealt_with_the_merchant_are_exported(db, bring, tmp_path):
    await bring(dataset(tmp_path / "set"))
    await sign_up(db, "stranger@example.com", "Stranger", "a good password", "en")
    await export_dataset(db, open_files("", tmp_path / "data"), "shop", tmp_path / "out", quiet())
    members = [json.loads(line) for line in (tmp_path / "out" / "members.jsonl").read_text().splitlines()]
    assert [member["email"] for member in members] == ["ann@example.com"]


# --- data sets that packages make -------------------------------------------------------------------------------------


def test_the_demo_is_found_by_its_entry_point_and_missed_in_plain_words(monkeypatch):
    assert find_generator("demo").log_ins()[0] == LogIn(
        "South Window", "owner", "owner@south-window.example", "unwall-demo"
    )
    monkeypatch.setattr(generators, "entry_points", lambda **_: metadata.EntryPoints())
    with pytest.raises(NotFound, match="make demo"):
        find_generator("demo")


def small_set(folder: Path) -> Path:
    """Of no records yet."""
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps({"format": FORMAT, "version": VERSION, "records": {}}))
    return folder


@pytest.mark.parametrize("link", ["media", "media/ab", "orders.jsonl", MANIFEST])
def test_a_link_out_of_the_folder_is_not_followed(tmp_path, link):
    secret = small_set(tmp_path / "elsewhere")
    folder = small_set(tmp_path / "set")
    (folder / link).unlink(missing_ok=True)
    (folder / link).parent.mkdir(exist_ok=True)
    (folder / link).symlink_to(secret / MANIFEST if link.endswith(("json", "jsonl")) else secret)
    with pytest.raises(Invalid) as refused:
        Dataset(folder).media()
    assert refused.value.by_field() == {link: "This leads out of the data set's folder."}


def test_a_line_without_end_is_not_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "BLOCK_BYTES", 100)
    monkeypatch.setattr(reader, "MAX_LINE_BYTES", 1000)
    folder = small_set(tmp_path / "set")
    (folder / "merchants.jsonl").write_bytes(b"\n\n" + b" " * 2000)
    with pytest.raises(Invalid) as refused:
        list(Dataset(folder).read("merchants"))
    assert list(refused.value.by_field()) == ["merchants.jsonl line 3"]
    (folder / "merchants.jsonl").write_bytes(b"\n\n" + b" " * 1000)
    assert list(Dataset(folder).read("merchants")) == []
