"""Pictures that a product file names by their web address: fetched in the background and stored like uploads."""

from collections.abc import Iterable, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from uuid import UUID

import msgspec

from unwall.kernel.database import Connection, Database, Transaction, row, rows
from unwall.kernel.errors import Invalid
from unwall.kernel.fetching import Fetcher, NotFetched
from unwall.kernel.files import Files
from unwall.kernel.jobs import NewJob, enqueue
from unwall.media import picture_uploads
from unwall.media.rules import MAX_PICTURE_BYTES
from unwall.media.values import Image

FETCH = "catalogue.fetch-picture"
"""The entry point of the background job."""
_MEMORY_BYTES = 2**20
MAX_PROBLEMS_SHOWN = 100


class WantedPicture(msgspec.Struct, frozen=True):
    product_id: UUID
    source: str


class FetchProblem(msgspec.Struct, frozen=True):
    title: str
    source: str
    problem: str


class FetchProgress(msgspec.Struct, frozen=True):
    """Of all pictures that the merchant's files named."""

    waiting: int
    fetched: int
    failed: int


async def want(conn: Transaction, merchant_id: UUID, product_ids: Iterable[UUID]) -> None:
    """Have those pictures of these products fetched that are web addresses, each once; a failed one is tried again."""
    wanted = await rows(
        conn,
        WantedPicture,
        """
        INSERT INTO picture_fetch (product_id, source, merchant_id)
        SELECT DISTINCT product_id, file, merchant_id FROM product_image
        WHERE merchant_id = $1 AND product_id = ANY($2::uuid[]) AND file LIKE 'https://%'
        ON CONFLICT (product_id, source) DO UPDATE SET problem = '', file = '' WHERE picture_fetch.problem <> ''
        RETURNING product_id, source
        """,
        merchant_id,
        list(product_ids),
    )
    await enqueue(conn, [NewJob(FETCH, msgspec.json.encode(picture)) for picture in wanted])


async def fetched(conn: Connection, merchant_id: UUID, sources: Sequence[str]) -> Mapping[str, str]:
    """The stored files of web addresses that were fetched before."""
    fetches = await conn.fetch(
        "SELECT source, file FROM picture_fetch WHERE merchant_id = $1 AND source = ANY($2) AND file <> ''",
        merchant_id,
        list(sources),
    )
    return {record["source"]: record["file"] for record in fetches}


async def progress(conn: Connection, merchant_id: UUID) -> FetchProgress:
    counted = await row(
        conn,
        FetchProgress,
        """
        SELECT count(*) FILTER (WHERE file = '' AND problem = '') AS waiting,
            count(*) FILTER (WHERE file <> '') AS fetched, count(*) FILTER (WHERE problem <> '') AS failed
        FROM picture_fetch WHERE merchant_id = $1
        """,
        merchant_id,
    )
    assert counted
    return counted


async def problems(conn: Connection, merchant_id: UUID) -> list[FetchProblem]:
    return await rows(
        conn,
        FetchProblem,
        """
        SELECT p.title, f.source, f.problem FROM picture_fetch f JOIN product p ON p.id = f.product_id
        WHERE f.merchant_id = $1 AND f.problem <> '' ORDER BY p.title, f.source LIMIT $2
        """,
        merchant_id,
        MAX_PROBLEMS_SHOWN,
    )


class PictureFetcher:
    """The handler of `FETCH`."""

    def __init__(self, db: Database, files: Files, fetcher: Fetcher | None = None) -> None:
        self._db = db
        self._files = files
        self._fetcher = fetcher or Fetcher(MAX_PICTURE_BYTES)

    async def __call__(self, payload: bytes) -> None:
        """Raises `NotFetched` where trying again may help; what went wrong is recorded all the same."""
        wanted = msgspec.json.decode(payload, type=WantedPicture)
        again: NotFetched | None = None
        image, problem = None, ""
        try:
            with SpooledTemporaryFile(_MEMORY_BYTES) as file:
                await self._fetcher.fetch(wanted.source, file)
                image = await picture_uploads.keep(self._db, self._files, file)
        except NotFetched as error:
            problem, again = error.message, None if error.lasting else error
        except Invalid as error:
            problem = error.errors[0].message
        async with self._db.transaction() as conn:
            await (_keep(conn, wanted, image) if image else _tell(conn, wanted, problem))
        if again:
            raise again


async def _keep(conn: Transaction, wanted: WantedPicture, image: Image) -> None:
    """The picture stands where its address stood; its description and what it shows stay."""
    await conn.execute(
        "UPDATE product_image SET file = $3, width = $4, height = $5 WHERE product_id = $1 AND file = $2",
        wanted.product_id,
        wanted.source,
        image.file,
        image.width,
        image.height,
    )
    await conn.execute(
        "UPDATE picture_fetch SET file = $3, problem = '' WHERE product_id = $1 AND source = $2",
        wanted.product_id,
        wanted.source,
        image.file,
    )


async def _tell(conn: Transaction, wanted: WantedPicture, problem: str) -> None:
    await conn.execute(
        "UPDATE picture_fetch SET problem = $3 WHERE product_id = $1 AND source = $2",
        wanted.product_id,
        wanted.source,
        problem,
    )
