"""A video from the composer to an order: sent, captioned, tagged by time, scheduled, watched, bought from, credited."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.journeys.conftest import DESKTOP, PHONE, Market
from tests.journeys.test_credit import buy, nothing_to_credit, visitor
from tests.journeys.test_main_job import EDITOR, OWNER, goods_in_hangzhou, staff_window
from tests.media.clips import write_clip
from tests.waiting import until
from unwall.content.accounts.values import Actor, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts.jobs import Publisher
from unwall.content.posts.values import Media, PostDraft, PostKind
from unwall.kernel.clock import now
from unwall.kernel.database import Database, connect
from unwall.people.actions import make_api_key
from unwall.people.values import ApiScope

pytestmark = pytest.mark.browser
WORDS = "00:00.000 --> 00:12.000\nIt <b>snows</b> on the hills. <script>alert(1)</script>"


async def playable(db: Database, post_id: UUID) -> bool:
    """The worker is another process."""
    async with db.read() as conn:
        sql = """
            SELECT v.poster IS NOT NULL AND v.renditions <> '[]' FROM post_media m JOIN video v ON v.id = m.video_id
            WHERE m.post_id = $1
        """
        return bool(await conn.fetchval(sql, post_id))


async def has_sprite(db: Database, post_id: UUID) -> bool:
    """It can be played, and has the small pictures that are shown while seeking."""
    sql = "SELECT v.sprite IS NOT NULL FROM post_media m JOIN video v ON v.id = m.video_id WHERE m.post_id = $1"
    async with db.read() as conn:
        return await playable(db, post_id) and bool(await conn.fetchval(sql, post_id))


async def scheduled(windows: Callable, product: str, clip: Path) -> UUID:
    """The editor sends the clip, writes captions, tags the product for most of it, and schedules it for tomorrow."""
    page = await staff_window(windows, "console", EDITOR, DESKTOP)
    await page.goto("/console/posts/new")
    await page.get_by_label("Title", exact=False).first.fill("Snow on the hills")
    await page.set_input_files("#f-video", str(clip))
    await page.get_by_role("button", name="Use the video").click()
    await expect(page.locator("[name='media.0.video_id']")).to_be_attached()
    captions = page.get_by_role("group", name="Captions")
    await captions.locator("summary").click()
    await captions.get_by_label("Captions in English").fill(WORDS)
    await captions.get_by_role("button", name="Save the captions").first.click()
    await expect(captions.get_by_role("status").first).to_have_text("The captions are saved.")
    await page.get_by_label("Find a product to tag").fill(product)
    await page.locator("#found").get_by_role("button", name="Tag").first.click()
    for end, seconds in (("t0", "1"), ("t1", "11")):
        await page.locator(f"[name='tags.0.{end}']").fill(seconds)
    tomorrow = now().astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)
    await page.get_by_label("Day and time").fill(tomorrow.strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("This post is scheduled")).to_be_visible()
    return UUID(re.split(r"[?#]", page.url)[0].rsplit("/", 1)[-1])


async def watch(page: Page) -> None:
    """To the end, by the page's own player; what is between is passed over at double speed."""
    player = page.locator("[data-player]")
    await expect(player.locator("[data-time]")).to_contain_text(re.compile(r"^0:0[2-9]"))  # it plays by itself
    await player.locator("summary").click()
    await player.get_by_role("button", name="Speed").click()
    await expect(player.get_by_role("button", name="Speed")).to_contain_text("1.25×")


