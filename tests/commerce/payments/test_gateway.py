"""The test gateway and its cards."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commerce.market import DECLINED, PAYS, SILENT
from unwall.commerce.payments import simulator as port
from unwall.commerce.payments.gateway import CardDetails, CardToken, Charge, ChargeState, GatewaySilent, luhn
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money

TODAY = date(2026, 11, 24)
PRICE = Money(28800, "CNY")


async def test_m13_of_a_card_only_a_token_and_four_digits_remain(db):
    gateway = port.TestGateway(db)
    token = await gateway.tokenize(CardDetails("4242-4242 4242 4242", " 11 / 26 ", "123"), TODAY)
    assert token == CardToken("tok_pays", "4242")
    assert await gateway.tokenize(CardDetails("4000000000000002", "01/2030", "1234"), TODAY) == DECLINED
    assert "4242" not in repr(CardDetails("4242424242424242", "12/30", "123"))


@pytest.mark.parametrize("expiry", ["1/30", "0130", "130", "01 / 2030", "012030", "1126", "122030"])
async def test_an_expiry_may_be_written_as_people_do(db, expiry):
    assert await port.TestGateway(db).tokenize(CardDetails("4242424242424242", expiry, "123"), TODAY) == PAYS


@pytest.mark.parametrize(
    ("number", "expiry", "cvc", "fields"),
    [
        ("4242424242424241", "12/30", "123", ["card_number"]),
        ("4242", "12/30", "123", ["card_number"]),
        ("4242424242424242", "10/26", "123", ["card_expiry"]),
        ("4242424242424242", "13/30", "123", ["card_expiry"]),
        ("4242424242424242", "1330", "123", ["card_expiry"]),
        ("4242424242424242", "1220", "123", ["card_expiry"]),
        ("4242424242424242", "12/30", "12a", ["card_cvc"]),
        ("", "", "", ["card_number", "card_expiry", "card_cvc"]),
    ],
)
async def test_wrong_cards_name_their_fields(db, number, expiry, cvc, fields):
    with pytest.raises(Invalid) as caught:
        await port.TestGateway(db).tokenize(CardDetails(number, expiry, cvc), TODAY)
    assert list(caught.value.by_field()) == fields


@given(st.text("0123456789", min_size=11, max_size=18), st.integers(0, 18), st.integers(1, 9))
def test_luhn_finds_every_single_wrong_digit(body, place, off):
    number = next(body + check for check in "0123456789" if luhn(body + check))
    at = place % len(number)
    wrong = number[:at] + str((int(number[at]) + off) % 10) + number[at + 1 :]
    assert luhn(number)
    assert not luhn(wrong)


async def test_a_payment_is_charged_once_whatever_is_asked_again(db):
    gateway, payment = port.TestGateway(db), new_id()
    assert await gateway.find(payment) is None
    first = await gateway.authorise(payment, PRICE, PAYS)
    assert first == Charge(ChargeState.CAPTURED, f"test-{payment}")
    # another card under the same id is told the same
    assert await gateway.authorise(payment, PRICE, DECLINED) == first
    # another process knows it too
    assert await port.TestGateway(db).find(payment) == first


async def test_a_declined_card_says_so(db):
    charge = await port.TestGateway(db).authorise(new_id(), PRICE, DECLINED)
    assert (charge.state, charge.message) == (ChargeState.DECLINED, "The card was declined. Try another one.")
    unknown = await port.TestGateway(db).authorise(new_id(), PRICE, CardToken("tok_unknown", "4444"))
    assert unknown.state is ChargeState.DECLINED


async def test_a_lost_answer_was_captured(db):
    gateway, payment = port.TestGateway(db), new_id()
    with pytest.raises(GatewaySilent):
        await gateway.authorise(payment, PRICE, SILENT)
    assert (await gateway.find(payment)).state is ChargeState.CAPTURED


async def test_a_void_gives_back_once_and_refuses_what_comes_late(db):
    gateway, payment, late = port.TestGateway(db), new_id(), new_id()
    await gateway.authorise(payment, PRICE, PAYS)
    for _ in range(2):
        await gateway.void(payment)
    assert (await gateway.find(payment)).state is ChargeState.VOIDED
    await gateway.void(late)
    assert (await gateway.authorise(late, PRICE, PAYS)).state is ChargeState.VOIDED
