"""Captions as people send them, and what is kept of them."""

import pytest

from unwall.kernel.errors import Invalid
from unwall.media.caption_rules import MAX_CAPTIONS_CHARACTERS, MAX_CUES, as_webvtt


def test_webvtt_keeps_times_places_words_and_emphasis():
    sent = (
        "WEBVTT - tea\nKind: captions\n\nhills\n00:01.000 --> 01:00:04.500 line:10% align:start\n"
        "<v Mei>It <b>snows</b>.\nAt four & five"
    )
    kept = "WEBVTT\n\n00:01.000 --> 01:00:04.500 line:10% align:start\n<v Mei>It <b>snows</b>.\nAt four &amp; five\n"
    assert as_webvtt(sent) == kept
    assert as_webvtt(kept) == kept


def test_subrip_becomes_webvtt():
    sent = "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\nSnow\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n雪\r\n"
    assert as_webvtt(sent) == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nSnow\n\n00:00:03.000 --> 00:00:04.000\n雪\n"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)>Tea", "Tea"),
        ("&lt;script&gt;Tea", "&lt;script&gt;Tea"),
        ("<<b>b>Tea</b>", "<b>b&gt;Tea</b>"),
        ("<c.evil>Tea</c> <lang en>x", "Tea x"),
        ("<v Mei onclick=1&>Tea", "Tea"),
        ("a --> b <b", "a --&gt; b"),
    ],
)
def test_only_tags_that_mean_emphasis_or_a_speaker_are_kept(words, kept):
    assert as_webvtt(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{words}") == f"WEBVTT\n\n00:01.000 --> 00:02.000\n{kept}\n"


def test_style_sheets_notes_and_settings_that_mean_nothing_are_left_out():
    sent = (
        "WEBVTT\n\nSTYLE\n::cue { background: url(https://spy.example) }\n\nNOTE by Mei\n\nREGION\nid:top\n\n"
        "00:01.000 --> 00:02.000 size:50% onload:x\nTea\n\n00:03.000 --> 00:04.000\n\n"
    )
    assert as_webvtt(sent) == "WEBVTT\n\n00:01.000 --> 00:02.000 size:50%\nTea\n"


def test_nothing_takes_captions_away_and_what_is_none_is_refused():
    assert as_webvtt(" \r\n") == ""
    many = "\n\n".join(["00:01.000 --> 00:02.000\nx"] * (MAX_CUES + 1))
    for wrong in ("Snow", "WEBVTT", "1 --> 2\nSnow", "x" * (MAX_CAPTIONS_CHARACTERS + 1), many):
        with pytest.raises(Invalid) as refused:
            as_webvtt(wrong)
        assert set(refused.value.by_field()) == {"captions"}
