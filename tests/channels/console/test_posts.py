"""Writing posts: the form is the draft, every wrong field is named, and nothing is lost between two presses."""

import json

import pytest

from tests.channels.console.console_site import ConsoleSite, errors, form, picture
from tests.channels.shop.store import older_posts
from tests.html import every, texts, the, values
from unwall.channels.console import listing
from unwall.channels.console.stock import levels
from unwall.channels.http.post_changes import with_picture_earlier
from unwall.content.posts.values import Media, PostDraft, PostTranslation, Tag
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

COMPOSER = 'id="composer"'


async def opened(site: ConsoleSite, url: str = "/console/posts/new") -> dict[str, str]:
    return form((await site.get(url)).text, COMPOSER)


async def stored(site: ConsoleSite, post_id: object) -> dict:
    async with site.db.read() as conn:
        found = await conn.fetchrow(
            "SELECT title, body, state, translations, likes, published_at FROM post WHERE id = $1", post_id
        )
        media = await conn.fetch(
            "SELECT file, alt, width, height FROM post_media WHERE post_id = $1 ORDER BY position", post_id
        )
        tags = await conn.fetch(
            "SELECT product_id, media, x, y FROM post_tag WHERE post_id = $1 ORDER BY position", post_id
        )
    return {**dict(found), "media": [tuple(m) for m in media], "tags": [tuple(t) for t in tags]}


async def test_an_uploaded_picture_is_offered_in_several_sizes(site: ConsoleSite) -> None:
    fields = await opened(site) | {"title": "Red", "do": "upload"}
    upload = ("a.png", picture(size=(700, 900)), "image/png")
    shown = await site.post("/console/posts/new", fields, files=[("pictures", upload)])
    await site.post("/console/posts/new", form(shown.text, COMPOSER) | {"do": "publish"})
    page = (await site.get(f"/post/{fields['id']}")).text
    shown = the(page, "article img[src$='-700x900.webp']").attributes
    base = (shown["src"] or "").removesuffix(".webp")
    offered = (f"{base}-320.webp 320w", f"{base}-640.webp 640w", f"{base}.webp 700w")
    assert (shown["srcset"], bool(shown["sizes"])) == (", ".join(offered), True)
    for one in offered:
        assert (await site.get(one.split()[0])).status_code == 200


async def test_the_list_shows_every_post_with_what_it_sold(site: ConsoleSite) -> None:
    page = (await site.get("/console/posts")).text
    assert texts(page, "a.title") == ["Evening", "Morning"]
    assert page.count("opened by 0 people · 0 orders") == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=lamp", ["Evening"]),
        ("q=%25", []),
        ("state=draft", []),
        ("state=live&q=morn", ["Morning"]),
        ("state=nonsense", ["Evening", "Morning"]),
    ],
)
async def test_the_list_is_searched_and_filtered(site: ConsoleSite, query: str, found: list[str]) -> None:
    page = (await site.get(f"/console/posts?{query}")).text
    assert texts(page, "a.title") == found


async def test_the_list_goes_on_without_gap_or_double(site: ConsoleSite) -> None:
    await older_posts(site.db, site.store, 60)
    url: str | None = "/console/posts?state=live"
    seen: list[str] = []
    while url:
        page = (await site.get(url)).text
        seen += texts(page, "a.title")
        url = next(iter(values(page, ".more a[hx-get]", "href")), None)
    assert seen == [f"Note {n:02}" for n in reversed(range(60))] + ["Evening", "Morning"]


async def test_the_list_as_a_file(site: ConsoleSite) -> None:
    answer = await site.get("/console/posts.csv?q=morning")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    heading, row = answer.text.removeprefix("\ufeff").splitlines()
    assert (
        heading
        == "id,title,account,state,published,likes,opened by,opened a product,put into the bag,bought,orders,revenue"
    )
    assert row.startswith(f"{site.store.morning},Morning,liuyun,live,2")
    assert row.endswith(",0,0,0,0,0,0,0")


async def test_a_bad_cursor_is_told(site: ConsoleSite) -> None:
    assert (await site.get("/console/posts?after=!")).status_code == 422


