"""Carts, orders and payments."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put

from unwall.channels.api.callers import keyed_request, respond
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.commerce.orders import cart as cart_actions
from unwall.commerce.orders import reads as order_reads
from unwall.commerce.orders.cart import Addition
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.checkout_values import CheckoutRequest, CreditAsked
from unwall.commerce.orders.rules import for_shopper
from unwall.commerce.orders.values import Contact, Origin, ShopperOrder
from unwall.commerce.payments.gateway import CardDetails, CardToken
from unwall.commerce.sourcing.values import DeliveryChoice
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.errors import existing
from unwall.services import Services
from unwall.usecases.place_order import AgreedPayment, pay_keyed, place_keyed
from unwall.usecases.try_code import try_code

TAGS = ["shopper"]


class NewLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    quantity: int = 1
    post_id: UUID | None = None


class Quantity(msgspec.Struct, frozen=True):
    quantity: int
    """0 removes the line."""


class OrderPayment(CardDetails, frozen=True):
    agreed_total: int | None = None
    use_credit: bool = False
    """Gift cards in the cart and the member's store credit pay first, and the card the rest."""
    agreed_credit: int | None = None
    """What they were shown to pay, in minor units."""

    @property
    def by_credit_alone(self) -> bool:
        return self.use_credit and self.agreed_total is not None and not (self.number or self.token)

    @property
    def credit(self) -> CreditAsked | None:
        agreed = self.agreed_total if self.by_credit_alone else self.agreed_credit
        return CreditAsked(store_credit=True, agreed=agreed) if self.use_credit else None


class NewOrder(msgspec.Struct, frozen=True):
    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact
    agreed_total: int | None = None


@get("/carts", tags=TAGS)
async def carts(services: Services, caller: Visit) -> list[Cart]:
    """The shopper's open carts, one for each merchant."""
    async with services.db.read() as conn:
        return await order_reads.carts(conn, caller, caller.lang)


@post("/carts/lines", tags=TAGS, repeatable=True, responses=answers(Cart))
async def add_to_cart(request: AnyRequest, services: Services, caller: Visit, data: NewLine) -> Response[bytes]:
    """Add to the open cart of the variant's merchant; `post_id` names the post that it was added from. Needs an
    Idempotency-Key. Answers with the cart."""
    keyed = await keyed_request(request, services, f"visitor {caller.visitor_id}")
    origin = Origin(post_id=data.post_id, page="api")
    return respond(await services.bags.add(keyed, Addition(caller, data.variant_id, data.quantity, origin, now())))


@put("/carts/{cart_id:uuid}/lines/{variant_id:uuid}", tags=TAGS)
async def set_quantity(services: Services, caller: Visit, cart_id: UUID, variant_id: UUID, data: Quantity) -> Cart:
    async with services.db.transaction() as conn:
        await cart_actions.set_quantity(conn, caller, cart_id, variant_id, data.quantity)
        cart = await order_reads.cart(conn, caller, cart_id, caller.lang)
    return existing(cart, "There is no such cart.")


class Code(msgspec.Struct, frozen=True):
    code: str


@post("/carts/{cart_id:uuid}/codes", tags=TAGS, status_code=200)
async def add_code(services: Services, caller: Visit, cart_id: UUID, data: Code) -> Cart:
    """Adds the code of a promotion; what became of it is in the cart's quote."""
    await try_code(services.db, caller, cart_id, data.code, now())
    async with services.db.read() as conn:
        cart = await order_reads.cart(conn, caller, cart_id, caller.lang)
    return existing(cart, "There is no such cart.")


@delete("/carts/{cart_id:uuid}/codes/{code:str}", tags=TAGS, status_code=200)
async def remove_code(services: Services, caller: Visit, cart_id: UUID, code: str) -> Cart:
    async with services.db.transaction() as conn:
        await cart_actions.remove_code(conn, caller, cart_id, code)
        cart = await order_reads.cart(conn, caller, cart_id, caller.lang)
    return existing(cart, "There is no such cart.")


@post("/orders", tags=TAGS, repeatable=True, responses=answers(ShopperOrder))
async def place_order(request: AnyRequest, services: Services, caller: Visit, data: NewOrder) -> Response[bytes]:
    """Hold the stock and fix the prices; pay before `expires_at`. What is carried goes to the contact's address, which
    decides `promise` and `shipping_total`: show them before you ask for the payment. With `agreed_total`, the total
    that the shopper saw in minor units, nothing is held where the order costs something else (409). Needs an
    Idempotency-Key."""
    keyed = await keyed_request(request, services, f"visitor {caller.visitor_id}")
    wanted = CheckoutRequest(data.cart_id, data.choice, data.contact, data.agreed_total)
    return respond(await place_keyed(services.checkout, caller, wanted, now(), keyed))


@post(
    "/orders/{order_id:uuid}/payment", status_code=200, tags=TAGS, repeatable=True, responses=answers(ShopperOrder, 200)
)
async def pay(
    request: AnyRequest, services: Services, caller: Visit, order_id: UUID, data: OrderPayment
) -> Response[bytes]:
    """Pay with a test card; or, where Stripe takes the payments, with the `token` of a payment method that its script
    has made of the card. With `agreed_total`, the total that the shopper saw in minor units, nothing is charged where
    the order costs something else (409). With `use_credit`, gift cards and store credit pay first; where they pay less
    than `agreed_credit`, nothing is charged (409). No card is needed where they pay all of `agreed_total`.
    Needs an Idempotency-Key; a declined card may be followed by another under a
    new key. The address that a member had the order sent to is the latest of their list."""
    keyed = await keyed_request(request, services, f"visitor {caller.visitor_id}")
    gateway = services.checkout.gateway
    token = CardToken("", "") if data.by_credit_alone else await gateway.tokenize(data, now().date())
    payment = AgreedPayment(order_id, token, data.agreed_total, data.credit)
    return respond(await pay_keyed(services.db, services.checkout, caller, payment, now(), keyed))


@get("/orders/{order_id:uuid}", tags=TAGS)
async def read_order(services: Services, caller: Visit, order_id: UUID) -> ShopperOrder:
    async with services.db.read() as conn:
        order = await order_reads.own_order(conn, caller, order_id, caller.lang)
    return for_shopper(existing(order, "There is no such order."))


HANDLERS: list[Any] = [carts, add_to_cart, set_quantity, add_code, remove_code, place_order, pay, read_order]
