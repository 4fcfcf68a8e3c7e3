"""What the server itself tells the journal of a shopper's visit. Pure but for the new ids."""

from datetime import datetime
from typing import Any
from uuid import UUID

from unwall.commerce.orders.values import Origin
from unwall.content.posts.values import Post
from unwall.journal.values import Event, Kind
from unwall.kernel.ids import new_id
from unwall.people.values import Visit


def viewed_product(
    visit: Visit, merchant_id: UUID, product_id: UUID, variant_id: UUID | None, origin: Origin, at: datetime
) -> Event:
    return Event(
        id=new_id(), at=at, kind=Kind.VIEW, merchant_id=merchant_id, product_id=product_id, variant_id=variant_id,
        post_id=origin.post_id, page=origin.page or "product", policy=origin.policy, **_who(visit),
    )  # fmt: skip


def viewed_post(visit: Visit, post: Post, origin: Origin, at: datetime) -> Event:
    return Event(
        id=new_id(), at=at, kind=Kind.VIEW, merchant_id=post.merchant_id, account_id=post.account_id, post_id=post.id,
        page=origin.page or "post", policy=origin.policy, **_who(visit),
    )  # fmt: skip


def shared_post(visit: Visit, post: Post, at: datetime) -> Event:
    return Event(
        id=new_id(), at=at, kind=Kind.SHARE, merchant_id=post.merchant_id, account_id=post.account_id, post_id=post.id,
        page="post", **_who(visit),
    )  # fmt: skip


def searched(visit: Visit, merchant_id: UUID | None, query: str, at: datetime) -> Event:
    return Event(
        id=new_id(), at=at, kind=Kind.SEARCH, merchant_id=merchant_id, page="search", body={"query": query},
        **_who(visit),
    )  # fmt: skip


def _who(visit: Visit) -> dict[str, Any]:
    member_id = visit.member.id if visit.member else None
    return {"visitor_id": visit.visitor_id, "member_id": member_id, "session_id": visit.session_id}
