"""Every answer has a request id and is counted, also where there is no such address or method."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from unwall.cli.running import shared_figures
from unwall.kernel import logs


@pytest.mark.parametrize(
    ("method", "path", "status", "counted_as"),
    [
        ("GET", "/nowhere", 404, 'method="GET",route="unknown",status="404"'),
        ("DELETE", "/search", 405, 'method="DELETE",route="unknown",status="405"'),
        ("BREW", "/search", 405, 'method="other",route="unknown",status="405"'),
        ("HEAD", "/search", 200, 'method="HEAD",route="/search",status="200"'),
        ("GET", f"/search?q={'a' * 5000}", 414, 'method="GET",route="unknown",status="414"'),
    ],
)
async def test_every_answer_is_counted_and_has_an_id(
    client: AsyncTestClient, method: str, path: str, status: int, counted_as: str
):
    answer = await client.request(method, path)
    figures = (await client.get("/metrics")).text
    assert (answer.status_code, len(answer.headers["x-request-id"])) == (status, 36)
    assert f"unwall_request_seconds_count{{{counted_as}}}" in figures


async def test_an_address_tells_all_the_methods_that_it_takes(client: AsyncTestClient):
    asked = [await client.request(method, "/api/v1/accounts/liuyun/follow") for method in ("GET", "OPTIONS")]
    assert [(a.status_code, set(a.headers["allow"].split(", "))) for a in asked] == [
        (405, {"PUT", "DELETE", "OPTIONS"}),
        (204, {"PUT", "DELETE", "OPTIONS"}),
    ]


@pytest.mark.parametrize("path", ["/", "/search?q=tea", "/bag", "/nowhere", "/counter", "/healthz"])
async def test_head_answers_as_get_without_a_body(client: AsyncTestClient, path: str):
    whole, head = [await client.request(method, path) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers.get("content-type") == whole.headers.get("content-type")


async def test_head_of_what_only_takes_forms_is_refused(client: AsyncTestClient):
    assert (await client.request("HEAD", "/language")).status_code == 405


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_what_somebody_sent_begins_no_line_of_its_own_in_the_log(log_format: str):
    evil = "/a\n2026-01-01 [info] all is well\r\x1b[2J\u2028"
    line = logs.renderer(log_format)(None, "error", {"event": "request failed", "level": "error", "path": evil})
    assert len(line.splitlines()) == 1
    assert "\x1b[2J" not in line


COUNTING = """
import os, sys
import unwall.cli.running
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from unwall.kernel import telemetry
telemetry.EVENTS.inc(3)
if os.fork():
    os.wait()
    print(telemetry.metrics_text(sys.argv[1])[0].decode())
else:
    telemetry.EVENTS.inc(4)
"""


def test_the_figures_of_server_processes_are_added(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", COUNTING, tmp_path], check=True, capture_output=True, text=True)
    assert "unwall_journal_events_total 7.0" in done.stdout.splitlines()


def test_the_folder_of_shared_figures_is_there_while_several_processes_serve(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    with shared_figures(1):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    with shared_figures(2):
        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert folder.is_dir()
    assert not folder.exists()
