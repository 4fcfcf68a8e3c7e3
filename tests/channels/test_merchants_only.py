"""What a merchant decides by, such as what sending from another shop would have cost, is not for its shoppers to read:
neither in pages, their attributes and scripts, nor in the answers of the API."""

import pytest

from tests.channels.api.api_clients import CARD, CONTACT, LAKE, Client, shopper_app
from tests.channels.conftest import Shopper
from tests.channels.shop.store import SCARF, Store, cart_of, open_store, put_into_bag
from tests.channels.shop.test_buying import BY_POST, order
from unwall.commerce.orders.values import SourcedPart
from unwall.kernel.database import Database, rows

HANGZHOU = {"latitude": "30.2592", "longitude": "120.1460"}


@pytest.fixture
async def store(db: Database) -> Store:
    return await open_store(db)


async def sums(db: Database) -> list[str]:
    """The texts in every language that tell what the runner-up would have cost, and that sum."""
    sql = """
        SELECT p.* FROM sales_order,
            jsonb_to_recordset(sourcing) AS p (node_id uuid, explanation jsonb, lines jsonb)
    """
    async with db.read() as conn:
        [part] = await rows(conn, SourcedPart, sql)
    why = part.explanation
    assert why.facts.keys() >= {"other", "extra"}
    return [
        why.text_in("en"),
        why.text_in("zh"),
        "next best",
        "次选",
        f"+{why.facts['extra']}",
        why.facts["extra"],
        "explanations",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_no_page_tells_a_shopper_what_another_node_would_have_cost(
    browser: Shopper, db: Database, store: Store, lang: str
) -> None:
    browser.http.headers["accept-language"] = lang
    await browser.post("/place", HANGZHOU)
    await put_into_bag(browser, store.market.red)
    cart = await cart_of(db)
    pages = {
        "product": await browser.get(SCARF),
        "sheet": await browser.get(SCARF, headers={"hx-request": "true", "hx-target": "sheet-body"}),
        "bag": await browser.get("/bag"),
        "checkout": await browser.get(f"/checkout/{cart}"),
        "refused": await order(browser, db, **{**BY_POST, "name": ""}),
    }
    paid = (await order(browser, db, **BY_POST)).headers["location"]
    pages |= {"order": await browser.get(paid), "me": await browser.get("/me")}
    told = await sums(db)
    for name, page in pages.items():
        assert page.status_code == (422 if name == "refused" else 200), name
        assert [text for text in told if text in page.text] == [], name


async def test_no_answer_of_the_api_tells_a_shopper_either(client, db: Database, store: Store) -> None:
    app: Client = await shopper_app(client)
    red = store.market.red
    cart = (await app.post("/carts/lines", {"variant_id": str(red)})).json()
    near = {**CONTACT, "latitude": 30.2592, "longitude": 120.1460}
    wanted = {"cart_id": cart["id"], "choice": {"method": "ship"}, "contact": near}
    made = await app.post("/orders", wanted)
    path = f"/orders/{made.json()['id']}"
    answers = {
        "variant": await app.get(f"/variants/{red}/delivery-options?{LAKE}"),
        "cart": await app.get(f"/carts/{cart['id']}/delivery-options?{LAKE}"),
        "made": made,
        "paid": await app.post(f"{path}/payment", CARD),
        "read": await app.get(path),
        "schema of shoppers' orders": await app.get("/openapi.json"),
    }
    told = await sums(db)
    for name, answer in answers.items():
        assert answer.status_code in (200, 201), name
        assert [text for text in told if text in answer.text] == [], name
    for name in ("made", "paid", "read"):
        assert "sourcing" not in answers[name].json()
    ships = next(way for way in answers["variant"].json() if way["method"] == "ship")
    assert ships["why"].startswith("From Hangzhou West Lake: ")