async def test_a_video_is_scheduled_watched_and_bought_from(windows: Callable, market: Market, tmp_path: Path):
    clip = write_clip(tmp_path / "snow.mp4", 360, 640, 12.0, fps=24, gop=48)
    product = await goods_in_hangzhou(market)
    post_id = await scheduled(windows, product, clip)
    async with connect(market.database_url) as db:
        await until(lambda: has_sprite(db, post_id))
        async with db.transaction() as conn:
            await conn.execute("UPDATE post SET scheduled_at = $2 WHERE id = $1", post_id, now())  # tomorrow has come
        await Publisher(db)(post_id.bytes)

        # given a shopper who watches it, with captions that can do nothing but say something
        shopper = await visitor(windows)
        await shopper.goto(f"/post/{post_id}")
        player = shopper.locator("[data-player]")
        await watch(shopper)
        captions = player.get_by_role("button", name="CC")
        await expect(captions).to_have_attribute("aria-pressed", "true")  # it begins without sound
        cues = "() => [...document.querySelector('video').textTracks[0].cues ?? []].map(cue => cue.text)"
        await shopper.wait_for_function(f"() => ({cues})().length === 1")
        assert await shopper.evaluate(cues) == ["It <b>snows</b> on the hills. alert(1)"]

        await captions.click()
        await expect(captions).to_have_attribute("aria-pressed", "false")
        await by_keyboard(shopper)
        await peek(shopper)

        # when they stop where its product is shown, open it and buy it without leaving
        await shopper.evaluate("(at) => Object.assign(document.querySelector('video'), { currentTime: at }).pause()", 3)
        tag = player.locator(".player-tags a").first
        await expect(tag).to_be_visible()
        await expect(tag).to_contain_text(product)
        await tag.click()
        sheet = shopper.locator("#sheet-body")
        await expect(sheet).to_contain_text(product)
        if await sheet.locator(".size:not(.gone)").count():
            await sheet.locator(".size:not(.gone)").first.click()
        order = await buy(shopper, "#sheet-body")

        # then the order is the post's
        await until(lambda: nothing_to_credit(db))
        async with db.read() as conn:
            credited = await conn.fetchrow("SELECT post_id, rule FROM attribution WHERE order_id = $1", order)
        assert tuple(credited) == (post_id, "in-post")
    owner = await staff_window(windows, "console", OWNER, DESKTOP)
    await owner.goto(f"/console/orders/{order}")
    await expect(owner.get_by_role("link", name="Snow on the hills").first).to_be_visible()


async def by_keyboard(page: Page) -> None:
    """Whoever has reached any button of the player has all of it under the keys."""
    video, player = page.locator("video").first, page.locator("[data-player]")
    at = "video => [video.paused, Math.round(video.currentTime), video.muted]"
    await video.evaluate("video => { video.pause(); video.currentTime = 4; video.muted = true; }")
    await player.locator("[data-do=play]").focus()
    for key, expected in (("ArrowRight", [True, 9, True]), ("ArrowLeft", [True, 4, True]), ("m", [True, 4, False])):
        await page.keyboard.press(key)
        assert await video.evaluate(at) == expected
    await page.keyboard.press("k")
    await page.wait_for_function("() => !document.querySelector('video').paused")
    await page.keyboard.press("k")
    await page.wait_for_function("() => document.querySelector('video').paused")


async def peek(page: Page) -> None:
    """Over the bar of time, a small picture of the moment is shown; beside it, none."""
    bar, still = page.locator("[data-seek]").first, page.locator("[data-still]").first
    await expect(still).to_be_hidden()
    await bar.hover()
    await expect(still).to_be_visible()
    assert ".webp" in await still.evaluate("box => box.style.backgroundImage")
    await page.locator("h1").first.hover()
    await expect(still).to_be_hidden()


NO_HLS = """
const can = HTMLMediaElement.prototype.canPlayType;
HTMLMediaElement.prototype.canPlayType = function (type) { return /mpegurl/i.test(type) ? '' : can.call(this, type); };
"""


async def published(db: Database, market: Market, path: Path) -> UUID:
    """A post of the tea merchant with this clip, as soon as that can be watched."""
    async with db.transaction() as conn:
        merchant = await conn.fetchval("SELECT id FROM merchant WHERE slug = 'cloud-step'")
        account = await conn.fetchval("SELECT id FROM account WHERE merchant_id = $1", merchant)
        key = await make_api_key(conn, merchant, "camera", frozenset({ApiScope.CONTENT_WRITE}))
    clip = path.read_bytes()  # noqa: ASYNC240 (a small file)
    headers = {"tus-resumable": "1.0.0", "authorization": f"Bearer {key.secret}", "upload-length": str(len(clip))}
    headers["content-type"] = "application/offset+octet-stream"
    async with httpx.AsyncClient(base_url=market.url, timeout=60) as http:
        created = await http.post("/api/v1/merchant/uploads", headers=headers, content=clip)
    video_id = UUID(created.headers["location"].rsplit("/", 1)[1])
    actor = Actor("editor", Owner(merchant_id=merchant))
    draft = PostDraft(account, PostKind.VIDEO, path.stem, media=(Media("", "Snow", 360, 640, video_id),))
    async with db.transaction() as conn:
        post_id = await posts.save_draft(conn, actor, draft)
        await posts.publish(conn, actor, post_id, now())
    await until(lambda: playable(db, post_id))
    return post_id


