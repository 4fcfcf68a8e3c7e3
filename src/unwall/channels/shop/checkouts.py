"""The checkout: one page with three short sections and final prices."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from msgspec.structs import replace

from unwall.channels.http.errors import first_words, status_of, words_of
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.routes import FormData
from unwall.channels.shop.address_forms import (
    ADDRESS,
    AddressFields,
    AddressView,
    address_fields,
    address_view,
    as_fields,
)
from unwall.channels.shop.card_forms import letting_in
from unwall.channels.shop.carts import CartView, WantedDelivery, cart_view
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.credits import PaidByCredit, Priced, check_total, chose_anew, credit_view
from unwall.commerce.orders import cart as cart_actions
from unwall.commerce.orders import contacts, reads
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.checkout_values import CheckoutRequest, CreditAsked
from unwall.commerce.orders.contacts import (
    SAME_PLACE_KM,
    address_of,
    checked_contact,
    destination,
    same_destination,
    with_address,
)
from unwall.commerce.orders.credit import remove_gift_card
from unwall.commerce.orders.rules import is_late
from unwall.commerce.orders.values import Contact, Order, OrderState
from unwall.commerce.payments.gateway import CardDetails, CardForm, CardToken
from unwall.commerce.pricing.values import TaxPlace
from unwall.commerce.sourcing.values import AddressPlace, DeliveryChoice, DeliveryMethod, DeliveryOption
from unwall.kernel import gazetteer
from unwall.kernel.addresses import country_name
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, FieldError, Invalid, TooMany, existing
from unwall.kernel.geo import Place, distance_km
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.addresses import MemberAddress, addresses_of
from unwall.usecases.place_order import place_and_pay, remember_address
from unwall.usecases.try_code import try_code

KEPT = ("name", "phone", "email", *ADDRESS)
FIELDS = {*KEPT, "way", "method", "node_id", "card_number", "card_expiry", "card_cvc"}
"""Next to which an error can stand."""
TEST_CARDS = (
    ("4242 4242 4242 4242", N_("pays")),
    ("4000 0000 0000 0002", N_("is declined")),
    ("4000 0000 0000 0119", N_("pays, but the answer is lost on the way")),
    ("4000 0000 0000 3220", N_("pays once you confirm it at your bank")),
    ("4000 0000 0000 0077", N_("pays, but the bank answers later")),
    ("4000 0000 0000 0259", N_("pays, and is disputed")),
)
ADDRESS_ELSEWHERE = N_("The address is in another place than the delivery that you saw. Check how and when, then pay.")
ANOTHER_TIME = N_("It arrives at another time than you saw. Check how and when, then pay.")
NO_SUCH_BAG = N_("There is no such bag.")


class Outcome(msgspec.Struct, frozen=True):
    """Why an order was not placed, or a code not taken; or that the shopper chose what changed the total, as happens
    only without JavaScript."""

    errors: dict[str, str]
    notice: str | None
    status: int
    chose: bool = False


@get("/checkout/{cart_id:uuid}", include_in_schema=False)
async def checkout(ctx: ShopContext, cart_id: UUID) -> Response[Any]:
    return await _opened(ctx, cart_id, ctx.query)


async def _opened(
    ctx: ShopContext,
    cart_id: UUID,
    query: Mapping[str, str],
    outcome: Outcome = Outcome({}, None, 200),  # noqa: B008 (immutable)
) -> Response[Any]:
    """The page before anything is ordered; `query` is what is written in it already."""
    await gazetteer.until_loaded()
    async with ctx.services.db.read() as conn:
        cart = await own_cart(conn, ctx, cart_id)
        if not (cart.open and cart.lines):
            return Redirect(await _after(conn, ctx, cart), status_code=303)
        asked = {field: text for field, text in query.items() if field in KEPT}
        book = await _addresses(conn, ctx)
        chosen = next((one for one in book if str(one.id) == query.get("saved")), None)
        before = known(ctx, cart) | remembered(contacts.known_contact(await reads.contacts_of(conn, ctx.visit)), cart)
        first = chosen or next((one for one in book if one.preferred), None) or next(iter(book), None)
        before |= as_fields(first) if first else {}
        if any(field in asked for field in ADDRESS):  # an address is not mixed with that of the place
            before = {field: text for field, text in before.items() if field not in ADDRESS} | {"country": cart.country}
        kept = before | asked
        goal = goal_of(cart, kept)
        shown = await cart_view(conn, ctx, cart, WantedDelivery(query.get("way", ""), goal, tax_place(cart, kept)))
        credit = await credit_view(conn, ctx, cart, shown, query)
        return _page(ctx, Priced(shown, credit), kept, goal, outcome=outcome, saved=SavedAddresses(book, chosen))


@post("/checkout/{cart_id:uuid}/code", include_in_schema=False, status_code=303)
async def change_code(ctx: ShopContext, cart_id: UUID, data: FormData) -> Response[Any]:
    """Add a promotion's code, or take that in `remove` away; the page keeps the way and the address that were sent."""
    written = {field: data[field] for field in ("way", "use_credit", "credit_shown", *ADDRESS) if field in data}
    try:
        if card := parse_id(data.get("remove", "")):
            async with ctx.services.db.transaction() as conn:
                await remove_gift_card(conn, ctx.visit, cart_id, card)
        elif code := data.get("remove"):
            async with ctx.services.db.transaction() as conn:
                await cart_actions.remove_code(conn, ctx.visit, cart_id, code)
        else:
            await try_code(ctx.services.db, ctx.visit, cart_id, data.get("code", ""), now())
    except (Invalid, TooMany) as error:
        words = first_words(error, ctx.lang)
        return await _opened(ctx, cart_id, written, Outcome({"code": words}, None, status_of(error)))
    return Redirect(f"/checkout/{cart_id}{f'?{urlencode(written)}' if written else ''}", status_code=303)


