"""Addresses of the shop's pages, and what led a shopper to a product carried along in them."""

from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

from unwall.channels.http.page_context import with_query
from unwall.commerce.orders.values import Origin
from unwall.kernel.ids import parse_id

UNKNOWN = Origin()
MAX_NAME_CHARACTERS = 100
"""Of a page's or policy's name, as the journal takes it."""


def account_url(handle: str) -> str:
    return f"/a/{quote(handle)}"


def messages_url(handle: str) -> str:
    """Of the shopper's conversation with an account."""
    return f"/me/messages/{quote(handle)}"


def post_url(post_id: UUID) -> str:
    return f"/post/{post_id}"


def choices_url(kind: str, item_id: UUID) -> str:
    """What one can do about a post, product, bundle or account that one does not want to see."""
    return f"/not-for-me/{kind}/{item_id}"


def store_url(merchant_slug: str) -> str:
    return f"/m/{quote(merchant_slug)}"


def products_url(merchant_slug: str) -> str:
    return f"{store_url(merchant_slug)}/products"


def product_url(
    merchant_slug: str, slug: str, origin: Origin = UNKNOWN, *, variant: UUID | None = None, chosen: str = ""
) -> str:
    """`chosen`: which options are chosen, where not all are (`variant_choices`)."""
    more = {"variant": str(variant) if variant else "", "chosen": chosen}
    return with_query(f"{store_url(merchant_slug)}/p/{quote(slug)}", {**more, **origin_fields(origin)})


def sets_url(merchant_slug: str) -> str:
    return f"{store_url(merchant_slug)}/sets"


def bundle_url(merchant_slug: str, slug: str) -> str:
    return f"{sets_url(merchant_slug)}/{quote(slug)}"


def origin_fields(origin: Origin) -> dict[str, str]:
    """As an address and a form carry them; `origin_of` reads them."""
    named = {"post": str(origin.post_id or ""), "via": origin.page or "", "policy": origin.policy or ""}
    return {name: value for name, value in named.items() if value}


def origin_of(fields: Mapping[str, str]) -> Origin:
    """What is no name or id is left out."""
    via, policy = (_word(fields.get(name, "")) for name in ("via", "policy"))
    return Origin(parse_id(fields.get("post", "")), via, policy)


def _word(text: str) -> str | None:
    return text if 0 < len(text) <= MAX_NAME_CHARACTERS and text.isprintable() else None