async def test_a_browser_without_hls_plays_by_the_library_and_one_that_saves_data_waits(
    windows: Callable, market: Market, tmp_path: Path
):
    async with connect(market.database_url) as db:
        post_id = await published(db, market, write_clip(tmp_path / "hills.mp4", 360, 640, 6.0, fps=24, gop=48))
    page = await windows(PHONE)
    await page.add_init_script(NO_HLS)
    await page.goto(f"/post/{post_id}")
    await page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")
    assert (await page.evaluate("document.querySelector('video').currentSrc")).startswith("blob:")
    assert await page.evaluate("typeof Hls") == "function"
    player = page.locator("[data-player]")
    await player.locator("summary").click()
    await player.get_by_role("button", name="Save data").click()
    await expect(player.get_by_role("button", name="Save data")).to_have_attribute("aria-pressed", "true")
    await page.wait_for_function("() => document.querySelector('video').paused")
    await page.reload()
    await expect(player.get_by_role("button", name="Play")).to_be_visible()
    assert await page.evaluate("[typeof Hls, document.querySelector('video').paused]") == ["undefined", True]
    await player.get_by_role("button", name="Play").click()
    await page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")


async def test_the_next_video_follows_in_full_screen_and_leaving_it_opens_its_page(
    windows: Callable, market: Market, tmp_path: Path
):
    async with connect(market.database_url) as db:
        following = await published(db, market, write_clip(tmp_path / "first.mp4", 360, 640, 6.0, fps=24, gop=48))
        shown_first = await published(db, market, write_clip(tmp_path / "then.mp4", 360, 640, 6.0, fps=24, seed=2))
    page = await windows(PHONE)
    await page.goto(f"/post/{shown_first}")
    player = page.locator("[data-player]").first
    assert await player.get_attribute("data-next") == f"/post/{following}"
    await player.get_by_role("button", name="Full screen").click()
    await page.wait_for_function("() => document.fullscreenElement && document.querySelector('[data-player][popover]')")
    await page.keyboard.press("n")
    shown = f"() => document.querySelector('[data-player][popover]')?.dataset.url === '/post/{following}'"
    await page.wait_for_function(shown)
    await page.wait_for_function("() => document.querySelector('[popover] > video').currentTime > 0.3")
    assert await page.evaluate("[...document.querySelectorAll('video')].filter((one) => !one.paused).length") == 1
    await page.evaluate("document.exitFullscreen()")
    await expect(page).to_have_url(re.compile(rf"/post/{following}$"))


async def test_a_picture_that_has_not_come_is_painted_from_its_name(windows: Callable, market: Market):
    async with connect(market.database_url) as db, db.read() as conn:
        sql = "SELECT p.id FROM post p JOIN merchant m ON m.id = p.merchant_id WHERE title = 'Snow on the hill'"
        post_id = await conn.fetchval(sql)
    page = await windows(PHONE)
    held: list[Route] = []

    async def keep(route: Route) -> None:
        held.append(route)

    await page.route("**/*.webp", keep)
    await page.goto(f"/post/{post_id}", wait_until="domcontentloaded")
    canvas = page.locator("main .media canvas.placeholder")
    await expect(canvas).to_be_visible()
    pixel = "(box) => [...box.getContext('2d').getImageData(12, 2, 1, 1).data]"
    red, green, blue, alpha = await canvas.evaluate(pixel)
    assert 140 < red < green < blue < 220, "the sky above the snow"
    assert alpha == 255
    for route in held:
        await route.continue_()
    await expect(canvas).to_have_count(0)
