"""The events that the server itself records of a shopper's visit. Pure but for the new ids."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.values import Origin
from unwall.content.posts.values import Post
from unwall.journal.values import Event, EventKind, SearchBody, Visit
from unwall.kernel.ids import new_id


def viewed_product(
    visit: Visit, merchant_id: UUID, product_id: UUID, variant_id: UUID | None, origin: Origin, at: datetime
) -> Event:
    return Event(
        id=new_id(),
        at=at,
        kind=EventKind.VIEW,
        merchant_id=merchant_id,
        product_id=product_id,
        variant_id=variant_id,
        post_id=origin.post_id,
        page=origin.page or "product",
        policy=origin.policy,
        **visit.ids,
    )


def viewed_post(visit: Visit, post: Post, origin: Origin, at: datetime) -> Event:
    return Event(
        id=new_id(),
        at=at,
        kind=EventKind.VIEW,
        merchant_id=post.merchant_id,
        account_id=post.account_id,
        post_id=post.id,
        page=origin.page or "post",
        policy=origin.policy,
        **visit.ids,
    )


def shared_post(visit: Visit, post: Post, at: datetime) -> Event:
    return Event(
        id=new_id(),
        at=at,
        kind=EventKind.SHARE,
        merchant_id=post.merchant_id,
        account_id=post.account_id,
        post_id=post.id,
        page="post",
        **visit.ids,
    )


def searched(visit: Visit, merchant_id: UUID | None, query: str, at: datetime) -> Event:
    return Event(
        id=new_id(),
        at=at,
        kind=EventKind.SEARCH,
        merchant_id=merchant_id,
        page="search",
        body=SearchBody(query),
        **visit.ids,
    )
