"""The API keeps to its own description: schemathesis asks a running server with all of its checks, as a shopper's app
and as a merchant's program, a few examples for each operation."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from tests.channels.test_route_access import Town, key_of, town
from tests.test_worker import Server, serving
from tests.waiting import PATIENCE_SECONDS, until
from unwall.kernel.database import Database
from unwall.people.values import ApiScope

__all__ = ["town"]  # a fixture that the module lends

EXAMPLES = 2
"""Of each operation, besides those that its types give."""
CONFIG = str(Path(__file__).with_name("schemathesis.toml"))
MERCHANTS = "^/api/v1/merchant/"


@pytest.mark.parametrize("who", ["visitor", "program"])
async def test_the_api_keeps_to_its_description(db: Database, town: Town, tmp_path: Path, who: str):
    async with serving(db, tmp_path, UNWALL_START_WORKER="0") as server:
        await until(server.answers)
        if who == "program":
            header = f"Authorization: {(await key_of(db, town.market, frozenset(ApiScope)))['authorization']}"
            chosen = ["--include-path-regex", MERCHANTS]
        else:
            header = f"Unwall-Visit: {await new_visit(server)}"
            chosen = ["--exclude-path-regex", MERCHANTS]
        said, code = await schemathesis(server, tmp_path, "--header", header, *chosen)
    assert code == 0, said


async def new_visit(server: Server) -> str:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        return (await http.post(f"{server.url}/api/v1/visits")).json()["visit"]


async def schemathesis(server: Server, folder: Path, *more: str) -> tuple[str, int]:
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        CONFIG,
        "run",
        f"{server.url}/api/v1/openapi.json",
        "--checks",
        "all",
    ]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", "1"]
    command += ["--generation-database", "none", "--no-color", "--continue-on-failure", "--warnings", "off", *more]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return out.decode(), process.returncode or 0
