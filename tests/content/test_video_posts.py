"""Videos in posts: whose they may be, and how a post shows them."""

import asyncpg
import pytest

from tests.content.helpers import START, a_members_account, an_account, published, staff
from unwall.content.posts import actions, reads
from unwall.content.posts.values import Media, PostDraft, PostKind
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id


async def a_video(db, *, merchant_id=None, member_id=None, state="uploaded", reason=""):
    video_id = new_id()
    async with db.transaction() as conn:
        await conn.execute(
            f"""
            INSERT INTO video (id, merchant_id, member_id, source, bytes, state, reason)
            VALUES ($1, $2, $3, 'ab/{"b" * 40}.source', 9, $4, $5)
            """,
            video_id,
            merchant_id,
            member_id,
            state,
            reason,
        )
    return video_id


async def test_a_post_shows_its_video_as_far_as_it_is_made(db):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
    video_id = await a_video(db, merchant_id=merchant)
    draft = PostDraft(account, PostKind.VIDEO, "Snow", media=(Media("", "Hills", 720, 1280, video_id),))
    async with db.confined(merchant) as conn:
        post_id = await actions.save_draft(conn, staff(merchant), draft)
        await actions.publish(conn, staff(merchant), post_id, START)
    async with db.transaction() as conn:
        [before] = (await reads.post(conn, post_id, "en")).media
        await conn.execute("UPDATE video SET poster = 'cd/y.webp', width = 1080, height = 1920 WHERE id = $1", video_id)
        [after] = (await reads.post(conn, post_id, "en")).media
    assert (before.file, before.width, before.video.id, before.video.playable) == ("", 720, video_id, False)
    assert (after.file, after.width, after.height, after.alt) == ("cd/y.webp", 1080, 1920, "Hills")


async def test_videos_of_others_and_refused_ones_are_not_shown(db):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        other, _ = await an_account(conn, "silk")
    refused = await a_video(db, merchant_id=merchant, state="failed", reason="It is too long.")
    for video_id, message in (
        (await a_video(db, merchant_id=other), "This is not one of your videos."),
        (new_id(), "This is not one of your videos."),
        (refused, "It is too long."),
    ):
        with pytest.raises(Invalid) as refusal:
            async with db.confined(merchant) as conn:
                shown = Media("ab/x.webp", "", 8, 8, video_id)
                await actions.save_draft(conn, staff(merchant), PostDraft(account, title="Snow", media=(shown,)))
        assert [(e.field, e.message) for e in refusal.value.errors] == [("media.0.video_id", message)]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM post") == 0


async def test_the_database_itself_keeps_a_merchants_posts_and_uploads_from_videos_of_others(db):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        other, _ = await an_account(conn, "silk")
        member, _ = await a_members_account(conn, "lin")
    async with db.confined(merchant) as conn:
        post_id = await actions.save_draft(conn, staff(merchant), PostDraft(account, title="Snow"))
    own = await a_video(db, merchant_id=merchant)
    foreign = [await a_video(db, merchant_id=other), await a_video(db, member_id=member.owner.member_id)]
    shown = """
        INSERT INTO post_media (post_id, position, merchant_id, file, width, height, video_id)
        VALUES ($1, 0, $2, '', 8, 8, $3)
    """
    sent = """
        INSERT INTO upload (id, merchant_id, network, bytes, video_id, expires_at)
        VALUES ($1, $2, '', 9, $3, now())
    """
    for sql, key in ((shown, post_id), (sent, new_id())):
        for video_id in foreign:
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                async with db.confined(merchant) as conn:
                    await conn.execute(sql, key, merchant, video_id)
        async with db.confined(merchant) as conn:
            await conn.execute(sql, key, merchant, own)


async def test_a_member_shows_their_own_videos_and_none_of_a_merchant(db):
    async with db.transaction() as conn:
        member, account = await a_members_account(conn, "lin")
        merchant, _ = await an_account(conn, "tea")
    own = await a_video(db, member_id=member.owner.member_id)
    async with db.transaction() as conn:
        post_id = await published(conn, member, account, kind=PostKind.VIDEO, media=(Media("", "", 8, 8, own),))
        assert [m.video.id for m in (await reads.post(conn, post_id, "en")).media] == [own]
    draft = PostDraft(account, title="Snow", media=(Media("", "", 8, 8, await a_video(db, merchant_id=merchant)),))
    with pytest.raises(Invalid, match="not one of your videos"):
        async with db.transaction() as conn:
            await actions.save_draft(conn, member, draft)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT array_agg(video_id) FROM post_media") == [own]
