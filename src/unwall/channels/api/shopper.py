"""For shoppers' apps: browse, follow, search, order and pay."""

from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import Parameter

from unwall.catalogue import bundles, rules
from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Bundle, ProductCard, ProductPage
from unwall.channels.api.callers import json_answer, keyed_request, once, respond, visit_token
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest, origin_of
from unwall.commerce.orders import cart as cart_actions
from unwall.commerce.orders import reads as order_reads
from unwall.commerce.orders.cart import Addition
from unwall.commerce.orders.gateway import CardDetails
from unwall.commerce.orders.values import Cart, Contact, Order, Origin
from unwall.commerce.sourcing import reads as sourcing
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryOption, Demand
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.rules import available_in_all
from unwall.content.accounts import actions as accounts
from unwall.content.accounts import reads as account_reads
from unwall.content.accounts.values import Account
from unwall.content.feed import reads as feed_reads
from unwall.content.posts import reads as post_reads
from unwall.content.posts.values import Post
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.idempotency import Answer
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money
from unwall.people import reads as people_reads
from unwall.services import Services
from unwall.usecases import place_order as placing
from unwall.usecases import sign_in as sign_in_and_claim
from unwall.usecases.place_order import Buyer
from unwall.usecases.sign_in import Entry

T = TypeVar("T")

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")


class VisitToken(msgspec.Struct, frozen=True):
    visit: str


class SignInBody(msgspec.Struct, frozen=True):
    email: str
    password: str


class SessionToken(msgspec.Struct, frozen=True):
    token: str
    """For the header `Authorization: Bearer ...`."""
    visit: str
    """For the header `Unwall-Visit` from now on; not the one you sent where that is another member's."""


class OfferedDelivery(msgspec.Struct, frozen=True):
    """How an item or a cart can be delivered or collected. `at`: when it arrives, or from when it can be collected;
    `why` in the caller's language."""

    method: str
    node_id: UUID | None
    node: str | None
    at: str
    cutoff: str
    fee: Money
    why: str


class SetOffer(msgspec.Struct, frozen=True):
    """A set on sale: its price is the sum of its parts', and it is available when all of them are."""

    bundle: Bundle
    price: Money
    available: bool


class NewLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    quantity: int = 1
    post_id: UUID | None = None


class Quantity(msgspec.Struct, frozen=True):
    quantity: int
    """0 removes the line."""


class NewOrder(msgspec.Struct, frozen=True):
    cart_id: UUID
    choice: DeliveryChoice
    contact: Contact


def offered_delivery(option: DeliveryOption, lang: str) -> OfferedDelivery:
    return OfferedDelivery(
        option.method.value,
        option.node.id if option.node else None,
        option.node.name if option.node else None,
        option.at.isoformat(),
        option.cutoff.isoformat(),
        option.fee,
        option.explanation.say(lang),
    )


# --- who --------------------------------------------------------------------------------------------------------------


@post("/visits", tags=TAGS)
async def open_visit(services: Services) -> VisitToken:
    """A new visitor. Keep the token and send it as `Unwall-Visit`: cart, orders and follows belong to it."""
    return VisitToken(visit_token(services.secret, new_id(), new_id()))


@post("/sessions", tags=TAGS)
async def sign_in(request: AnyRequest, services: Services, caller: Visit, data: SignInBody) -> SessionToken:
    """Sign a member in; what the visitor did is the member's from now on."""
    entry = Entry(data.email, data.password, origin_of(request, services))
    session = await sign_in_and_claim.sign_in(services.db, caller, entry, now())
    return SessionToken(session.token, visit_token(services.secret, session.visitor_id, caller.session_id))


# --- looking ----------------------------------------------------------------------------------------------------------


@get("/feed", tags=TAGS)
async def feed(services: Services, caller: Visit, after: str | None = AFTER) -> ResultPage[Post]:
    """New posts of the accounts that the shopper follows; of everybody while they follow nobody."""
    async with services.db.read() as conn:
        if await account_reads.following(conn, caller.person_ids):
            return await feed_reads.feed(conn, caller.person_ids, caller.lang, after=after)
        return await feed_reads.newest(conn, caller.lang, after=after)


