"""Everything that an install keeps: the rows of every table, and the files."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from unwall.kernel.database import Database

BUCKET = "media"

_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


async def places_of(db: Database, folder: Path, text: str) -> list[str]:
    """The tables and files that hold the text, be it as letters or, in a column of bytes, as their codes."""
    found = []
    async with db.read() as conn:
        for (table,) in await conn.fetch(_TABLES):
            sql = f"SELECT EXISTS (SELECT FROM {table} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0)"
            if await conn.fetchval(sql, text, text.encode().hex()):
                found.append(table)
    return found + await asyncio.to_thread(_files_with, folder, text.encode())


def _files_with(folder: Path, text: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in files if text in path.read_bytes()]


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """An S3 server of moto's with an empty bucket, as an install's environment names it."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environment = {
            "AWS_ENDPOINT": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
        boto3.client(
            "s3",
            endpoint_url=environment["AWS_ENDPOINT"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
        ).create_bucket(Bucket=BUCKET)
        yield environment
    finally:
        server.stop()
