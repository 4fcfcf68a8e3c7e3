"""What is sealed for one purpose is worth nothing for another, and never breaks a page."""

import pytest

from tests.channels.conftest import Shopper
from unwall.channels.http.context import SESSION, VISITOR
from unwall.channels.http.flash import FLASH_COOKIE, Flash
from unwall.kernel.ids import new_id
from unwall.kernel.seals import seal, unseal
from unwall.services import Services

VISIT_TOKEN = "unwall-visit"
SEALED = {
    VISITOR: new_id(),
    SESSION: new_id(),
    FLASH_COOKIE: Flash("Done."),
    VISIT_TOKEN: (new_id(), new_id()),
}


@pytest.mark.parametrize("name", [VISITOR, SESSION, FLASH_COOKIE])
@pytest.mark.parametrize("purpose", SEALED)
async def test_a_cookie_takes_its_own_seal_only(services: Services, browser: Shopper, name: str, purpose: str) -> None:
    value = seal(services.secret, purpose, SEALED[purpose])
    browser.http.cookies.set(name, value, domain="testserver.local")
    page = await browser.get("/bag")
    assert page.status_code == 200
    assert ("Done." in page.text) is (name == purpose == FLASH_COOKIE)
    if name != FLASH_COOKIE:  # another one is given in its place
        assert any(cookie.startswith(f"{name}=") for cookie in page.headers.get_list("set-cookie")) is (name != purpose)
    assert (await browser.get("/console/sign-in")).status_code == 200


@pytest.mark.parametrize("purpose", SEALED)
async def test_the_api_takes_visit_tokens_only(services: Services, browser: Shopper, purpose: str) -> None:
    headers = {VISIT_TOKEN: seal(services.secret, purpose, SEALED[purpose])}
    answer = await browser.http.put("/api/v1/accounts/nobody/follow", headers=headers)
    assert answer.status_code == (404 if purpose == VISIT_TOKEN else 401)


async def test_an_opened_visit_is_sealed_for_the_api(services: Services, browser: Shopper) -> None:
    token = (await browser.http.post("/api/v1/visits")).json()["visit"]
    assert unseal(services.secret, VISITOR, token, object) is None