async def test_a_draft_is_saved_once_however_often_it_is_sent(site: ConsoleSite) -> None:
    fields = await opened(site) | {
        "title": "Noon",
        "body": "At **noon**.",
        "translations.zh.title": "正午",
        "do": "save",
    }
    first = await site.post("/console/posts/new", fields)
    again = await site.post("/console/posts/new", fields)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"] == f"/console/posts/{fields['id']}"
    saved = await stored(site, fields["id"])
    assert (saved["title"], saved["body"], saved["state"]) == ("Noon", "At **noon**.", "draft")
    assert saved["translations"] == {"zh": {"title": "正午"}}
    assert "Noon" in (await site.get(first.headers["location"])).text
    assert await site.value("SELECT count(*) FROM outbox WHERE post_id = $1", fields["id"]) == 0


async def test_a_post_is_published_with_its_picture_and_products(site: ConsoleSite) -> None:
    market = site.market
    fields = await opened(site) | {"title": "Red", "do": "upload"}
    shown = await site.post("/console/posts/new", fields, files=[("pictures", ("a.png", picture(), "image/png"))])
    assert shown.status_code == 200
    fields = form(shown.text, COMPOSER)
    assert (fields["media.0.width"], fields["media.0.height"], fields["title"]) == ("40", "50", "Red")
    tagged = await site.post("/console/posts/new", fields | {"do": f"tag:{market.scarf}", "media.0.alt": "A red wall"})
    fields = form(tagged.text, COMPOSER)
    assert fields["tags.0.product_id"] == str(market.scarf)
    before = await site.counts()
    fields |= {"tags.0.x": "12.5", "tags.0.y": "80", "do": "publish"}
    answer = await site.post("/console/posts/new", fields)
    assert answer.status_code == 303
    saved = await stored(site, fields["id"])
    assert saved["state"] == "live"
    assert saved["media"] == [(fields["media.0.file"], "A red wall", 40, 50)]
    assert saved["tags"] == [(market.scarf, 0, pytest.approx(0.125), pytest.approx(0.8))]
    after = await site.counts()
    assert {t: after[t] - before[t] for t in after if after[t] != before[t]} == {
        "post": 1,
        "post_media": 1,
        "post_tag": 1,
        "outbox": 1,
    }
    assert (await site.get(f"/post/{fields['id']}")).status_code == 200


LAKE = {"media.0.file": "3f/lake.svg", "media.0.width": "8", "media.0.height": "10"}
TAG = {"tags.0.product_id": "SCARF", "tags.0.media": "0", "tags.0.x": "1", "tags.0.y": "1"}
WRONG = [
    ({"title": "x" * 201}, "f-title", "This is too long."),
    ({"title": "", "body": "", "do": "publish"}, "f-body", "Write something or add a picture before publishing."),
    ({"kind": "novel"}, "f-kind", "Choose one of the kinds."),
    ({"account_id": "nonsense"}, "f-account_id", "This is not one of your accounts."),
    ({"translations.zh.title": "长" * 201}, "f-zh-title", "This is too long."),
    (LAKE | {"media.0.file": "../../secret"}, "f-alt-0", "Name an uploaded picture."),
    (LAKE | {"media.0.file": "3f/never.webp"}, "f-alt-0", "Name an uploaded picture."),
    ({"tags.0.product_id": "RIVAL", "tags.0.media": ""}, "tag-0", "The store that sells this does not let you tag it."),
    (LAKE | TAG | {"tags.0.media": "7"}, "tag-0", "There is no such picture."),
    (LAKE | TAG | {"tags.0.x": "101"}, "tag-0", "Write a number from 0 to 100."),
    (LAKE | TAG | {"tags.0.y": "low"}, "tag-0", "Write a number from 0 to 100."),
]


@pytest.mark.parametrize(("wrong", "field", "message"), WRONG)
async def test_a_wrong_field_is_named_and_nothing_saved(
    site: ConsoleSite, wrong: dict, field: str, message: str
) -> None:
    names = {"RIVAL": str(site.rival.product), "SCARF": str(site.market.scarf)}
    wrong = {name: names.get(value, value) for name, value in wrong.items()}
    await site.browser.http.app.state.services.files.put("3f/lake.svg", b"<svg/>")
    before = await site.counts()
    answer = await site.post("/console/posts/new", await opened(site) | {"title": "Kept", "do": "save"} | wrong)
    assert answer.status_code == 422
    assert errors(answer.text) == {field: message}
    assert await site.counts() == before
    assert form(answer.text, COMPOSER)["title"] == wrong.get("title", "Kept")


async def test_what_is_no_picture_is_told(site: ConsoleSite) -> None:
    fields = await opened(site) | {"title": "Kept", "do": "save"}
    upload = ("pictures", ("a.png", b"<script>", "image/png"))
    answer = await site.post("/console/posts/new", fields, files=[upload])
    assert answer.status_code == 422
    assert errors(answer.text) == {"pictures": "This is not a picture we can read: use JPEG, PNG, WebP or GIF."}