@get("/posts/{post_id:uuid}", tags=TAGS)
async def read_post(services: Services, caller: Visit, post_id: UUID) -> Post:
    async with services.db.read() as conn:
        found = await post_reads.post(conn, post_id, caller.lang)
    return _there(found, "There is no such post.")


@get("/accounts/{handle:str}", tags=TAGS)
async def read_account(services: Services, caller: Visit, handle: str) -> Account:
    async with services.db.read() as conn:
        return await _account(conn, caller, handle)


async def _account(conn: Connection, caller: Visit, handle: str) -> Account:
    found = await account_reads.account_by_handle(conn, handle, caller.lang)
    return _there(found, "There is no such account.")


@put("/accounts/{handle:str}/follow", tags=TAGS)
async def follow(services: Services, caller: Visit, handle: str) -> Account:
    """Following twice counts once."""
    async with services.db.transaction() as conn:
        account = await _account(conn, caller, handle)
        await accounts.follow(conn, caller, account.id)
        return await _account(conn, caller, handle)


@delete("/accounts/{handle:str}/follow", status_code=200, tags=TAGS)
async def unfollow(services: Services, caller: Visit, handle: str) -> Account:
    async with services.db.transaction() as conn:
        account = await _account(conn, caller, handle)
        await accounts.unfollow(conn, caller, account.id)
        return await _account(conn, caller, handle)


@get("/stores/{merchant:str}/products", tags=TAGS)
async def store_products(
    services: Services, caller: Visit, merchant: str, category: str | None = None, after: str | None = AFTER
) -> ResultPage[ProductCard]:
    """A store's products, newest first. Prices are in minor units of the currency."""
    async with services.db.read() as conn:
        store = _there(await people_reads.merchant_by_slug(conn, merchant, caller.lang), "There is no such store.")
        return await catalogue.products(conn, store.id, caller.lang, category=category, after=after)


@get("/stores/{merchant:str}/products/{slug:str}", tags=TAGS)
async def read_product(services: Services, caller: Visit, merchant: str, slug: str) -> ProductPage:
    async with services.db.read() as conn:
        found = await catalogue.product_page(conn, merchant, slug, caller.lang)
    return _there(found, "There is no such product.")


@get("/stores/{merchant:str}/bundles", tags=TAGS)
async def sets(services: Services, caller: Visit, merchant: str) -> list[SetOffer]:
    """A store's sets that are on sale with all of their parts, newest first. Put the parts into the cart one by one."""
    async with services.db.read() as conn:
        store = _there(await people_reads.merchant_by_slug(conn, merchant, caller.lang), "There is no such store.")
        found = [one for one in await bundles.bundles(conn, store.id, caller.lang) if rules.bundle_sold(one)]
        levels = await stock_reads.levels(conn, [part.item.variant_id for one in found for part in one.parts])
    available = available_in_all(levels)
    return [
        SetOffer(
            bundle=one,
            price=rules.bundle_price(one.parts, store.currency),
            available=rules.bundle_available(one.parts, available) > 0,
        )
        for one in found
    ]


@get("/variants/{variant_id:uuid}/delivery-options", tags=TAGS)
async def variant_delivery_options(
    services: Services, caller: Visit, variant_id: UUID, quantity: int = 1
) -> list[OfferedDelivery]:
    """How the variant can be delivered to, or collected near, `latitude` and `longitude`: when, from which stock, at
    what fee."""
    async with services.db.read() as conn:
        item = (await catalogue.items(conn, [variant_id], caller.lang)).get(variant_id)
        merchant_id = _there(item, "There is no such variant.").merchant_id
        wanted = Demand(merchant_id, {variant_id: max(1, min(quantity, 99))}, caller.place)
        promise = await sourcing.promise(conn, wanted, caller.lang, now())
    return [offered_delivery(option, caller.lang) for option in promise.options]


@get("/search", tags=TAGS)
async def search(services: Services, caller: Visit, q: str, after: str | None = AFTER) -> ResultPage[ProductCard]:
    """By words in English or Chinese, SKU or barcode."""
    async with services.db.read() as conn:
        return await catalogue.search(conn, q, caller.lang, after=after)


# --- buying -----------------------------------------------------------------------------------------------------------


