"""Pictures of a product file: fetched once, kept where their address stood, and told where they are not."""

import io

import msgspec
import pytest
from PIL import Image as Pillow

from tests.catalogue.drafts import a_merchant
from unwall.catalogue import merchant_reads, picture_fetch, product_import
from unwall.catalogue.picture_fetch import FetchProgress, PictureFetcher
from unwall.kernel.fetching import NotFetched
from unwall.kernel.files import open_files
from unwall.media.jobs import ADD_AVIF

FILE = (
    "Handle,Title,Variant Price,Image Src,Image Alt Text\n"
    "cup,Cup,1,http://cdn.example/cup.png,A cup\ncup,,,https://cdn.example/gone.png,\n"
)


class Web:
    """Stands for the internet: `most` other addresses have no file."""

    def __init__(self) -> None:
        out = io.BytesIO()
        Pillow.new("RGB", (40, 30), "red").save(out, "PNG")
        self.files = {"https://cdn.example/cup.png": out.getvalue()}
        self.lasting = True

    async def fetch(self, address, target) -> None:
        if address not in self.files:
            raise NotFetched("There is no file at this address.", lasting=self.lasting)
        target.write(self.files[address])


async def jobs(conn, entrypoint: str = picture_fetch.FETCH) -> list[bytes]:
    sql = "SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id"
    return [record["payload"] for record in await conn.fetch(sql, entrypoint)]


async def test_pictures_are_fetched_once_and_problems_told(db, tmp_path):
    files, web = open_files("", tmp_path), Web()
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "shop")
        await product_import.csv_import(conn, merchant, FILE, files_url="https://shop.example/files/")
        waiting = await jobs(conn)
        assert await picture_fetch.progress(conn, merchant.id) == FetchProgress(waiting=2, fetched=0, failed=0)

    handler = PictureFetcher(db, files, web)
    for _ in range(2):  # a job may run twice
        for payload in waiting:
            await handler(payload)

    async with db.transaction() as conn:
        [cup] = await merchant_reads.drafts(conn, merchant.id)
        kept, missing = cup.images
        assert (kept.alt, kept.width, kept.height, missing.file) == ("A cup", 40, 30, "https://cdn.example/gone.png")
        assert await files.has(kept.file)
        assert set(await jobs(conn, ADD_AVIF)) == {kept.file.encode()}
        assert await picture_fetch.progress(conn, merchant.id) == FetchProgress(waiting=0, fetched=1, failed=1)
        [problem] = await picture_fetch.problems(conn, merchant.id)
        assert (problem.title, problem.source) == ("Cup", "https://cdn.example/gone.png")

        # the same file again: the stored picture stays, and only what was missing is tried once more
        again = await product_import.csv_import(conn, merchant, FILE, files_url="https://shop.example/files/")
        assert (again.unchanged, len(await jobs(conn))) == (1, 3)
        assert (await merchant_reads.drafts(conn, merchant.id))[0] == cup


async def test_what_may_come_later_is_tried_again(db, tmp_path):
    web = Web()
    web.lasting = False
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "shop")
        await product_import.csv_import(conn, merchant, FILE, files_url="")
        payload = next(p for p in await jobs(conn) if b"gone" in p)
    with pytest.raises(NotFetched):
        await PictureFetcher(db, open_files("", tmp_path), web)(payload)
    assert msgspec.json.decode(payload)["source"] == "https://cdn.example/gone.png"
