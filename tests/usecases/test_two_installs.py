"""The catalogue of one running install comes into another, with its pictures and quantities, by the commands."""

import asyncio
import csv
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest
from PIL import Image as Pillow

from tests.catalogue.drafts import a_draft, a_merchant
from tests.commerce.stock.stock_fixtures import node
from tests.conftest import NUMBERS, lend_start_files, named
from tests.waiting import PATIENCE_SECONDS, free_port, until
from unwall.catalogue import actions, picture_fetch
from unwall.catalogue import merchant_reads as reads
from unwall.catalogue.picture_fetch import PictureFetcher
from unwall.catalogue.values import VariantDraft
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.kernel.database import Database, connect
from unwall.kernel.fetching import Fetcher
from unwall.kernel.files import open_files
from unwall.kernel.ids import new_id
from unwall.media import pictures
from unwall.media.rules import MAX_PICTURE_BYTES


class Install:
    def __init__(self, database_url: str, data: Path) -> None:
        self.port = free_port()
        self.database_url, self.data = database_url, data
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.database_url, "UNWALL_DATA": str(self.data), "UNWALL_PORT": str(self.port)}
        return {**os.environ, **own, "UNWALL_START_WORKER": "0", "UNWALL_LOG_LEVEL": "error"}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "unwall", *words]
        return subprocess.run(program, env=self.environment, capture_output=True, text=True, check=False)

    def status(self, path: str) -> int:
        return httpx.get(f"{self.url}{path}", timeout=PATIENCE_SECONDS).status_code

    def answers(self) -> bool:
        try:
            return self.status("/healthz") == 200
        except httpx.TransportError:
            return False


@contextmanager
def running(install: Install) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-m", "unwall", "serve"], env=install.environment) as server:
        try:
            yield server
        finally:
            server.terminate()


@pytest.fixture
async def installs(server_url: str, start_files: Path, tmp_path: Path) -> AsyncIterator[list[Install]]:
    found, admin = [], await asyncpg.connect(server_url)
    for name in ("one", "two"):
        database = f"install_{name}_{next(NUMBERS)}"
        await admin.execute(f"CREATE DATABASE {database} TEMPLATE template_unwall STRATEGY FILE_COPY")
        found.append(Install(named(server_url, database), tmp_path / name))
        found[-1].data.mkdir()
        lend_start_files(start_files, found[-1].data)
    with running(found[0]), running(found[1]):
        await until(lambda: all(install.answers() for install in found))
        yield found
    for install in found:
        name = urlsplit(install.database_url).path.strip("/")
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


class HereToo:
    """Fetches from this machine, which knows no https."""

    def __init__(self, port: int) -> None:
        self._fetcher = Fetcher(MAX_PICTURE_BYTES, allowed=lambda _: True, ports=frozenset({port}))

    async def fetch(self, address, target) -> None:
        await self._fetcher.fetch(address.replace("https://", "http://"), target)


async def a_stocked_shop(db: Database, install: Install) -> str:
    """A merchant with a coat in two sizes, one of them with a picture, seven of it in stock; the picture's key."""
    drawing = io.BytesIO()
    Pillow.new("RGB", (90, 120), "teal").save(drawing, "PNG")
    picture = await pictures.store(open_files("", install.data), drawing, alt="The coat, teal")
    variants = (
        VariantDraft(sku="C-S", options=("S",), price=9900),
        VariantDraft(sku="C-M", options=("M",), price=9900),
    )
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "tea")
        words = "<p>双面羊毛手工缝制，衬里为真丝，适合深秋与初冬。请干洗，平铺晾干，避免阳光直射。</p>"
        coat = a_draft("羊毛大衣, 驼色", variants=variants, option_names=("Size",), images=(picture,), translations={})
        coat = msgspec.structs.replace(coat, description=words)
        await actions.save_product(conn, merchant.id, coat)
        for n in range(3):
            await actions.save_product(conn, merchant.id, a_draft(f"Tea {n}", translations={}))
        here = await stock.save_node(conn, merchant.id, node("A"))
        ids = await reads.variant_ids(conn, merchant.id, ["C-S"])
        received = [VariantQuantity(ids["C-S"], 7)]
        await stock.adjust(conn, merchant.id, here, received, Cause(new_id(), Reason.COUNT, "system"))
    return picture.file