async def test_a_picture_taken_out_leaves_its_product_to_the_whole_post(site: ConsoleSite) -> None:
    fields = await opened(site, f"/console/posts/{site.store.morning}") | {"do": "unpicture:0"}
    shown = form((await site.post(f"/console/posts/{site.store.morning}", fields)).text, COMPOSER)
    assert "media.0.file" not in shown
    assert (shown["tags.0.product_id"], shown["tags.0.media"]) == (str(site.market.scarf), "")
    assert len((await stored(site, site.store.morning))["media"]) == 1


def test_a_picture_changes_places_with_the_one_before_it_and_takes_its_tags_and_words_along():
    first, second, third = (Media(f"{n}.webp", f"picture {n}", 8, 8) for n in "abc")
    on = [Tag(new_id(), media, 0.5, 0.5) for media in (0, 1, 2)]
    whole = Tag(new_id())
    draft = PostDraft(
        new_id(),
        media=(first, second, third),
        tags=(*on, whole),
        translations={"zh": PostTranslation(alts=("一",)), "ja": PostTranslation(alts=("a", "b", "c"))},
    )
    moved = with_picture_earlier(draft, 1)
    assert moved.media == (second, first, third)
    assert [tag.media for tag in moved.tags] == [1, 0, 2, None]
    assert [tag.product_id for tag in moved.tags] == [tag.product_id for tag in draft.tags]
    assert {lang: text.alts for lang, text in moved.translations.items()} == {
        "zh": ("", "一", ""),
        "ja": ("b", "a", "c"),
    }
    assert with_picture_earlier(draft, 0) == draft
    assert with_picture_earlier(draft, 3) == draft


async def test_the_composer_moves_a_picture_forward(site: ConsoleSite) -> None:
    fields = await opened(site) | {"title": "Red", "do": "upload"}
    uploads = [("pictures", (f"{n}.png", picture(size=(700, 900 + n)), "image/png")) for n in range(2)]
    page = await site.post("/console/posts/new", fields, files=uploads)
    shown = form(page.text, COMPOSER)
    assert page.text.count('value="earlier:') == 1
    moved = form((await site.post("/console/posts/new", shown | {"do": "earlier:1"})).text, COMPOSER)
    files = [shown[f"media.{n}.file"] for n in range(2)]
    assert [moved[f"media.{n}.file"] for n in range(2)] == [files[1], files[0]]


async def test_a_tag_is_taken_out(site: ConsoleSite) -> None:
    url = f"/console/posts/{site.store.morning}"
    shown = form((await site.post(url, await opened(site, url) | {"do": "untag:0"})).text, COMPOSER)
    assert [v for n, v in shown.items() if n.endswith("product_id")] == [str(site.store.tea)]


async def test_products_are_found_to_tag_but_not_those_that_are(site: ConsoleSite) -> None:
    url = f"/console/posts/{site.store.evening}"
    page = (await site.post(url, await opened(site, url) | {"do": "find", "find": "silk"})).text
    assert f'value="tag:{site.market.scarf}"' in page
    page = (await site.post(url, form(page, COMPOSER) | {"do": f"tag:{site.market.scarf}"})).text
    assert f'value="tag:{site.market.scarf}"' not in page


async def test_the_phone_shows_what_is_written_before_it_is_saved(site: ConsoleSite) -> None:
    fields = await opened(site) | {
        "title": "Dusk",
        "body": "A **bold** <script>alert(1)</script> word",
        "do": "preview",
    }
    before = await site.counts()
    page = (await site.post("/console/posts/new", fields)).text
    phone = page[page.index('id="phone"') :]
    assert texts(page, "#phone h2") == ["Dusk"]
    assert len(every(page, "h1")) == 1
    assert "A **bold** &lt;script&gt;" in phone
    assert "<script>alert" not in phone
    page = (await site.post("/console/posts/new", fields | {"format": "markdown"})).text
    assert texts(page, "#phone .prose strong") == ["bold"]
    assert await site.counts() == before