@get("/carts", tags=TAGS)
async def carts(services: Services, caller: Visit) -> list[Cart]:
    """The shopper's open carts, one for each merchant."""
    async with services.db.read() as conn:
        return await order_reads.carts(conn, caller, caller.lang)


@post("/carts/lines", tags=TAGS, repeatable=True, responses=answers(Cart))
async def add_to_cart(request: AnyRequest, services: Services, caller: Visit, data: NewLine) -> Response[bytes]:
    """Add to the open cart of the variant's merchant; `post_id` names the post that it was added from. Needs an
    Idempotency-Key. Answers with the cart."""
    keyed = await keyed_request(request, f"visitor {caller.visitor_id}")
    origin = Origin(post_id=data.post_id, page="api")
    return respond(await services.bags.add(keyed, Addition(caller, data.variant_id, data.quantity, origin, now())))


@put("/carts/{cart_id:uuid}/lines/{variant_id:uuid}", tags=TAGS)
async def set_quantity(services: Services, caller: Visit, cart_id: UUID, variant_id: UUID, data: Quantity) -> Cart:
    async with services.db.transaction() as conn:
        await cart_actions.set_quantity(conn, caller, cart_id, variant_id, data.quantity)
        found = await order_reads.cart(conn, caller, cart_id, caller.lang)
    return _there(found, "There is no such cart.")


@get("/carts/{cart_id:uuid}/delivery-options", tags=TAGS)
async def cart_delivery_options(services: Services, caller: Visit, cart_id: UUID) -> list[OfferedDelivery]:
    """How the whole cart can be delivered or collected."""
    async with services.db.read() as conn:
        cart = _there(await order_reads.cart(conn, caller, cart_id, caller.lang), "There is no such cart.")
        wanted = Demand(cart.merchant_id, cart.wanted, caller.place)
        promise = await sourcing.promise(conn, wanted, caller.lang, now())
    return [offered_delivery(option, caller.lang) for option in promise.options]


@post("/orders", tags=TAGS, repeatable=True, responses=answers(Order))
async def place_order(request: AnyRequest, services: Services, caller: Visit, data: NewOrder) -> Response[bytes]:
    """Hold the stock and fix the prices; pay before `expires_at`. Needs an Idempotency-Key."""

    async def work(_: UUID) -> Answer:
        order = await services.checkout.prepare(caller, data.cart_id, data.choice, data.contact, now())
        return json_answer(order, 201)

    return await once(request, services, f"visitor {caller.visitor_id}", work)


@post("/orders/{order_id:uuid}/payment", status_code=200, tags=TAGS, repeatable=True, responses=answers(Order, 200))
async def pay(
    request: AnyRequest, services: Services, caller: Visit, order_id: UUID, data: CardDetails
) -> Response[bytes]:
    """Pay with a test card. Needs an Idempotency-Key; a declined card may be followed by another under a new key."""
    async with services.db.read() as conn:
        if not await order_reads.is_own_order(conn, caller, order_id):
            raise NotFound("There is no such order.")

    async def work(_: UUID) -> Answer:
        token = await services.checkout.gateway.tokenize(data, now().date())
        buyer = Buyer(caller, origin_of(request, services))
        return json_answer(await placing.pay(services.checkout, buyer, order_id, token, now()))

    return await once(request, services, f"visitor {caller.visitor_id}", work)


@get("/orders/{order_id:uuid}", tags=TAGS)
async def read_order(services: Services, caller: Visit, order_id: UUID) -> Order:
    return await _own_order(services, caller, order_id)


async def _own_order(services: Services, caller: Visit, order_id: UUID) -> Order:
    async with services.db.read() as conn:
        found = await order_reads.own_order(conn, caller, order_id, caller.lang)
    return _there(found, "There is no such order.")


def _there(found: T | None, otherwise: str) -> T:
    if found is None:
        raise NotFound(otherwise)
    return found


HANDLERS: list[Any] = [
    open_visit,
    sign_in,
    feed,
    read_post,
    read_account,
    follow,
    unfollow,
    store_products,
    read_product,
    sets,
    variant_delivery_options,
    search,
    carts,
    add_to_cart,
    set_quantity,
    cart_delivery_options,
    place_order,
    pay,
    read_order,
]
