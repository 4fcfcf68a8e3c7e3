"""Cards are rendered once for everybody; what belongs to one request is filled in."""

import json
from html import unescape

import msgspec
import pytest
from markupsafe import Markup

from tests.html import the, values
from unwall.catalogue.values import ProductCard
from unwall.channels.http.rendering import environment
from unwall.channels.shop.fragments import Fragment, FragmentCache, Placement, impression, post_card, product_card
from unwall.commerce.orders.values import Origin
from unwall.content.posts.values import Media, Post, PostKind, PostState, Tag
from unwall.kernel.clock import now
from unwall.kernel.ids import derived_id

GREEN, SPRING = derived_id("green"), derived_id("spring")
CARD = ProductCard(
    product_id=GREEN,
    merchant_id=derived_id("tea"),
    merchant_slug="tea",
    merchant_name="Tea & Co",
    slug="green",
    title="Green <tea>",
    image_file=None,
    image_alt="",
    image_width=None,
    image_height=None,
    price=1000,
    highest_price=2000,
    compare_at=None,
    currency="CNY",
    available_variants=2,
    only_variant_id=None,
    created_at=now(),
)
POST = Post(
    id=SPRING,
    account_id=derived_id("account"),
    merchant_id=CARD.merchant_id,
    kind=PostKind.NOTE,
    title="Spring",
    body_html="<p>New leaves.</p>",
    state=PostState.LIVE,
    likes=0,
    published_at=now(),
    account_handle="tea",
    account_name="Tea & Co",
    account_avatar=None,
    media=[Media("a/b.webp", "Leaves", 800, 1000)],
    tags=[Tag(GREEN)],
    entry=SPRING,
)
HOSTILE = Origin(page="home/for-you", policy="it's <b>\"&")


def told(html: str) -> dict:
    return json.loads(the(html, "[data-impression]").attributes["data-impression"] or "")


def links(html: str) -> list[str]:
    return values(html, "a[href^='/m/']", "href")


def test_two_requests_share_the_card_and_nothing_else() -> None:
    first = product_card(CARD, "en", Placement(Origin(page="home/for-you", policy="a-1"), 0, "Because you bought Cup"))
    second = product_card(CARD, "en", Placement(Origin(page="store/for-you", policy="b-1"), 3, "Popular now"))
    assert told(first) == {"page": "home/for-you", "policy": "a-1", "product_id": str(GREEN), "slot": 0}
    assert told(second) == {"page": "store/for-you", "policy": "b-1", "product_id": str(GREEN), "slot": 3}
    assert links(first) == ["/m/tea/p/green?via=home%2Ffor-you&policy=a-1"]
    assert links(second) == ["/m/tea/p/green?via=store%2Ffor-you&policy=b-1"]
    assert '<p class="reason">Because you bought Cup</p>' in first
    assert '<p class="reason">Popular now</p>' in second
    assert "gap-" not in first + second


def test_a_card_without_reason_or_slot_has_none() -> None:
    html = product_card(CARD, "en", Placement(Origin()))
    assert "reason" not in html
    assert links(html) == ["/m/tea/p/green"]
    assert told(html) == {"product_id": str(GREEN)}


def test_every_text_is_escaped() -> None:
    html = product_card(CARD, "en", Placement(HOSTILE, 1, "<i>why</i>"))
    assert "Green &lt;tea&gt;" in html
    assert "&lt;i&gt;why&lt;/i&gt;" in html
    assert "<b>" not in html
    assert told(html)["policy"] == HOSTILE.policy
    assert links(html) == ["/m/tea/p/green?via=home%2Ffor-you&policy=it%27s+%3Cb%3E%22%26"]


def test_a_changed_value_is_shown_at_once_and_languages_are_kept_apart() -> None:
    dearer = msgspec.structs.replace(CARD, price=1500, title="Dear tea")
    assert "from CN¥10" in unescape(product_card(CARD, "en", Placement(Origin())))
    assert "¥15" in product_card(dearer, "en", Placement(Origin()))
    assert "Dear tea" in product_card(dearer, "en", Placement(Origin()))
    assert "¥10" in product_card(CARD, "zh", Placement(Origin()))
    assert "Tea &amp; Co" in product_card(CARD, "en", Placement(Origin()), store=True)
    assert "Tea &amp; Co" not in product_card(CARD, "en", Placement(Origin()), store=False)


def test_a_post_shows_its_products_as_they_are_now() -> None:
    origin = Origin(page="home/posts", policy="newest-1")
    html = post_card(POST, {GREEN: CARD}, "en", Placement(origin, 2))
    assert told(html) == {"page": "home/posts", "policy": "newest-1", "post_id": str(SPRING), "slot": 2}
    assert f"/m/tea/p/green?post={SPRING}&via=home%2Fposts&policy=newest-1" in links(html)
    assert "Green &lt;tea&gt;" in html
    dearer = msgspec.structs.replace(CARD, title="Dear tea")
    assert "Dear tea" in post_card(POST, {GREEN: dearer}, "en", Placement(origin, 2))
    assert "Dear tea" not in post_card(POST, {}, "en", Placement(origin, 2))


def test_a_fragment_cannot_show_the_visitor() -> None:
    """It is rendered outside the request's context, so there is nobody to ask."""
    source = environment("en").from_string("{{ page.csrf }}")
    with pytest.raises(LookupError):
        FragmentCache(1).get("key", 1, source.render)


def test_fragments_are_kept_for_equal_sources_and_no_more_than_said() -> None:
    cache, rendered = FragmentCache(2), []

    def render(key: str, source: int) -> str:
        rendered.append((key, source))
        return f"{key}{source}"

    def get(key: str, source: int) -> Fragment:
        return cache.get(key, source, lambda: render(key, source))

    for key, source in [("a", 1), ("a", 1), ("b", 1), ("a", 2), ("c", 1), ("a", 2), ("b", 1)]:
        assert get(key, source).fill({}) == Markup(f"{key}{source}")
        assert len(cache) <= 2
    assert rendered == [("a", 1), ("b", 1), ("a", 2), ("c", 1), ("a", 2), ("b", 1)]


def test_an_impression_is_json_inside_a_quoted_attribute() -> None:
    html = impression(HOSTILE, 7, "account_id", GREEN)
    assert not set(html) & set("<>'&")
    assert json.loads(html) == {"page": HOSTILE.page, "policy": HOSTILE.policy, "account_id": str(GREEN), "slot": 7}
