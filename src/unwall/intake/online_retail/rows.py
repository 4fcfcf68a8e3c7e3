"""The digest as rows of our tables (O18, O19). Every id is derived from the file's own keys."""

from collections.abc import Iterator
from uuid import UUID

from unwall.catalogue.rules import slugify
from unwall.catalogue.values import ProductDraft, VariantDraft
from unwall.intake.online_retail.categories import TITLES, category_of
from unwall.intake.online_retail.values import Customer, Digest, Invoice, OrderLine, Product, Return
from unwall.kernel.ids import derived_id, id_at
from unwall.media.values import Image

SLUG, NAME, HANDLE, CURRENCY, TIMEZONE = "gift-shop", "Online Retail Gift Shop", "gift_shop", "GBP", "Europe/London"
BIO = "A British gift shop by post. Its catalogue, customers and orders came from the UCI Online Retail file."
MERCHANT_ID = derived_id("online-retail")
ACCOUNT_ID = derived_id("online-retail", "account")
TILE_SIZE = (800, 1000)

Row = tuple[object, ...]


def product_id(code: str) -> UUID:
    return derived_id("online-retail", "product", code)


def variant_id(code: str) -> UUID:
    return derived_id("online-retail", "variant", code)


def member_id(number: str) -> UUID:
    return derived_id("online-retail", "customer", number)


def draft(product: Product, tile: str) -> ProductDraft:
    """`tile` is the key of its picture."""
    others = "; ".join(product.other_titles)
    return ProductDraft(
        id=product_id(product.code),
        slug=slugify(f"{product.title} {product.code}"),
        title=product.title,
        description=f"<p>Also known as {others}.</p>" if others else "",
        category=category_of(product.title),
        images=(Image(tile, product.title, *TILE_SIZE),),
        variants=(VariantDraft(id=variant_id(product.code), sku=product.code, price=product.price_minor),),
    )


def categories() -> Iterator[Row]:
    for title in TITLES:
        yield derived_id("online-retail", "category", title), MERCHANT_ID, slugify(title), title, {}


def members(digest: Digest) -> Iterator[Row]:
    for customer in digest.customers:
        yield member_id(customer.id), None, _name(customer.id), None, "en", customer.first


def codes(digest: Digest) -> Iterator[Row]:
    for customer in digest.customers:
        yield MERCHANT_ID, customer.id, member_id(customer.id)


def _name(number: str) -> str:
    return f"Customer {number}"


class Sales:
    """Orders, their lines and events. `order_ids` are those of orders that are there already, by number."""

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

    def orders(self) -> Iterator[Row]:
        for invoice in self._digest.invoices:
            member, visitor = self._person(invoice)
            state = "cancelled" if invoice.cancelled else "fulfilled"
            items = sum(line.units * line.price_minor for line in invoice.lines)
            carried = invoice.total_minor - items
            yield (
                self._order_ids[invoice.no], MERCHANT_ID, invoice.no, None, None, visitor, member, None,
                "import", state, "ship", CURRENCY, items, carried, items + carried, _contact(invoice), {}, [],
                invoice.at, None, invoice.at, invoice.at,
            )  # fmt: skip

    def lines(self) -> Iterator[Row]:
        returned = self._returned
        for invoice in self._digest.invoices:
            order = self._order_ids[invoice.no]
            for n, line in enumerate(invoice.lines, 1):
                code, price, units = line.code, line.price_minor, line.units
                yield (
                    order, n, MERCHANT_ID, self._products[code], self._variants[code], self._titles[code], code, (),
                    units, price, units * price, returned.get((invoice.no, code, price), 0), None, None, None,
                )  # fmt: skip

    def purchases(self) -> Iterator[Row]:
        for invoice in self._digest.invoices:
            order, salt = self._order_ids[invoice.no], _salt("purchase", invoice.no)
            for line in invoice.lines:
                own = salt ^ self._products[line.code].int ^ (line.price_minor << 30)
                yield self._event(invoice, "purchase", own, order, line)

    def returns(self) -> Iterator[Row]:
        for each in self._digest.returns:
            order = self._order_ids[each.invoice] if each.invoice else None
            line = OrderLine(each.code, each.price_minor, each.units)
            yield self._event(each, "return", _salt("return", each.no, each.seq), order, line)

    def _event(self, what: Invoice | Return, kind: str, salt: int, order: UUID | None, line: OrderLine) -> Row:
        member, visitor = self._person(what)
        return (
            id_at(what.at, salt), what.at, kind, MERCHANT_ID, visitor, member, None, None, None,
            self._products[line.code], self._variants[line.code], order, None, None, None, None, None,
            line.units, line.units * line.price_minor, None,
        )  # fmt: skip

    def _person(self, what: Invoice | Return) -> tuple[UUID | None, UUID | None]:
        """A member, or a visitor known for this one dealing only (O6)."""
        if what.customer is not None:
            return self._members[what.customer], None
        if what.no not in self._visitors:
            self._visitors[what.no] = derived_id("online-retail", "visitor", what.no)
        return None, self._visitors[what.no]


def _contact(invoice: Invoice) -> dict[str, str]:
    name = _name(invoice.customer) if invoice.customer else ""
    return {"name": name, "address": invoice.country}


def _salt(*words: object) -> int:
    return derived_id("online-retail", *words).int >> 54


def loyal(digest: Digest) -> Customer | None:
    """The customer with the most orders, the first of equals by number."""
    orders: dict[str, int] = {}
    for invoice in digest.invoices:
        if invoice.customer and invoice.lines:
            orders[invoice.customer] = orders.get(invoice.customer, 0) + 1
    return max(digest.customers, key=lambda c: (orders.get(c.id, 0), c.id), default=None)
