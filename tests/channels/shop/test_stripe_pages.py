"""The checkout where Stripe takes the payments, against localstripe."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, cart_of, put_into_bag
from tests.channels.shop.test_buying import WHERE, WHO, order
from tests.html import texts, the, values
from tests.stripe_server import LocalStripe, running_stripe
from unwall.kernel.database import Database
from unwall.settings import Settings

pytestmark = pytest.mark.skipif(find_spec("localstripe") is None, reason="localstripe is not installed")
PAYS, ASKS, DECLINED = "4242424242424242", "4000000000003220", "4000000000000341"
SAID = "#card [role=alert]"


@pytest.fixture(scope="module")
def stripe() -> Iterator[LocalStripe]:
    with running_stripe() as server:
        yield server


@pytest.fixture
def config(db_url: str, tmp_path: Path, stripe: LocalStripe) -> Settings:
    keys = stripe.keys
    return Settings(
        data=tmp_path,
        database_url=db_url,
        log_level="warning",
        pool_size=6,
        stripe_secret_key=keys.secret,
        stripe_publishable_key=keys.publishable,
        stripe_webhook_secret=keys.webhook,
        stripe_api=keys.api,
        stripe_script=keys.script,
    )


def by_card(stripe: LocalStripe, number: str) -> dict[str, str]:
    card = stripe.card(number)
    return {"way": "ship", **WHO, **WHERE, "card_token": card.token, "card_last4": card.last4}


async def test_only_the_page_with_the_card_lets_stripe_in(
    browser: Shopper, db: Database, store: Store, stripe: LocalStripe
) -> None:
    await put_into_bag(browser, store.market.red)
    page = await browser.get(f"/checkout/{await cart_of(db)}")
    assert stripe.keys.script in values(page.text, "script[src]", "src")
    assert values(page.text, "[data-card-key]", "data-card-key") == ["pk_test_public"]
    assert values(page.text, "[name=card_number]", "name") == []
    assert "test mode" not in page.text
    assert "sk_test_secret" not in page.text
    allowed = page.headers["content-security-policy"]
    assert f"script-src 'self' {stripe.url} https://hooks.stripe.com" in allowed
    assert stripe.url not in (await browser.get("/bag")).headers["content-security-policy"]


async def test_a_card_that_was_read_in_the_browser_pays(
    browser: Shopper, db: Database, store: Store, stripe: LocalStripe
) -> None:
    await put_into_bag(browser, store.market.red)
    missing = await order(browser, db, **by_card(stripe, PAYS) | {"card_token": ""})
    assert missing.status_code == 422
    assert texts(missing.text, SAID) == ["Write the card into the field of the payment service."]
    declined = await order(browser, db, **by_card(stripe, DECLINED))
    assert (declined.status_code, "The card was declined. Try another one." in declined.text) == (409, True)
    paid = await order(browser, db, **by_card(stripe, PAYS))
    assert paid.status_code == 303
    assert "Thank you" in (await browser.get(paid.headers["location"])).text
    async with db.read() as conn:
        told = await conn.fetch("SELECT gateway, state, last4 FROM payment ORDER BY id")
    assert [tuple(one) for one in told] == [("stripe", "declined", "0341"), ("stripe", "captured", "4242")]


@pytest.mark.parametrize("confirmed", [True, False])
async def test_the_bank_asks_on_a_page_of_its_own(
    browser: Shopper, db: Database, store: Store, stripe: LocalStripe, confirmed: bool
) -> None:
    await put_into_bag(browser, store.market.red)
    asked = await order(browser, db, **by_card(stripe, ASKS))
    path = asked.headers["location"]
    assert path.endswith("/payment")
    page = await browser.get(path)
    secret = the(page.text, "form[data-card-confirm]").attributes["data-card-confirm"]
    assert stripe.url in page.headers["content-security-policy"]
    stripe.answer_bank(secret, yes=confirmed)
    for _ in range(2):
        answer = await browser.post(path)
        assert answer.status_code == 303
    order_path = path.removesuffix("/payment")
    if confirmed:
        assert answer.headers["location"] == order_path
        assert "Thank you" in (await browser.get(order_path)).text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT state FROM payment") == ("captured" if confirmed else "declined")
    assert (await browser.get(path)).headers["location"] == order_path