class SavedAddresses(msgspec.Struct, frozen=True):
    """The member's addresses, the latest first, and which of them was asked for."""

    addresses: Sequence[MemberAddress] = ()
    chosen: MemberAddress | None = None


async def _addresses(conn: Connection, ctx: ShopContext) -> list[MemberAddress]:
    return await addresses_of(conn, ctx.member.id) if ctx.member else []


async def _after(conn: Connection, ctx: ShopContext, cart: Cart) -> str:
    """Where to send a shopper whose bag can no longer be ordered: to its order, also if the answer about its payment
    was lost."""
    order_id = await reads.order_of_cart(conn, cart.id)
    return f"/order/{order_id}" if order_id else "/bag"


async def own_cart(conn: Connection, ctx: ShopContext, cart_id: UUID) -> Cart:
    return existing(await reads.cart(conn, ctx.visit, cart_id, ctx.lang), NO_SUCH_BAG)


def known(ctx: ShopContext, cart: Cart) -> dict[str, str]:
    """What is known of the shopper already; the country is that of their place, else the merchant's."""
    member, place = ctx.member, ctx.visit.place
    return {
        "name": member.name if member else "",
        "email": (member.email or "") if member else "",
        "country": cart.country,
        **(address_near(place, ctx.lang) if place else {}),
    }


def remembered(contact: Contact, cart: Cart) -> dict[str, str]:
    """Of an earlier order; its address is taken whole."""
    person = {field: text for field in ("name", "phone", "email") if (text := getattr(contact, field))}
    if not contact.postal:
        return person
    address = {field: getattr(contact, field) for field in ADDRESS}
    return person | address | {"country": contact.country or cart.country}


def address_near(place: Place, lang: str) -> dict[str, str]:
    """What is known of an address at the place."""
    town = gazetteer.nearest(place.point)
    if distance_km(town.point, place.point) > SAME_PLACE_KM:
        return {}
    chinese = lang.startswith("zh")
    city = (town.city_chinese if chinese else town.city) or town.label(lang)
    district = town.label(lang) if town.city else ""
    return {"country": town.country, "region": town.region_key, "city": city, "district": district}


def goal_of(cart: Cart, data: dict[str, str]) -> AddressPlace:
    """Where the address is, as far as it is written; unset before anything of it is."""
    contact = contact_in(data)
    if not (contact.postcode or contact.region or contact.city or contact.district):
        return msgspec.UNSET if contact.country.upper() in {"", cart.country} else None
    return destination(with_address(contact, address_of(contact, cart.country)))


