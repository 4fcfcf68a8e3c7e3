"""The composer with a video."""

from litestar.testing import AsyncTestClient

from tests.channels.shop.store import open_store
from tests.channels.shop.test_videos import MADE, a_video
from tests.channels.staffing import signed_in
from tests.content.helpers import staff
from unwall.content.posts import actions as posts
from unwall.content.posts.values import Media, PostDraft, PostKind, Tag
from unwall.kernel.clock import now
from unwall.kernel.database import Database


async def test_a_post_with_a_video_opens_in_the_composer(client: AsyncTestClient, db: Database) -> None:
    store = await open_store(db)
    made = {"state": "ready", "duration_ms": 12_000, "width": 720, "height": 1280, "poster": "ab/p.webp"}
    video_id = await a_video(db, store.market.merchant, **made, renditions=MADE)
    async with db.confined(store.market.merchant) as conn:
        draft = PostDraft(
            store.account,
            PostKind.VIDEO,
            "Snow",
            media=(Media("", "Hills", 720, 1280, video_id),),
            tags=(Tag(store.market.scarf, 0, t0=2.0, t1=5.0),),
        )
        post_id = await posts.save_draft(conn, staff(store.market.merchant), draft)
        await posts.publish(conn, staff(store.market.merchant), post_id, now())
    owner = await signed_in(client, db, store.market.merchant)
    answer = await owner.get(f"/console/posts/{post_id}")
    assert answer.status_code == 200
    assert f'value="{video_id}"' in answer.text
