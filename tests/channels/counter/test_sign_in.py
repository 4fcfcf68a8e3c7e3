"""Who comes in, and where they stand."""

from tests.channels.conftest import Shopper
from tests.channels.snapshots import snapshot
from tests.channels.staffing import PASSWORD, hire, signed_in
from tests.commerce.market import Market, open_market
from unwall.kernel.database import Database
from unwall.people.values import Role


async def test_without_signing_in_every_page_leads_to_the_door(browser: Shopper):
    for page in ("/counter", "/counter/hand-over", "/counter/sell", "/counter/stock", "/counter/node"):
        answer = await browser.get(page)
        assert (answer.status_code, answer.headers["location"]) == (302, f"/counter/sign-in?next={page}")


async def test_one_signs_in_and_goes_where_one_wanted(db: Database, market: Market, browser: Shopper):
    email = await hire(db, market.merchant, Role.NODE, market.west_lake)
    page = await browser.get("/counter/sign-in?next=/counter/sell")
    assert 'name="next" value="/counter/sell"' in page.text
    answer = await browser.post("/counter/sign-in", {"email": email, "password": PASSWORD, "next": "/counter/sell"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/counter/sell")
    assert "West Lake" in (await browser.get("/counter")).text


async def test_nobody_is_sent_to_another_host(db: Database, market: Market, browser: Shopper):
    email = await hire(db, market.merchant, Role.NODE, market.west_lake)
    for away in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = await browser.post("/counter/sign-in", {"email": email, "password": PASSWORD, "next": away})
        assert answer.headers["location"] == "/counter"


async def test_a_wrong_password_is_told_and_the_address_kept(db: Database, market: Market, browser: Shopper):
    email = await hire(db, market.merchant, Role.NODE, market.west_lake)
    before = await snapshot(db)
    answer = await browser.post("/counter/sign-in", {"email": email, "password": "wrong"})
    assert answer.status_code == 422
    assert "E-mail and password do not match." in answer.text
    assert f'value="{email}"' in answer.text
    assert await snapshot(db) == before


async def test_after_many_failures_one_has_to_wait(db: Database, market: Market, browser: Shopper):
    email = await hire(db, market.merchant, Role.NODE, market.west_lake)
    answers = [
        (await browser.post("/counter/sign-in", {"email": email, "password": "wrong"})).status_code for _ in range(6)
    ]
    assert answers == [422] * 5 + [429]


async def test_who_serves_several_nodes_says_first_where_they_stand(client, db: Database, market: Market):
    owner = await signed_in(client, db, market.merchant)
    asked = await owner.get("/counter/stock")
    assert (asked.status_code, asked.headers["location"]) == (303, "/counter/node?next=/counter/stock")
    page = await owner.get("/counter/node?next=/counter/stock")
    assert [name in page.text for name in ("Hangzhou West Lake", "Shanghai Bund", "Suzhou warehouse")] == [True] * 3
    chosen = await owner.post("/counter/node", {"node": str(market.bund), "next": "/counter/stock"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/counter/stock")
    assert "Shanghai Bund" in (await owner.get("/counter")).text


async def test_a_form_sent_from_nowhere_leads_to_the_choice_and_does_nothing(client, db: Database, market: Market):
    owner = await signed_in(client, db, market.merchant)
    before = await snapshot(db)
    answer = await owner.post("/counter/sell", {"do": "finish", f"q-{market.red}": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/counter/node?next=/counter")
    assert await snapshot(db) == before


async def test_one_stands_only_where_one_works(client, db: Database, market: Market, clerk: Shopper):
    other = await open_market(db, slug="another")
    owner = await signed_in(client, db, market.merchant)
    refused = [
        (clerk, str(market.bund), 403),
        (clerk, str(other.bund), 403),
        (owner, str(other.bund), 404),
        (owner, "nowhere", 404),
        (owner, "", 404),
    ]
    for who, node, status in refused:
        answer = await who.post("/counter/node", {"node": node})
        assert (answer.status_code, "uw_node" in who.cookies) == (status, False), node
    page = (await clerk.get("/counter/node")).text
    assert ("West Lake" in page, "Shanghai Bund" in page) == (True, False)


async def test_a_cookie_made_by_hand_opens_no_other_node(client, db: Database, market: Market, clerk: Shopper):
    other = await open_market(db, slug="another")
    clerk.cookies.set("uw_node", str(market.bund))
    assert "West Lake" in (await clerk.get("/counter")).text
    owner = await signed_in(client, db, market.merchant)
    owner.cookies.set("uw_node", str(other.bund))
    assert (await owner.get("/counter")).headers["location"] == "/counter/node?next=/counter"
