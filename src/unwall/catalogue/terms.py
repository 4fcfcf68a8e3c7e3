"""Search in every script (docs/decisions/0004-search.md): how a product's tsvector is built and how a query is parsed.
Chinese, Japanese and Thai are written without spaces, so runs of them are split into overlapping pairs of characters
(bigrams).
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from html import unescape
from uuid import UUID

import msgspec
import nh3

from unwall.journal.values import MAX_QUERY_CHARACTERS
from unwall.kernel import typed
from unwall.kernel.errors import Invalid
from unwall.kernel.typed import folded, spelled_out

# Han with its extensions and compatibility forms, kana, and the marks that stand for a repeated character or zero;
# Thai, Lao, Tibetan, Myanmar and Khmer; Hangul, whose compounds are written with and without spaces; and the scripts of
# India, whose vowel signs PostgreSQL takes for the ends of words.
_RUN = re.compile(
    r"[\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
    r"\u0900-\u0963\u0970-\u0dff\u0e01-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3\uac00-\ud7a3]+"
)
_TYPED = re.compile(r"(?:^|\s)([^\W_]{2,30})$")
_MAX_DESCRIPTION_CHARACTERS = 20_000  # of a description: positions in a tsvector end at 16383 anyway


def runs(text: str) -> list[str]:
    """The runs of scripts without spaces in a folded text."""
    return _RUN.findall(text)


def without_runs(text: str) -> str:
    return " ".join(_RUN.sub(" ", text).split())


def bigrams(run: str) -> list[str]:
    """Overlapping pairs; a single character stands for itself: 白茶杯 > 白茶, 茶杯."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


# --- what is stored ---------------------------------------------------------------------------------------------------


class SearchTerms(msgspec.Struct, frozen=True):
    """The English texts by weight, for PostgreSQL to stem, and the Chinese as the text form of a tsvector."""

    english_a: str
    english_b: str
    english_c: str
    chinese: str


def terms(a: Iterable[str], b: Iterable[str], c: Iterable[str]) -> SearchTerms:
    """The search terms of a product: `a` are its titles, `b` tags, category, vendor and options, `c` descriptions
    (HTML).
    """
    described = "\n".join(unescape(nh3.clean(text, tags=set())) for text in c)[:_MAX_DESCRIPTION_CHARACTERS]
    texts = {"A": "\n".join(a), "B": "\n".join(b), "C": described}
    english_a, english_b, english_c = (_english(text) for text in texts.values())
    return SearchTerms(
        english_a, english_b, english_c, _vector({weight: folded(text) for weight, text in texts.items()})
    )


def _english(text: str) -> str:
    """The words of a text, and behind them those that can be spelled with other letters, spelled so."""
    words, others = without_runs(folded(text)), without_runs(spelled_out(text))
    if words == others:
        return words
    known = set(words.split())
    return " ".join([words, *dict.fromkeys(word for word in others.split() if word not in known)])


def _vector(by_weight: dict[str, str]) -> str:
    """A pair has the position of its first character, and so has that character alone; a gap after each run keeps
    phrases from matching across runs.
    """
    places: dict[str, list[str]] = {}
    position = 1
    for weight, text in by_weight.items():
        for run in runs(text):
            for i, character in enumerate(run):
                for term in {character, run[i : i + 2]}:
                    places.setdefault(term, []).append(f"{position + i}{weight}")
            position += len(run) + 1
    return " ".join(f"'{term}':{','.join(at)}" for term, at in sorted(places.items()))


# --- what is asked ----------------------------------------------------------------------------------------------------


class SearchQuery(msgspec.Struct, frozen=True):
    """`english` and `all_but_last` are for websearch_to_tsquery; `typed` and `chinese` are text forms of a tsquery that
    hold nothing but letters, digits and our own operators, so they are safe to cast."""

    english: str
    all_but_last: str
    typed: str
    """the last word as a prefix, for search while one types"""
    chinese: str
    """every run as a phrase of its pairs"""
    code: str
    """the whole query as a possible SKU or barcode"""

    @property
    def empty(self) -> bool:
        return not (self.code or self.english or self.chinese)


TSQUERY = """
    (CASE WHEN $4 = '' THEN websearch_to_tsquery('english', $2)
     ELSE websearch_to_tsquery('english', $2) || (websearch_to_tsquery('english', $3) && $4::text::tsquery) END)
    && $5::text::tsquery
"""
"""What a query becomes in a statement: $2 to $5 (and a code, $6) are the fields of `SearchQuery`."""


def parse_query(asked: str) -> SearchQuery:
    asked = asked[:MAX_QUERY_CHARACTERS]
    text = folded(asked)
    spellings = list(dict.fromkeys(without_runs(one) for one in (text, spelled_out(asked))))
    unfinished = [] if '"' in text else [last for one in spellings if (last := _TYPED.search(one))]
    phrases = ["(" + "<->".join(f"'{pair}'" for pair in bigrams(run)) + ")" for run in runs(text)]
    return SearchQuery(
        english=_any_of(spellings),
        all_but_last=_any_of([last.string[: last.start()] for last in unfinished]),
        typed="|".join(dict.fromkeys(f"'{last[1]}':*" for last in unfinished)),
        chinese="&".join(phrases),
        code=typed.code(asked).lower(),
    )


def _any_of(spellings: list[str]) -> str:
    """For `websearch_to_tsquery`, where `or` binds less than words side by side, and an open quotation takes all."""
    different = list(dict.fromkeys(spellings))
    if len(different) > 1 and '"' in different[0]:
        different = [one if one.count('"') % 2 == 0 else f'{one}"' for one in different]
    return " or ".join(different)


# --- where a page of answers ends -------------------------------------------------------------------------------------


class SearchPosition(msgspec.Struct, frozen=True):
    """The sort key of a result, for cursors: exact codes first, then by rank, then the newest. The rank depends only on
    the product and the query, so a cursor stays valid while other products change.
    """

    exact: bool
    rank: float
    product_id: UUID


FIRST = SearchPosition(True, float("inf"), UUID(int=(1 << 128) - 1))
_FORM = struct.Struct(">?f16s")  # PostgreSQL's rank is a 4-byte float as well: nothing is lost


def encode_position(position: SearchPosition) -> str:
    return urlsafe_b64encode(_FORM.pack(position.exact, position.rank, position.product_id.bytes)).decode().rstrip("=")


def decode_position(cursor: str | None) -> SearchPosition:
    if not cursor:
        return FIRST
    try:
        exact, rank, raw = _FORM.unpack(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Base64Error, ValueError, struct.error) as error:
        raise Invalid.one("after", "This is not a cursor of ours; start again without it.") from error
    return SearchPosition(exact, rank, UUID(bytes=raw))
