"""Every answer has a request id and is counted, also that of an address or a method that is not there."""

import pytest

from tests.channels.conftest import Shopper


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [("GET", "/nowhere", 404), ("GET", "/api/v1/nowhere", 404), ("DELETE", "/healthz", 405), ("GET", "/healthz", 200)],
)
async def test_every_answer_has_a_request_id_and_is_in_the_metrics(
    browser: Shopper, method: str, url: str, status: int
) -> None:
    answers = [await browser.http.request(method, url) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status] * 2
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2
    counted = [line for line in (await browser.get("/metrics")).text.splitlines() if f'status="{status}"' in line]
    assert any(f'method="{method}"' in line and "_count" in line for line in counted)