def tax_place(cart: Cart, data: dict[str, str]) -> TaxPlace:
    """By whose taxes it would be charged: the written address's, else the merchant's country."""
    address = address_of(contact_in(data), cart.country)
    return TaxPlace(address.country, address.region, address.postcode)


def contact_in(data: dict[str, str]) -> Contact:
    return msgspec.convert({field: data.get(field, "") for field in KEPT}, Contact)


def goal_text(goal: AddressPlace) -> str:
    """The destination for which the delivery options on the page were computed, as the form sends it back."""
    return f"{goal.latitude:.4f},{goal.longitude:.4f}" if isinstance(goal, Place) else ""


def goal_name(goal: AddressPlace, country: str, lang: str) -> str | None:
    """Of where the address is; the country's where it cannot be placed, and none before anything of it is written."""
    if isinstance(goal, Place):
        return goal.label
    return country_name(country, lang) if goal is None else None


def goal_in(text: str) -> Place | None:
    match = re.fullmatch(r"(-?\d{1,2}\.\d{4}),(-?\d{1,3}\.\d{4})", text)
    return Place("", float(match[1]), float(match[2])) if match else None


def time_in(text: str) -> datetime | None:
    """As `DeliveryWay.at` has it."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


class CheckoutPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/checkout.html"

    cart: CartView
    credit: PaidByCredit
    errors: dict[str, str]
    notice: str | None
    chose: bool
    wrong: FieldTexts
    address_form: AddressFields
    saved: list[AddressView]
    saved_id: str
    goal: str
    goal_name: str | None
    kept: dict[str, str]
    cards: list[tuple[str, str]]
    card_form: CardForm | None


def _page(
    ctx: ShopContext,
    shown: Priced,
    data: dict[str, str],
    goal: AddressPlace,
    *,
    outcome: Outcome = Outcome({}, None, 200),  # noqa: B008 (immutable)
    saved: SavedAddresses = SavedAddresses(),  # noqa: B008 (immutable)
) -> Response[str]:
    country, form = data.get("country", "").upper(), ctx.services.checkout.gateway.card_form
    answer = ctx.page(
        CheckoutPage(
            title=ctx.words(N_("Check out")),
            cart=shown.cart,
            credit=shown.credit,
            errors=outcome.errors,
            notice=outcome.notice,
            chose=outcome.chose,
            wrong=FieldTexts({field: ctx.words(words) for field, words in outcome.errors.items()}),
            address_form=address_fields(ctx, country),
            saved=[address_view(one, ctx.lang) for one in saved.addresses],
            saved_id=str(saved.chosen.id) if saved.chosen else "",
            goal=goal_text(goal),
            goal_name=goal_name(goal, country, ctx.lang),
            kept={field: data.get(field, "") for field in KEPT},
            cards=[(number, ctx.words(what)) for number, what in TEST_CARDS],
            card_form=form,
        ),
        status=outcome.status,
    )
    return letting_in(answer, form)


@post("/checkout/{cart_id:uuid}", include_in_schema=False, status_code=303)
async def place_order(ctx: ShopContext, cart_id: UUID, data: FormData) -> Response[Any]:
    """Everything is looked at before anything is done; then the stock is held, and only then money is asked for."""
    await gazetteer.until_loaded()
    async with ctx.services.db.read() as conn:
        cart = await own_cart(conn, ctx, cart_id)
        if not cart.open:
            return Redirect(await _after(conn, ctx, cart), status_code=303)
        goal = goal_of(cart, data)
        wanted = WantedDelivery(data.get("way", ""), goal, tax_place(cart, data))
        shown = await cart_view(conn, ctx, cart, wanted)
        told = "goal" in data or ctx.visit.place  # else nobody knows what was seen
        moved = told and goal is not msgspec.UNSET and goal_text(goal) != data.get("goal")
        seen = (
            await cart_view(conn, ctx, cart, replace(wanted, address_place=_seen_goal(ctx, data))) if moved else shown
        )
        saved = SavedAddresses(await _addresses(conn, ctx))
        credit = await credit_view(conn, ctx, cart, shown, data)
    if "show" in data:
        return _page(ctx, Priced(shown, credit), data, goal, saved=saved)
    try:
        check_goal(ctx, data, goal)
        check_time(data, seen, shown)
        free = data.get("due") == "0" and not credit.due_minor
        choice, contact, card = await checked(ctx, cart, shown, data, free=free)
        if chose_anew(shown, credit, data):
            chose = Outcome({}, None, 200, chose=True)
            return _page(ctx, Priced(shown, credit), data, goal, outcome=chose, saved=saved)
        check_total(shown, credit, data)
        request = CheckoutRequest(cart.id, choice, contact, shown.total_minor)
        asked = CreditAsked(credit.use_own, credit.paid)
        order = await place_and_pay(ctx.services.checkout, ctx.visit, request, card, now(), asked)
        await remember_address(ctx.services.db, ctx.visit, order, now())
        return Redirect(after_order(order), status_code=303)
    except Invalid as error:
        errors, status = error.by_field(), status_of(error)
        notice = next((words for field, words in errors.items() if field not in FIELDS), None)
    except (Conflict, TooMany) as error:
        errors, status, notice = {}, status_of(error), words_of(error, ctx.lang)
    async with ctx.services.db.read() as conn:
        if not errors:  # what was held or sold meanwhile has changed the offer
            shown = await cart_view(conn, ctx, cart, wanted)
            credit = await credit_view(conn, ctx, cart, shown, data)
        return _page(ctx, Priced(shown, credit), data, goal, outcome=Outcome(errors, notice, status), saved=saved)


def after_order(order: Order) -> str:
    """To its payment, where that waits for the shopper; it leads to the order where it does not."""
    return f"/order/{order.id}/payment" if order.state is OrderState.PREPARED else f"/order/{order.id}"


def check_goal(ctx: ShopContext, data: dict[str, str], goal: AddressPlace) -> None:
    """Raises `Conflict` where the address is elsewhere than what the shopper saw the ways and prices for."""
    if data.get("way", "").startswith(DeliveryMethod.PICKUP) or goal is msgspec.UNSET:
        return
    if not same_destination(_seen_goal(ctx, data), goal):
        raise Conflict(ADDRESS_ELSEWHERE)


def _seen_goal(ctx: ShopContext, data: dict[str, str]) -> Place | None:
    """The destination for which the shopper saw the delivery options, times and prices."""
    return goal_in(data["goal"]) if "goal" in data else ctx.visit.place


def check_time(data: dict[str, str], seen: CartView, shown: CartView) -> None:
    """Raises `Conflict` where the way arrives at another time than the shopper saw: because of the address that they
    wrote since, or because the page has been open for long."""
    before = next((way for way in seen.ways if way.value == data.get("way")), None)
    after = next((way for way in shown.ways if way.value == data.get("way")), None)
    if before is None or after is None or shown.option is None:
        return
    told = time_in(data.get(f"at-{after.value}", ""))
    if before.when != after.when or (told and is_late(told, shown.option.at)):
        raise Conflict(ANOTHER_TIME)


async def checked(
    ctx: ShopContext, cart: Cart, shown: CartView, data: dict[str, str], *, free: bool
) -> tuple[DeliveryChoice, Contact, CardToken]:
    """Raises `Invalid` with every field that is wrong, of whichever section. `free`: no card is charged."""
    errors: list[FieldError] = []
    option: DeliveryOption | None = shown.option
    if option is None or data.get("way") not in [way.value for way in shown.ways]:
        errors.append(FieldError("way", N_("Choose a delivery option.")))
    choice = choice_of(option)
    contact = contact_in(data)
    card = CardDetails(*(data.get(f"card_{part}", "") for part in ("number", "expiry", "cvc", "token", "last4")))
    token = CardToken("", "")
    try:
        checked_contact(contact, choice, ctx.visit.place, cart.country)
    except Invalid as error:
        errors += error.errors
    try:
        token = token if free else await ctx.services.checkout.gateway.tokenize(card, now().date())
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors)
    return choice, contact, token


def choice_of(option: DeliveryOption | None) -> DeliveryChoice:
    if option is None:
        return DeliveryChoice(DeliveryMethod.SHIP)
    return DeliveryChoice(
        option.method, option.node.id if option.node and option.method is not DeliveryMethod.SHIP else None
    )


HANDLERS: list[Any] = [checkout, change_code, place_order]
