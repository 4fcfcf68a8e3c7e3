"""What moderation blocks is no longer served under its address, but to moderators, until the decision is undone."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from tests.channels.conftest import Shopper
from tests.channels.staffing import Person, signed_in
from tests.content.helpers import a_merchant
from tests.storage import BUCKET, s3_server
from unwall.channels.http.files import check_stored
from unwall.content.moderation import actions
from unwall.content.moderation.values import Reported, Subject, SubjectKind
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.media import blocked
from unwall.media.rules import avif_file, derived_file
from unwall.people.values import Role
from unwall.services import Services
from unwall.settings import Settings

PICTURE = f"3f/3f{'a' * 38}-1600x2000.webp"
SMALLER = derived_file(PICTURE, 320)
PARTS = [f"{one}/{one}{'b' * 38}{ending}" for one, ending in (("1a", ".mp4"), ("1b", ".m3u8"), ("1c", ".webp"))]
FREE = f"3f/3f{'c' * 38}-1600x2000.webp"
TOGETHER = [PICTURE, SMALLER, avif_file(PICTURE), avif_file(SMALLER), *PARTS]


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture(params=["disk", "s3"])
def config(config: Settings, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Wherever files are stored."""
    if request.param == "disk":
        return config
    for name, value in request.getfixturevalue("bucket").items():
        monkeypatch.setenv(name, value)
    return msgspec.structs.replace(config, files_url=f"s3://{BUCKET}")


@pytest.fixture
async def subject(services: Services, db: Database) -> Subject:
    """A post whose picture and video are blocked."""
    for key in (*TOGETHER, FREE):
        await services.files.put(key, b"0123456789")
    subject, video_id = Subject(SubjectKind.POST, new_id()), new_id()
    renditions = [{"file": PARTS[0], "playlist": PARTS[1], "width": 9, "height": 9, "bits_per_second": 9, "codecs": ""}]
    async with db.transaction() as conn:
        merchant_id = await a_merchant(conn, "tea")
        await conn.execute(
            """
            INSERT INTO video (id, merchant_id, source, bytes, state, poster, renditions)
            VALUES ($1, $2, 'x', 9, 'ready', $3, $4)
            """,
            *(video_id, merchant_id, PARTS[2], renditions),
        )
        await actions.submit(conn, Reported(subject, merchant_id), now())
        for media in (PICTURE, str(video_id)):
            await blocked.block(conn, subject.id, media, "Stolen", "operator:root")
    return subject


async def statuses(browser: Shopper, keys: list[str]) -> set[int]:
    return {(await browser.get(f"/files/{key}")).status_code for key in keys}


async def test_no_part_width_or_format_of_what_is_blocked_is_served(
    browser: Shopper, services: Services, subject: Subject
) -> None:
    assert await statuses(browser, TOGETHER) == {404}
    for headers in (
        {"range": "bytes=0-3"},
        {"if-none-match": "*"},
        {"if-modified-since": "Fri, 31 Dec 2100 23:59:59 GMT"},
        {"accept": "image/avif"},
        {"cookie": "uw_staff=x"},
    ):
        for key in (PICTURE, SMALLER):
            answer = await browser.get(f"/files/{key}", headers=headers)
            assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store"), headers
    assert (await browser.http.head(f"/files/{PICTURE}")).status_code == 404
    for key in (PICTURE.upper().replace(".WEBP", ".webp"), f"3F/{PICTURE[3:]}"):  # where a disk tells no cases apart
        await services.files.put(key, b"0123456789")
        assert (await browser.get(f"/files/{key}")).status_code == 404
    assert await statuses(browser, [FREE]) == {200}
    assert await services.files.get(PICTURE) == b"0123456789"  # for the appeal


async def test_it_is_served_again_when_the_decision_is_undone(browser: Shopper, db: Database, subject: Subject) -> None:
    other = new_id()
    async with db.transaction() as conn:
        await blocked.block(conn, other, PICTURE, "Stolen", "operator:root")
        await blocked.unblock(conn, subject.id)
    assert await statuses(browser, [PICTURE, SMALLER]) == {404}  # another post's, which stays blocked
    assert await statuses(browser, PARTS) == {200}
    async with db.transaction() as conn:
        await blocked.unblock(conn, other)
        assert await conn.fetchval("SELECT state FROM video") == "uploaded"
    assert await statuses(browser, TOGETHER) == {200}


async def test_those_who_decide_about_it_still_see_it_and_no_cache_keeps_it(
    browser: Shopper, db: Database, subject: Subject
) -> None:
    async with db.transaction() as conn:
        tea = await conn.fetchval("SELECT id FROM merchant WHERE slug = 'tea'")
        snow = await a_merchant(conn, "snow")
    people: dict[str, Person] = {
        "tea": await signed_in(browser.http, db, tea),
        "its analyst": await signed_in(browser.http, db, tea, Role.ANALYST),
        "snow": await signed_in(browser.http, db, snow),
    }
    for name, status in (("tea", 200), ("its analyst", 404), ("snow", 404)):
        answer = await people[name].get(f"/files/{PICTURE}")
        assert answer.status_code == status, name
        assert answer.headers["cache-control"] == ("private, no-store" if status == 200 else "no-store")


async def test_without_notices_the_database_is_asked_each_time(db: Database, subject: Subject) -> None:
    files = blocked.BlockedFiles()
    assert await files.digest(db, PICTURE) is not None
    async with db.transaction() as conn:
        await blocked.unblock(conn, subject.id)
    assert await files.digest(db, PICTURE) is None
    assert await files.digest(db, "demo/not-of-ours.webp") is None


async def test_no_draft_names_what_is_blocked(services: Services, subject: Subject, db: Database) -> None:
    here = replace(services, db=db, storefront=StorefrontCache())  # the app's own are of another loop
    with pytest.raises(Invalid) as refused:
        await check_stored(here, {"media.0.file": FREE, "media.1.file": PICTURE, "media.2.file": SMALLER})
    assert {field: str(words) for field, words in refused.value.by_field().items()} == {
        "media.1.file": "A moderator has blocked this picture.",
        "media.2.file": "A moderator has blocked this picture.",
    }
    async with db.transaction() as conn:
        await blocked.unblock(conn, subject.id)
    await check_stored(here, {"media.1.file": PICTURE})
