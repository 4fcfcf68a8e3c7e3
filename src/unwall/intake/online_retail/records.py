"""The digest as records of a data set (O18, O19). Every id is derived from the file's own keys."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from unwall.catalogue.texts import slugify
from unwall.commerce.orders.values import Channel, Contact, OrderState
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.content.accounts.values import AccountKind
from unwall.intake.dataset.records.behaviour import JournalRecord
from unwall.intake.dataset.records.catalogue import CategoryRecord, ProductImageRecord, ProductRecord, VariantRecord
from unwall.intake.dataset.records.content import AccountRecord
from unwall.intake.dataset.records.orders import OrderLineRecord, OrderRecord
from unwall.intake.dataset.records.people import MemberCodeRecord, MemberRecord, MerchantRecord
from unwall.intake.online_retail.categories import TITLES, category_of
from unwall.intake.online_retail.values import Customer, Digest, RetailInvoice, RetailLine, Return, SoldProduct
from unwall.journal.values import EventKind
from unwall.kernel import typed
from unwall.kernel.ids import derived_id, id_at

SLUG, NAME, HANDLE, CURRENCY = "gift-shop", "Online Retail Gift Shop", "gift_shop", "GBP"
TIMEZONE, COUNTRY = "Europe/London", "GB"
BIO = "A British gift shop by post. Its catalogue, customers and orders came from the UCI Online Retail file."
MERCHANT_ID = derived_id("online-retail")
ACCOUNT_ID = derived_id("online-retail", "account")
TILE_WIDTH, TILE_HEIGHT = 800, 1000


def product_id(code: str) -> UUID:
    return derived_id("online-retail", "product", code)


def variant_id(code: str) -> UUID:
    return derived_id("online-retail", "variant", code)


def category_id(title: str) -> UUID:
    return derived_id("online-retail", "category", title)


def member_id(number: str) -> UUID:
    return derived_id("online-retail", "customer", number)


def merchant(since: datetime) -> MerchantRecord:
    return MerchantRecord(
        id=MERCHANT_ID,
        slug=SLUG,
        name=NAME,
        currency=CURRENCY,
        timezone=TIMEZONE,
        country=COUNTRY,
        created_at=since,
    )


def account(avatar: str, since: datetime) -> AccountRecord:
    return AccountRecord(
        id=ACCOUNT_ID,
        merchant_id=MERCHANT_ID,
        kind=AccountKind.STORE,
        handle=HANDLE,
        name=NAME,
        bio=BIO,
        avatar=avatar,
        created_at=since,
    )


def categories() -> Iterator[CategoryRecord]:
    for title in TITLES:
        yield CategoryRecord(id=category_id(title), merchant_id=MERCHANT_ID, slug=slugify(title), title=title)


def product(of: SoldProduct) -> ProductRecord:
    others = "; ".join(of.other_titles)
    return ProductRecord(
        id=product_id(of.code),
        merchant_id=MERCHANT_ID,
        category_id=category_id(category_of(of.title)),
        slug=slugify(f"{of.title} {of.code}"),
        title=typed.line(of.title),
        description=f"<p>Also known as {others}.</p>" if others else "",
        created_at=of.first_seen,
        updated_at=of.first_seen,
    )


def variant(of: SoldProduct) -> VariantRecord:
    return VariantRecord(
        id=variant_id(of.code),
        merchant_id=MERCHANT_ID,
        product_id=product_id(of.code),
        position=0,
        sku=of.code,
        price=of.price_minor,
    )


def image(of: SoldProduct, tile: str) -> ProductImageRecord:
    """`tile` is the key of the product's picture."""
    return ProductImageRecord(
        product_id=product_id(of.code),
        position=0,
        merchant_id=MERCHANT_ID,
        file=tile,
        alt=typed.line(of.title),
        width=TILE_WIDTH,
        height=TILE_HEIGHT,
    )


def members(digest: Digest) -> Iterator[MemberRecord]:
    for customer in digest.customers:
        yield MemberRecord(id=member_id(customer.id), name=_name(customer.id), created_at=customer.first)


def codes(digest: Digest) -> Iterator[MemberCodeRecord]:
    for customer in digest.customers:
        yield MemberCodeRecord(merchant_id=MERCHANT_ID, code=customer.id, member_id=member_id(customer.id))


def _name(number: str) -> str:
    return f"Customer {number}"


