"""The arrangement of the home page's stream, and its pages (docs/rules/pages.md)."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from unwall.catalogue.values import ProductCard
from unwall.content.posts.values import Post, PostKind, PostState
from unwall.insight.pages import stream
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, Slot
from unwall.kernel.text import Explanation

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def post_slot(n: int, kind: PostKind = PostKind.NOTE, policy: str = stream.FOLLOWED) -> Slot:
    post = Post(
        *(UUID(int=n), UUID(int=1), None, kind, f"Post {n}", "", PostState.LIVE, 0, NOW, "tea", "Tea House", None),
        *([], [], UUID(int=n)),
    )
    return Slot(n, policy, 1.0, post=post)


def product_slot(n: int) -> Slot:
    card = msgspec.convert(
        {field.name: sample(field.type) for field in msgspec.structs.fields(ProductCard) if field.required},
        ProductCard,
        strict=False,
    )
    return Slot(n, "p", 1.0, Explanation("Why"), card=msgspec.structs.replace(card, product_id=UUID(int=1000 + n)))


def sample(kind: object) -> object:
    samples: dict[object, object] = {UUID: str(UUID(int=1)), int: 1, str: "x", datetime: NOW.isoformat(), float: 1.0}
    return samples.get(kind)


@given(
    products=st.integers(0, 20),
    posts=st.lists(st.sampled_from([PostKind.NOTE, PostKind.VIDEO, PostKind.ARTICLE]), max_size=20),
)
def test_p11_never_three_alike_in_a_row_while_there_is_another(products, posts):
    goods, told = [product_slot(n) for n in range(products)], [post_slot(n, kind) for n, kind in enumerate(posts)]
    row = stream.mixed(goods, told)
    # everything once, each kind in its order, numbered anew
    assert [s for s in row if s.card] == [
        msgspec.structs.replace(s, slot=r.slot) for s, r in zip(goods, [r for r in row if r.card], strict=True)
    ]
    assert [s.post.id for s in row if s.post] == [s.post.id for s in told]
    assert [s.slot for s in row] == list(range(len(row)))
    kinds = [stream.kind_of(slot) for slot in row]
    for n in range(2, len(kinds)):
        if len({*kinds[n - 2 : n + 1]}) == 1:  # three alike: the other lane had nothing of another kind to give
            rest = row[n:]
            heads = {
                next((stream.kind_of(s) for s in rest if s.card), None),
                next((stream.kind_of(s) for s in rest if s.post), None),
            }
            assert heads - {None} == {kinds[n]}


def test_p11_a_composed_page_becomes_the_newest_post_and_one_stream_with_reasons():
    modules = [
        Module(ModuleName.HERO, Explanation(""), [post_slot(1)]),
        Module(ModuleName.FOR_YOU, Explanation("For you"), [product_slot(n) for n in range(4)]),
        Module(ModuleName.POSTS, Explanation("New"), [post_slot(2)]),
        Module(
            ModuleName.NEAR,
            Explanation("Near"),
            [msgspec.structs.replace(product_slot(1), policy="near-p"), product_slot(9)],
        ),
        Module(ModuleName.POSTS, Explanation("More"), [post_slot(3, policy=stream.NEWEST)]),
    ]
    page = stream.streamed(ComposedPage("home", modules, {}))
    assert [module.name for module in page.modules] == [ModuleName.HERO, ModuleName.STREAM]
    slots = page.modules[1].slots
    assert sorted(s.card.product_id.int for s in slots if s.card) == [1000, 1001, 1002, 1003, 1009]  # each once
    assert {s.policy for s in slots if s.card and s.card.product_id.int == 1001} == {"near-p"}
    assert [s.reason.text_in("en") for s in slots if s.post] == ["You follow Tea House", "New from Tea House"]
    assert all(s.reason for s in slots)
