"""Hashtags: which are in use, and the posts under one."""

from typing import Any

from litestar import get
from litestar.params import Parameter

from unwall.content.posts.hashtag_reads import HashtagCount, hashtags_like, tagged_entries
from unwall.content.posts.hashtags import name_of
from unwall.content.posts.values import Post
from unwall.journal.values import Visit
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import existing
from unwall.services import Services

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")
SUGGESTED = 20
POSTS = 12


@get("/hashtags", tags=TAGS)
async def hashtags(services: Services, q: str) -> list[HashtagCount]:
    """Those in use that begin so, with how many posts are live under each; those with the most posts first."""
    async with services.db.read() as conn:
        return await hashtags_like(conn, q, SUGGESTED)


@get("/hashtags/{name:str}/posts", tags=TAGS)
async def hashtag_posts(services: Services, caller: Visit, name: str, after: str | None = AFTER) -> ResultPage[Post]:
    """The posts whose texts have the tag, newest first; without those of accounts that the shopper mutes or blocks."""
    tag = existing(name_of(name) or None, "This is no hashtag.")
    async with services.db.read() as conn:
        entries = await tagged_entries(conn, tag, caller.person_ids, after, POSTS)
        posts = await services.storefront.posts(conn, [one.post_id for one in entries.rows], caller.lang)
    return ResultPage(posts, entries.after)


HANDLERS: list[Any] = [hashtags, hashtag_posts]
