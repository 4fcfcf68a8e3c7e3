"""Gift cards and store credit in the console: issued, shown once, voided, granted, given back."""

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import ConsoleSite, form
from tests.commerce.credit.crediting import accounts, credit_of, member_visit, ordered
from tests.commerce.market import NOW, PAYS, checkout_of, sound
from tests.html import texts
from unwall.commerce.credit.reads import account_by_id
from unwall.commerce.credit.rules import code_of, shown_code
from unwall.kernel.ids import new_id
from unwall.messages.gift_cards import card_message
from unwall.messages.mailing import MailOrigin
from unwall.people.reads import merchant
from unwall.people.values import Role
from unwall.services import Services

PATH = "/console/gift-cards"
MARKER = 'name="amount"'


async def test_g9_a_gift_card_is_issued_once_and_its_code_shown_then(site: ConsoleSite, services: Services) -> None:
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    wrong = await site.post(f"{PATH}/new", fields | {"amount": "0", "paid_by": "", "email": "x"})
    assert wrong.status_code == 422
    assert await accounts(site.db, site.market) == {}
    sent = fields | {"amount": "50", "name": "Ann", "email": "ann@example.org", "message": "For you", "lang": "zh"}
    pages = [await site.post(f"{PATH}/new", sent) for _ in range(2)]
    [card] = await accounts(site.db, site.market)
    code = shown_code(code_of(services.secret, card))
    assert [code in page.text for page in pages] == [True, True]
    assert await accounts(site.db, site.market) == {card: (5000, 0)}
    jobs = "SELECT convert_from(payload, 'UTF8') FROM pgqueuer WHERE entrypoint = 'messages.send-gift-card'"
    async with site.db.read() as conn:
        queued = [record[0] for record in await conn.fetch(jobs)]
    assert len(queued) == 1
    assert code.replace("-", "") not in queued[0]
    page = (await site.get(f"{PATH}/{card}")).text
    assert code not in page
    assert "ann@example.org" in page
    assert texts((await site.get(PATH)).text, "tbody th") == [f"Gift card ending in {code[-4:]}"]
    by_code = await site.get(PATH, params={"q": code})
    assert by_code.headers["location"] == f"{PATH}/{card}"


async def test_g9_voiding_needs_a_reason_and_takes_what_is_left(site: ConsoleSite) -> None:
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    await site.post(f"{PATH}/new", fields | {"amount": "50"})
    [card] = await accounts(site.db, site.market)
    assert (await site.post(f"{PATH}/{card}/void", {"note": " "})).status_code == 422
    assert (await site.post(f"{PATH}/{card}/void", {"note": "lost"})).status_code == 303
    assert await accounts(site.db, site.market) == {card: (0, 0)}
    assert (await site.post(f"{PATH}/{card}/void", {"note": "lost"})).status_code == 409
    assert "Voided" in (await site.get(f"{PATH}/{card}")).text


async def test_g9_store_credit_is_granted_by_the_number_of_an_order(site: ConsoleSite) -> None:
    visit = await member_visit(site.db)
    order = await ordered(site.db, site.market, visit)
    await checkout_of(site.db).pay(order.id, PAYS, NOW, visit)
    fields = form((await site.get(f"{PATH}/grant")).text, MARKER)
    wrong = await site.post(f"{PATH}/grant", fields | {"customer": "NOBODY", "amount": "7", "note": "late"})
    assert wrong.status_code == 422
    sent = fields | {"customer": order.number, "amount": "7", "note": "late"}
    for _ in range(2):
        assert (await site.post(f"{PATH}/grant", sent)).status_code == 303
    assert (await credit_of(site.db, site.market, visit.member_id)).available == 700
    assert texts((await site.get(f"{PATH}?kind=store_credit")).text, "tbody th") == ["Store credit"]


async def test_g8_a_refund_as_store_credit_is_given_from_the_orders_page(site: ConsoleSite) -> None:
    visit = await member_visit(site.db)
    order = await ordered(site.db, site.market, visit)
    await checkout_of(site.db).pay(order.id, PAYS, NOW, visit)
    url = f"/console/orders/{order.id}/refund"
    fields = form((await site.get(url)).text, MARKER)
    assert (await site.post(url, fields | {"amount": "20", "to": "credit"})).status_code == 303
    assert (await credit_of(site.db, site.market, visit.member_id)).available == 2000
    await sound(site.db)


async def test_only_who_may_give_money_back_issues_and_nobody_sees_anothers(
    site: ConsoleSite, browser: Shopper
) -> None:
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    await site.sign_in_as(browser, Role.STOCK)
    assert (await site.post(f"{PATH}/new", fields | {"amount": "50"})).status_code == 403
    assert (await site.get(f"{PATH}/{new_id()}")).status_code == 404
    assert await accounts(site.db, site.market) == {}


async def test_the_mail_of_a_gift_card_has_its_code_and_the_words_of_its_giver(
    site: ConsoleSite, services: Services
) -> None:
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    sent = {"amount": "50", "name": "Ann", "email": "ann@example.org", "message": "For you"}
    await site.post(f"{PATH}/new", fields | sent)
    [card_id] = await accounts(site.db, site.market)
    async with site.db.read() as conn:
        card, store = await account_by_id(conn, card_id), await merchant(conn, site.market.merchant, "en")
    origin = MailOrigin("Unwall <shop@unwall.example>", "https://shop.example", services.secret)
    message = card_message(card, store, origin)
    body = message.get_body(("plain",)).get_content()
    assert message["To"] == "Ann <ann@example.org>"
    assert message["Subject"] == "A gift card for Liu Yun: CN¥50"
    assert shown_code(code_of(services.secret, card_id)) in body
    assert "For you" in body
