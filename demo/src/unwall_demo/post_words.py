"""How posts are written down before pictures are drawn for them."""

from typing import NamedTuple

from unwall.content.posts.values import PostKind

NOTE, SET, BOOK, READ = PostKind.NOTE, PostKind.PHOTO_SET, PostKind.LOOKBOOK, PostKind.ARTICLE


class Words(NamedTuple):
    """`art` is "motif form pattern tint" ("-" for none; motif "product" shows the first product);
    `products` are slugs, the most visible first."""

    kind: PostKind
    slug: str
    art: str
    products: str
    title: str
    title_zh: str
    body: str
    body_zh: str
    alt: str
    alt_zh: str