TYPED = "Open from nine.\nClosed on Sunday.\n- bowls\n- lids\n#bowl day\nSee https://example.org/bowls\nSize 7*8*9 cm"


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_a_post_keeps_its_lines_on_the_phone_and_in_the_shop(site: ConsoleSite, lang: str) -> None:
    fields = await opened(site) | {"title": "Nine", "body": TYPED, "translations.zh.body": TYPED}
    assert fields["format"] == "plain"
    phone = (await site.post("/console/posts/new", fields | {"do": "preview"})).text
    saved = await site.post("/console/posts/new", fields | {"do": "publish"})
    post_id = saved.headers["location"].rsplit("/", 1)[-1]
    shop = (await site.get(f"/post/{post_id}", headers={"accept-language": lang})).text
    for prose in (the(phone, "#phone .prose"), the(shop, "article .prose")):
        [paragraph] = prose.css("p")
        assert (paragraph.text(), len(paragraph.css("br"))) == (TYPED, TYPED.count("\n"))
        assert values(prose, "a", "href") == ["/tag/bowl", "https://example.org/bowls"]
    again = form((await site.get(saved.headers["location"])).text, COMPOSER)
    assert (again["body"], again["format"]) == (TYPED, "plain")


async def test_a_format_that_there_is_not_is_named(site: ConsoleSite) -> None:
    before = await site.counts()
    answer = await site.post("/console/posts/new", await opened(site) | {"title": "x", "format": "latex", "do": "save"})
    assert answer.status_code == 422
    assert errors(answer.text)["f-format"] == "Choose one of the formats."
    assert await site.counts() == before


async def test_a_live_post_is_edited_in_its_place(site: ConsoleSite) -> None:
    url = f"/console/posts/{site.store.morning}"
    entry = await site.value("SELECT entry FROM outbox WHERE post_id = $1", site.store.morning)
    assert (await site.post(url, await opened(site, url) | {"title": "Mornings", "do": "save"})).status_code == 303
    saved = await stored(site, site.store.morning)
    assert (saved["title"], saved["state"], len(saved["media"]), len(saved["tags"])) == ("Mornings", "live", 1, 2)
    assert await site.value("SELECT entry FROM outbox WHERE post_id = $1", site.store.morning) == entry


async def test_words_in_another_language_survive_an_edit(site: ConsoleSite, db: Database) -> None:
    async with db.transaction() as conn:
        await conn.execute(
            "UPDATE post SET translations = $2 WHERE id = $1",
            site.store.morning,
            {"zh": {"title": "清晨", "body": "湖上", "body_html": "<p>湖上</p>", "alts": ["湖"]}},
        )
    url = f"/console/posts/{site.store.morning}"
    await site.post(url, await opened(site, url) | {"do": "save"})
    said = (await stored(site, site.store.morning))["translations"]["zh"]
    assert (said["title"], said["body"], said["alts"]) == ("清晨", "湖上", ["湖"])


async def test_removing_is_undone_as_if_it_had_not_been(site: ConsoleSite) -> None:
    post_id = site.store.morning
    before = [await stored(site, post_id), await site.value("SELECT entry FROM outbox WHERE post_id = $1", post_id)]
    published = "SELECT count(*) FROM journal WHERE kind = 'publish'"
    facts = await site.value(published)
    removed = await site.post(f"/console/posts/{post_id}/remove")
    assert removed.headers["location"] == "/console/posts"
    assert (await stored(site, post_id))["state"] == "removed"
    assert (await site.browser.get(f"/post/{post_id}")).status_code == 404
    toast = form((await site.get("/console/posts")).text, f"/console/posts/{post_id}/again")
    assert toast == {"undo": "1"}
    for _ in range(2):
        undone = await site.post(f"/console/posts/{post_id}/again", toast)
        assert undone.headers["location"] == f"/console/posts/{post_id}"
    assert (await site.browser.get(f"/post/{post_id}")).status_code == 200
    after = [await stored(site, post_id), await site.value("SELECT entry FROM outbox WHERE post_id = $1", post_id)]
    assert (after, await site.value(published)) == (before, facts)


async def test_a_removed_post_becomes_a_draft_under_its_address(site: ConsoleSite) -> None:
    post_id = site.store.morning
    url = f"/console/posts/{post_id}"
    likes = (await stored(site, post_id))["likes"]
    await site.post(f"{url}/remove")
    for _ in range(2):
        assert (await site.post(f"{url}/again")).headers["location"] == url
    again = await stored(site, post_id)
    assert (again["state"], again["likes"], again["published_at"]) == ("draft", likes, None)
    await site.post(url, await opened(site, url) | {"do": "publish"})
    assert (await stored(site, post_id))["state"] == "live"
    assert await site.value("SELECT count(*) FROM post WHERE title = 'Morning'") == 1


