"""Words: what is stored, what is asked, and that no query can break out of its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unwall.catalogue.terms import (
    FIRST,
    SearchPosition,
    bigrams,
    decode_position,
    encode_position,
    parse_query,
    runs,
    terms,
    without_runs,
)
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.typed import folded


@pytest.mark.parametrize(
    ("text", "said"), [("Ｃafé", "cafe"), ("RED", "red"), ("ﬁne", "fine"), ("が", "が"), ("a\x00b", "a b")]
)
def test_letters_are_made_plain(text, said):
    assert folded(text) == said


def test_chinese_and_english_are_told_apart():
    text = "手冲V60咖啡 set"
    assert runs(text) == ["手冲", "咖啡"]
    assert without_runs(text) == "V60 set"


@pytest.mark.parametrize(("run", "pairs"), [("茶", ["茶"]), ("红茶", ["红茶"]), ("白茶杯", ["白茶", "茶杯"])])
def test_a_run_is_cut_into_overlapping_pairs(run, pairs):
    assert bigrams(run) == pairs


@pytest.mark.parametrize("text", ["หนังสือเดินทาง", "ភាសាខ្មែរ", "롱원피스", "コーヒーカップ"])
def test_scripts_without_spaces_are_runs(text):
    assert runs(folded(text)) == [folded(text)]


def test_pairs_and_characters_stand_where_they_are_in_the_text():
    assert terms(["白茶杯"], [], []).chinese == "'杯':3A '白':1A '白茶':1A '茶':2A '茶杯':2A"


def test_titles_weigh_most_and_descriptions_least():
    made = terms(["Red 红"], ["gift 礼"], ["<p>for &amp; by <b>you</b> 你</p>"])
    assert (made.english_a, made.english_b, made.english_c) == ("red", "gift", "for & by you")
    assert made.chinese == "'你':5C '礼':3B '红':1A"


def test_a_query_is_understood():
    asked = parse_query('Running sho 红茶 "茶杯子"')
    assert asked.chinese == "('红茶')&('茶杯'<->'杯子')"
    assert asked.english == 'running sho " "'
    assert asked.typed == "", "inside quotes nothing is guessed"


def test_the_last_word_may_be_unfinished():
    asked = parse_query("Running sho")
    assert (asked.english, asked.all_but_last, asked.typed) == ("running sho", "running", "'sho':*")


def test_letters_are_also_spelled_with_two():
    assert terms(["Skål für Käse"], [], []).english_a == "skal fur kase skaal fuer kaese"
    assert terms(["Skaal"], [], []).english_a == "skaal"
    asked = parse_query("smør skål")
    assert (asked.english, asked.all_but_last) == ("smor skal or smoer skaal", "smor or smoer")
    assert asked.typed == "'skal':*|'skaal':*"
    assert parse_query('"skål fra').english == '"skal fra" or "skaal fra"'


@pytest.mark.parametrize("query", ["", "   ", "\x00"])
def test_nothing_asks_nothing(query):
    assert parse_query(query).empty


@given(st.text(max_size=300))
def test_what_is_cast_holds_only_letters_digits_and_our_operators(query):
    asked = parse_query(query)
    assert re.fullmatch(r"('[^\W_]{2,30}':\*(\|'[^\W_]{2,30}':\*)?)?", asked.typed)
    assert re.fullmatch(
        r"""(\('[^'"\\\s!&|<>():*a-z0-9-]{1,2}'(<->'[^'"\\\s!&|<>():*a-z0-9-]{2}')*\)&?)*""", asked.chinese
    )
    assert len(asked.code) <= 3700  # 200 characters, each of which Unicode may spell out


@given(st.booleans(), st.floats(0, 100, width=32))
def test_a_place_survives_its_journey(exact, rank):
    place = SearchPosition(exact, rank, new_id())
    assert decode_position(encode_position(place)) == place


def test_without_a_cursor_a_search_starts_at_the_top():
    assert decode_position(None) == FIRST


@pytest.mark.parametrize("cursor", ["x", "????", "AAAA", "A" * 200, "é"])
def test_a_foreign_cursor_is_refused(cursor):
    with pytest.raises(Invalid) as refused:
        decode_position(cursor)
    assert list(refused.value.by_field()) == ["after"]