async def test_products_go_from_one_running_install_into_another(installs: list[Install], tmp_path: Path) -> None:
    one, two = installs
    file, here = tmp_path / "products.csv", open_files("", two.data)
    async with connect(one.database_url) as db:
        picture = await a_stocked_shop(db, one)
    exported = one.command("export", "products", "--merchant", "tea", str(file))
    assert exported.returncode == 0, exported.stderr
    rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["Handle"] for row in rows] == ["tea-0", "tea-1", "tea-2", "羊毛大衣-驼色", "羊毛大衣-驼色"]
    assert rows[3]["Image Src"] == f"{one.url}/files/{picture}"
    assert one.command("export", "products", "--merchant", "tea").stdout.replace("\r", "") == file.read_text(
        "utf-8-sig"
    )

    # as another program would have written it: semicolons, and the encoding of a Chinese spreadsheet
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    file.write_bytes(out.getvalue().encode("gb18030"))

    async with connect(two.database_url) as db:
        async with db.transaction() as conn:
            merchant = await a_merchant(conn, "tea")
            await stock.save_node(conn, merchant.id, node("B"))
        words = ("import", "products", str(file), "--merchant", "tea", "--node", "B")
        imported = two.command(*words)
        assert imported.returncode == 0, imported.stderr
        assert [line.split() for line in imported.stdout.splitlines()][-5:] == [
            ["4", "created"],
            ["0", "updated"],
            ["0", "unchanged"],
            ["0", "left", "out"],
            ["1", "pictures", "are", "fetched", "by", "the", "worker"],
        ]
        async with db.read() as conn:
            sql = "SELECT payload FROM pgqueuer WHERE entrypoint = $1"
            jobs = [job["payload"] for job in await conn.fetch(sql, picture_fetch.FETCH)]
        assert len(jobs) == 1
        await PictureFetcher(db, here, HereToo(one.port))(jobs[0])
        async with db.read() as conn:
            [*teas, coat] = await reads.drafts(conn, merchant.id)
            on_hand = await stock_reads.on_hand(conn, merchant.id)
        assert (coat.title, [v.sku for v in coat.variants], len(teas)) == ("羊毛大衣, 驼色", ["C-S", "C-M"], 3)
        [shown] = coat.images
        assert (shown.alt, shown.width, shown.height, await here.has(shown.file)) == ("The coat, teal", 90, 120, True)
        assert {v.sku: on_hand.get(v.id) for v in coat.variants if v.id in on_hand}["C-S"] == 7
    assert await asyncio.to_thread(two.status, f"/files/{shown.file}") == 200

    again = two.command(*words)
    assert "4 unchanged" in again.stdout
    assert again.returncode == 0


async def test_a_wrong_line_is_told_and_strict_changes_nothing(installs: list[Install], tmp_path: Path) -> None:
    _, two = installs
    file = tmp_path / "products.csv"
    file.write_text("Handle,Title,Variant SKU,Variant Price\npot,Pot,P-1,12\ncup,Cup,C-1,cheap\n", encoding="utf-8")
    async with connect(two.database_url) as db:
        async with db.transaction() as conn:
            merchant = await a_merchant(conn, "tea")
        strict = two.command("import", "products", str(file), "--merchant", "tea", "--strict")
        async with db.read() as conn:
            assert await reads.drafts(conn, merchant.id) == []
        kept = two.command("import", "products", str(file), "--merchant", "tea")
        async with db.read() as conn:
            assert [draft.slug for draft in await reads.drafts(conn, merchant.id)] == ["pot"]
    assert (strict.returncode, kept.returncode) == (1, 1)
    for answer in (strict, kept):
        assert "line 3 C-1 Variant Price:" in answer.stdout
    nobody = two.command("import", "products", str(file), "--merchant", "nobody")
    assert (nobody.returncode, "There is no store 'nobody'." in nobody.stderr) == (1, True)