async def test_a_removed_post_is_not_saved(site: ConsoleSite) -> None:
    url = f"/console/posts/{site.store.morning}"
    fields = await opened(site, url)
    await site.post(f"{url}/remove")
    answer = await site.post(url, fields | {"title": "Back", "do": "save"})
    assert answer.status_code == 409
    assert (await stored(site, site.store.morning))["title"] == "Morning"


async def test_a_form_under_a_rivals_id_makes_nothing(site: ConsoleSite) -> None:
    fields = await opened(site) | {"id": str(site.rival.post), "title": "Mine", "do": "save"}
    before = await site.counts()
    assert (await site.post("/console/posts/new", fields)).status_code == 404
    assert (await site.post("/console/posts/new", fields | {"id": "nonsense"})).status_code == 404
    assert await site.counts() == before
    assert await site.value("SELECT title FROM post WHERE id = $1", site.rival.post) == "Secret plans"


# --- page guarantees --------------------------------------------------------------------------------------------------

PINS = 'id="pins-part"'


async def test_products_keep_their_places_on_a_page(site: ConsoleSite) -> None:
    url = "/console/pages/home"
    fields = form((await site.get(url)).text, PINS)
    fields = form((await site.post(url, fields | {"do": f"add:{site.market.scarf}"})).text, PINS)
    assert fields["pins.0.position"] == "1"
    fields = form((await site.post(url, fields | {"do": f"add:{site.store.tea}"})).text, PINS)
    assert (await site.post(url, fields | {"pins.1.position": "4", "do": "save"})).status_code == 303
    async with site.db.read() as conn:
        pins = await conn.fetch("SELECT position, product_id FROM pin ORDER BY position")
    assert [tuple(pin) for pin in pins] == [(0, site.market.scarf), (3, site.store.tea)]
    page = (await site.get(url)).text
    assert page.count(">Pinned<") == 2
    fields = form((await site.post(url, form(page, PINS) | {"do": "drop:0"})).text, PINS)
    await site.post(url, fields | {"do": "save"})
    assert await site.value("SELECT array_agg(product_id) FROM pin") == [site.store.tea]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pins.0.position": "21"}, "Positions are from"),
        ({"pins.0.position": "first"}, "Write a whole number."),
        ({"pins.0.product_id": "RIVAL"}, "This is not one of your products on sale."),
    ],
)
async def test_a_wrong_place_is_named(site: ConsoleSite, change: dict[str, str], message: str) -> None:
    change = {name: str(site.rival.product) if value == "RIVAL" else value for name, value in change.items()}
    url = "/console/pages/home"
    pin = {"pins.0.position": "1", "pins.0.product_id": str(site.market.scarf)}
    fields = form((await site.get(url)).text, PINS) | pin | {"do": "save"} | change
    answer = await site.post(url, fields)
    assert answer.status_code == 422
    assert errors(answer.text)["pin-0"].startswith(message)
    assert await site.value("SELECT count(*) FROM pin") == 0


async def test_nonsense_for_a_product_is_not_found(site: ConsoleSite) -> None:
    assert (await site.post("/console/pages/home", {"do": "add:nonsense"})).status_code == 404
    assert (await site.post("/console/posts/new", {"id": str(new_id()), "do": "tag:nonsense"})).status_code == 404


async def test_plots_of_the_first_page_are_drawable(site: ConsoleSite) -> None:
    page = (await site.get("/console")).text
    plots = [json.loads(text) for text in values(page, "[data-plot]", "data-plot")]
    assert [plot["kind"] for plot in plots] == ["bar", "hbar"]
    assert [plot.get("anywhere", False) for plot in plots] == [False, False], "amounts begin at zero"
    assert len(plots[0]["x"]) == 24
    assert all(len(series["values"]) == 24 for series in plots[0]["series"])


async def test_an_export_holds_every_row_however_few_are_read_at_once(
    site: ConsoleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (await site.get("/console/posts.csv")).text
    monkeypatch.setattr(listing, "EXPORT_ROWS", 1)
    assert (await site.get("/console/posts.csv")).text == whole
    assert [line.split(",")[1] for line in whole.splitlines()] == ["title", "Evening", "Morning"]


async def test_the_stock_goes_out_whole(site: ConsoleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (await site.get("/console/stock.csv")).text
    monkeypatch.setattr(levels, "EXPORT_PRODUCTS", 1)
    assert (await site.get("/console/stock.csv")).text == whole
    assert len({line.split(",")[0] for line in whole.splitlines()[1:]}) == 3
