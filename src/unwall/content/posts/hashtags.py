"""Hashtags in texts: `#tea`, `#新茶`, and `#新茶#` as it is written in Chinese. Pure; it takes time in proportion to
the text.

A tag begins where no letter stands before it, and is letters of any script, digits and underscores, at least one of
them a letter. In a text of a post it becomes a link; `hashtags_in` finds these links again.
"""

import re
from collections.abc import Iterator
from unicodedata import category
from urllib.parse import quote, unquote

import msgspec
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from unwall.kernel import typed

MAX_HASHTAG_CHARACTERS = 50
MAX_HASHTAGS = 30
"""Of one post: under the others it is not found."""
_SIGNS = "#＃"
_BEFORE = "_&/@#＃"
"""What may not stand before a tag, beside letters: it is part of an address, or of a number of a character."""
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LINK = re.compile(r'<a href="/tag/([^"?#]{1,1000})"')


class Hashtag(msgspec.Struct, frozen=True):
    """A tag in a text, from `begin` to `end`, with its signs; `name` as it is compared."""

    begin: int
    end: int
    name: str


def name_of(text: str) -> str:
    """A tag as it is compared: without its sign, in one case and width; empty where it is none."""
    if len(text) > MAX_HASHTAG_CHARACTERS * 4:
        return ""
    name = typed.normalize("NFC", typed.code(text.strip(_SIGNS)).casefold())
    fits = 0 < len(name) <= MAX_HASHTAG_CHARACTERS and typed.is_word(name, also="_")
    return name if fits and any(category(c)[0] == "L" for c in name) else ""


def url_of(name: str) -> str:
    return f"/tag/{quote(name, safe='')}"


def hashtags_of(text: str) -> Iterator[Hashtag]:
    """The tags of a text, in their order."""
    at = 0
    while (begin := _next_sign(text, at)) >= 0:
        end = begin + 1
        while end < len(text) and (typed.is_letter(text[end]) or text[end] == "_"):
            end += 1
        name = name_of(text[begin + 1 : end]) if _may_begin(text, begin) else ""
        closed = end < len(text) and text[end] in _SIGNS and _IDEOGRAPHS.search(name) is not None
        at = end + 1 if name and closed else end
        if name:
            yield Hashtag(begin, at, name)


def _next_sign(text: str, start: int) -> int:
    places = [place for sign in _SIGNS if (place := text.find(sign, start)) >= 0]
    return min(places, default=-1)


def _may_begin(text: str, begin: int) -> bool:
    return begin == 0 or not (typed.is_letter(text[begin - 1]) or text[begin - 1] in _BEFORE)


def hashtags_in(*texts: tuple[str, str]) -> list[str]:
    """Those of a post, by its title and the links in its HTML, in each of its languages."""
    names: dict[str, None] = {}
    for title, html in texts:
        names |= dict.fromkeys(tag.name for tag in hashtags_of(title))
        names |= dict.fromkeys(name for link in _LINK.findall(html) if (name := name_of(unquote(link))))
    return list(names)[:MAX_HASHTAGS]


def link_hashtags(renderer: MarkdownIt) -> MarkdownIt:
    """The renderer, which makes links of the tags in words: not of those in code or in other links."""
    renderer.core.ruler.before("text_join", "hashtags", _link)
    return renderer


def _link(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children and any(sign in block.content for sign in _SIGNS):
            block.children = [made for token in _outside_links(block.children) for made in token]


def _outside_links(tokens: list[Token]) -> Iterator[list[Token]]:
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        yield _linked(token) if token.type == "text" and not depth else [token]


def _linked(token: Token) -> list[Token]:
    made, at = [], 0
    for tag in hashtags_of(token.content):
        link = Token("link_open", "a", 1, attrs={"href": url_of(tag.name)}, level=token.level)
        made += [_text(token, at, tag.begin), link, _text(token, tag.begin, tag.end), Token("link_close", "a", -1)]
        at = tag.end
    return [*made, _text(token, at, len(token.content))] if made else [token]


def _text(token: Token, begin: int, end: int) -> Token:
    return Token("text", "", 0, content=token.content[begin:end], level=token.level)
