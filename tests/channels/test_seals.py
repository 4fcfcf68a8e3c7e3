"""What is sealed for one purpose is worth nothing for another, and never breaks a page."""

import pytest

from tests.channels.conftest import Shopper
from unwall.channels.api.callers import SealedVisit
from unwall.channels.http.context import SESSION, VISITOR
from unwall.channels.http.flash import FLASH_COOKIE, Flash
from unwall.kernel.ids import new_id
from unwall.kernel.seals import seal, unseal
from unwall.people.reset_links import RESET
from unwall.people.values import Audience, ResetTicket
from unwall.services import Services

VISIT_TOKEN = "unwall-visit"
SEALED = {
    VISITOR: new_id(),
    SESSION: new_id(),
    FLASH_COOKIE: Flash("Done."),
    VISIT_TOKEN: SealedVisit(new_id(), new_id()),
    RESET: ResetTicket(Audience.MEMBER, new_id(), "0" * 16),
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


@pytest.mark.parametrize("purpose", SEALED)
async def test_no_other_seal_lets_somebody_choose_a_password(
    services: Services, browser: Shopper, purpose: str
) -> None:
    sealed = seal(services.secret, purpose, SEALED[purpose])
    assert (await browser.get(f"/password/{sealed}")).status_code == 404
    assert (await browser.post(f"/password/{sealed}", {"password": "nine letters"})).status_code == 404


@pytest.mark.parametrize("name", ["uw_csrf", "uw_member", "uw_staff", "uw_node", "uw_place", "uw_lang", "theme"])
@pytest.mark.parametrize("purpose", [VISITOR, RESET])
async def test_what_is_sealed_is_worth_nothing_in_other_cookies(
    services: Services, browser: Shopper, name: str, purpose: str
) -> None:
    browser.http.cookies.set(name, seal(services.secret, purpose, SEALED[purpose]), domain="testserver.local")
    for url in ("/", "/me", "/console", "/counter"):
        assert (await browser.get(url)).status_code < 400
    form = {"email": "ann@example.org", "password": "guess"}
    assert (await browser.http.post("/sign-in", data=form)).status_code in {403, 422}


async def test_an_opened_visit_is_sealed_for_the_api(services: Services, browser: Shopper) -> None:
    token = (await browser.http.post("/api/v1/visits")).json()["visit"]
    assert unseal(services.secret, VISITOR, token, object) is None
