"""The demo market as data: complete, consistent, in two languages, and the same for the same seed."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
import pytest
from opening_hours import OpeningHours

from unwall.commerce.stock.values import NodeKind
from unwall_demo.values import DemoMarket
from unwall_demo.words import market

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def demo() -> DemoMarket:
    return market(7)


def test_the_same_seed_makes_the_same_market_and_another_seed_another(demo: DemoMarket) -> None:
    assert market(7) == demo
    other = market(8)
    assert [p.slug for p in other.products] == [p.slug for p in demo.products]
    assert [p.popularity for p in other.products] != [p.popularity for p in demo.products]
    assert [p.images[0].art for p in other.products] != [p.images[0].art for p in demo.products]


def test_counts(demo: DemoMarket) -> None:
    assert Counter(p.merchant for p in demo.products) == {"south-window": 164, "cloud-step": 76, "milu": 76}
    assert Counter(n.kind for n in demo.nodes) == {NodeKind.WAREHOUSE: 2, NodeKind.SHOP: 25}
    assert min(Counter(p.merchant for p in demo.posts).values()) >= 15
    assert len(demo.posts) >= 45
    assert len(demo.bundles) >= 8


def test_names_and_codes_are_unique(demo: DemoMarket) -> None:
    variants = [v for p in demo.products for v in p.variants]
    for keys in (
        [p.slug for p in demo.products],
        [(p.merchant, p.title) for p in demo.products],
        [(p.merchant, p.title_zh) for p in demo.products],
        [v.sku for v in variants],
        [v.barcode for v in variants],
        [b.slug for b in demo.bundles],
        [p.slug for p in demo.posts],
        [n.code for n in demo.nodes],
        [(c.merchant, c.slug) for c in demo.categories],
    ):
        assert [k for k, n in Counter(keys).items() if n > 1] == []


def test_barcodes_carry_a_valid_check_digit(demo: DemoMarket) -> None:
    for product in demo.products:
        for variant in product.variants:
            assert re.fullmatch(r"2\d{12}", variant.barcode)
            digits = [int(d) for d in variant.barcode]
            assert (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def chinese_pairs(value: Any) -> list[tuple[str, Any, Any]]:
    """Every (field, English, Chinese) pair in the market, however deep."""
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        pairs = [(n, getattr(value, n), getattr(value, f"{n}_zh")) for n in names if f"{n}_zh" in names]
        return pairs + [pair for n in names for pair in chinese_pairs(getattr(value, n))]
    if isinstance(value, tuple):
        return [pair for item in value for pair in chinese_pairs(item)]
    return []


def test_every_word_stands_in_both_languages(demo: DemoMarket) -> None:
    pairs = chinese_pairs(demo)
    assert len(pairs) > 4_000
    for field, english, chinese in pairs:
        if isinstance(english, tuple):
            assert len(english) == len(chinese)
            continue
        assert english.strip(), field
        assert not HAN.search(english), english
        assert HAN.search(chinese), (field, english, chinese)


def test_variants_match_their_options_and_prices_are_sensible(demo: DemoMarket) -> None:
    for product in demo.products:
        assert product.variants
        assert product.description.endswith(".")
        assert len({v.options for v in product.variants}) == len(product.variants)
        for variant in product.variants:
            assert len(variant.options) == len(variant.options_zh) == len(product.option_names)
            assert 900 <= variant.price_minor <= 700_000
            assert variant.price_minor % 100 == 0
            assert variant.compare_at_minor is None or variant.compare_at_minor > variant.price_minor
            assert 10 <= variant.weight_g <= 4_000


def test_images_name_an_option_that_exists(demo: DemoMarket) -> None:
    for product in demo.products:
        assert product.images
        first = {v.options[0] for v in product.variants if v.options}
        assert {image.shows for image in product.images} <= first | {""}


def test_products_stand_in_categories_of_their_merchant(demo: DemoMarket) -> None:
    categories = {(c.merchant, c.slug) for c in demo.categories}
    assert {(p.merchant, p.category) for p in demo.products} == categories
    assert {merchant for merchant, _ in categories} == {m.slug for m in demo.merchants}


def test_popularity_has_a_long_tail_with_mean_one(demo: DemoMarket) -> None:
    for merchant in demo.merchants:
        weights = sorted((p.popularity for p in demo.products if p.merchant == merchant.slug), reverse=True)
        assert sum(weights) / len(weights) == pytest.approx(1, abs=0.01)
        assert sum(weights[: len(weights) // 5]) > 0.35 * sum(weights)


def test_posts_tag_products_of_their_own_merchant_inside_the_picture(demo: DemoMarket) -> None:
    owner = {p.slug: p.merchant for p in demo.products}
    for post in demo.posts:
        assert post.tags
        assert post.images
        for tag in post.tags:
            assert owner[tag.product] == post.merchant
            assert 0.05 < tag.x < 0.95
            assert 0.05 < tag.y < 0.95
        assert len({(t.x, t.y) for t in post.tags}) == len(post.tags)


def test_posts_spread_over_four_months_up_to_now(demo: DemoMarket) -> None:
    for merchant in demo.merchants:
        days = [p.days_ago for p in demo.posts if p.merchant == merchant.slug]
        assert min(days) <= 1
        assert 100 <= max(days) <= 120
    assert all(0 <= p.hour <= 23 for p in demo.posts)


def test_bundles_are_cheaper_than_their_parts(demo: DemoMarket) -> None:
    products = {p.slug: p for p in demo.products}
    for bundle in demo.bundles:
        parts = [products[slug] for slug in bundle.products]
        assert len(parts) >= 2
        assert {part.merchant for part in parts} == {bundle.merchant}
        assert 0 < bundle.price_minor < sum(part.variants[0].price_minor for part in parts)


def test_nodes_are_in_china_beside_their_city_and_every_merchant_can_ship(demo: DemoMarket) -> None:
    cities = {p.city: p for p in demo.places}
    for place in (*demo.nodes, *demo.places):
        assert 18 < place.lat < 54
        assert 73 < place.lon < 135
    for node in demo.nodes:
        assert abs(node.lat - cities[node.city].lat) < 0.3
        assert abs(node.lon - cities[node.city].lon) < 0.3
        assert node.city_zh == cities[node.city].city_zh
        assert node.capacity_per_day > 0
        assert node.handling_cost_minor > 0
    assert {n.merchant for n in demo.nodes} == {m.slug for m in demo.merchants}


def test_opening_hours_parse_and_every_node_opens_on_a_saturday_noon(demo: DemoMarket) -> None:
    for node in demo.nodes:
        hours = OpeningHours(node.opening_hours)
        assert hours.is_open(datetime.fromisoformat("2026-03-07T12:00"))
        assert not hours.is_open(datetime.fromisoformat("2026-03-07T03:00"))