class Sales:
    """Orders, their lines and events. `order_ids`: the ids of orders that exist already, by number."""

    def __init__(self, digest: Digest, order_ids: dict[str, UUID]) -> None:
        self._digest = digest
        self._titles = {product.code: product.title for product in digest.products}
        self._products = {code: product_id(code) for code in self._titles}
        self._variants = {code: variant_id(code) for code in self._titles}
        self._members = {customer.id: member_id(customer.id) for customer in digest.customers}
        self._order_ids = {i.no: order_ids.get(i.no) or id_at(i.at, _salt("order", i.no)) for i in digest.invoices}
        self._visitors: dict[str, UUID] = {}
        self._returned: dict[tuple[str | None, str, int | None], int] = {}
        for each in digest.returns:
            key = (each.invoice, each.code, each.sold_minor)
            self._returned[key] = self._returned.get(key, 0) + each.units

    def orders(self) -> Iterator[OrderRecord]:
        for invoice in self._digest.invoices:
            member, visitor = self._person(invoice)
            items = sum(line.units * line.price_minor for line in invoice.lines)
            carried = invoice.total_minor - items
            yield OrderRecord(
                id=self._order_ids[invoice.no],
                merchant_id=MERCHANT_ID,
                number=invoice.no,
                visitor_id=visitor,
                member_id=member,
                channel=Channel.IMPORT,
                state=OrderState.CANCELLED if invoice.cancelled else OrderState.FULFILLED,
                method=DeliveryMethod.SHIP,
                currency=CURRENCY,
                items_total=items,
                shipping_total=carried,
                total=items + carried,
                contact=_contact(invoice),
                placed_at=invoice.at,
                paid_at=invoice.at,
                closed_at=invoice.at,
            )

    def lines(self) -> Iterator[OrderLineRecord]:
        returned = self._returned
        for invoice in self._digest.invoices:
            order = self._order_ids[invoice.no]
            for n, line in enumerate(invoice.lines, 1):
                code, price, units = line.code, line.price_minor, line.units
                yield OrderLineRecord(
                    order_id=order,
                    line=n,
                    merchant_id=MERCHANT_ID,
                    product_id=self._products[code],
                    variant_id=self._variants[code],
                    title=self._titles[code],
                    sku=code,
                    quantity=units,
                    unit_price=price,
                    total=units * price,
                    returned=returned.get((invoice.no, code, price), 0),
                )

    def purchases(self) -> Iterator[JournalRecord]:
        for invoice in self._digest.invoices:
            order, salt = self._order_ids[invoice.no], _salt("purchase", invoice.no)
            for line in invoice.lines:
                own = salt ^ self._products[line.code].int ^ (line.price_minor << 30)
                yield self._event(invoice, EventKind.PURCHASE, own, order, line)

    def returns(self) -> Iterator[JournalRecord]:
        for each in self._digest.returns:
            order = self._order_ids[each.invoice] if each.invoice else None
            line = RetailLine(each.code, each.price_minor, each.units)
            yield self._event(each, EventKind.RETURN, _salt("return", each.no, each.seq), order, line)

    def _event(
        self, what: RetailInvoice | Return, kind: EventKind, salt: int, order: UUID | None, line: RetailLine
    ) -> JournalRecord:
        member, visitor = self._person(what)
        return JournalRecord(
            id=id_at(what.at, salt),
            at=what.at,
            kind=kind,
            merchant_id=MERCHANT_ID,
            visitor_id=visitor,
            member_id=member,
            product_id=self._products[line.code],
            variant_id=self._variants[line.code],
            order_id=order,
            quantity=line.units,
            amount=line.units * line.price_minor,
        )

    def _person(self, what: RetailInvoice | Return) -> tuple[UUID | None, UUID | None]:
        """A member, or a visitor who is made for this one order or return (O6)."""
        if what.customer is not None:
            return self._members[what.customer], None
        if what.no not in self._visitors:
            self._visitors[what.no] = derived_id("online-retail", "visitor", what.no)
        return None, self._visitors[what.no]


def _contact(invoice: RetailInvoice) -> Contact:
    name = _name(invoice.customer) if invoice.customer else ""
    return Contact(name=name, address=invoice.country)


def _salt(*words: object) -> int:
    return derived_id("online-retail", *words).int >> 54


def loyal(digest: Digest) -> Customer | None:
    """The customer with the most orders; on a tie the one with the lowest number."""
    orders: dict[str, int] = {}
    for invoice in digest.invoices:
        if invoice.customer and invoice.lines:
            orders[invoice.customer] = orders.get(invoice.customer, 0) + 1
    return max(digest.customers, key=lambda c: (orders.get(c.id, 0), c.id), default=None)
