"""How long ago, and when: by one rule for every page."""

from datetime import UTC, datetime, timedelta

import pytest

from unwall.channels.http import formatters as module
from unwall.channels.http.formatters import formatters

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("minutes", "english", "chinese"),
    [
        (0, "just now", "刚刚"),
        (1, "1 minute ago", "1分钟前"),
        (59, "59 minutes ago", "59分钟前"),
        (61, "1 hour ago", "1小时前"),
        (119, "1 hour ago", "1小时前"),
        (24 * 60, "1 day ago", "1天前"),
        (6 * 24 * 60 + 1439, "6 days ago", "6天前"),
        (7 * 24 * 60, "20 Nov", "11月20日"),
        (-61, "in 1 hour", "1小时后"),
    ],
)
def test_how_long_ago_is_said_by_one_rule(minutes: int, english: str, chinese: str) -> None:
    said = [formatters(lang).ago(NOW - timedelta(minutes=minutes)) for lang in ("en", "zh")]
    assert said == [english, chinese]


def test_a_moment_has_no_seconds_and_the_year_only_where_it_is_another() -> None:
    both = [formatters("en").moment(at, "Asia/Shanghai") for at in (NOW, NOW - timedelta(days=400))]
    assert [(text, "2025" in text) for text in both] == [(both[0], False), (both[1], True)]
    assert "20:00" in both[0]
    assert "20:00:00" not in both[0]
