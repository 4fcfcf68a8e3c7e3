"""Ready times and cut-offs by true opening hours."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commerce.sourcing.sourcing_nodes import node
from unwall.commerce.sourcing import hours
from unwall.kernel.clock import local

SHOP = node("SHOP")


def china(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "ready"),
    [
        ("11-24T10:00", "11-24T10:30"),  # as it opens
        ("11-24T15:07", "11-24T15:37"),
        ("11-24T03:00", "11-24T10:30"),  # at night: after opening
        ("11-24T21:30", "11-24T22:00"),  # just before closing
        ("11-24T21:45", "11-25T10:15"),  # half today, half tomorrow
        ("11-24T22:00", "11-25T10:30"),
    ],
)
def test_picking_takes_its_minutes_within_opening_hours(now, ready):
    assert hours.ready_at(SHOP, china(now)) == china(ready)


def test_days_off_are_skipped():
    closed_on_tuesday = node("SHOP", opening_hours="Mo-Su 10:00-22:00; Tu off")
    assert hours.ready_at(closed_on_tuesday, china("11-24T12:00")) == china("11-25T10:30")


def test_a_place_that_stays_closed_promises_nothing():
    assert hours.ready_at(node("SHOP", opening_hours="off"), china("11-24T12:00")) is None
    assert hours.ready_at(node("SHOP", opening_hours="Jan Mo-Su 10:00-22:00"), china("11-24T12:00")) is None


def test_the_zone_is_the_nodes_own():
    london = node("LON", timezone="Europe/London", opening_hours="Mo-Su 09:00-17:00")
    # the clocks go back on 25 October 2026: nine in the morning is nine UTC again
    assert hours.ready_at(london, datetime(2026, 10, 24, 20, tzinfo=UTC)) == datetime(2026, 10, 25, 9, 30, tzinfo=UTC)
    assert hours.at_hour(london, datetime(2026, 10, 25, 12, tzinfo=UTC), 18) == datetime(2026, 10, 25, 18, tzinfo=UTC)
    assert hours.at_hour(london, datetime(2026, 10, 23, 12, tzinfo=UTC), 18) == datetime(2026, 10, 23, 17, tzinfo=UTC)


def test_what_is_said_of_the_clock():
    now = china("11-24T12:00")
    assert hours.clock_text(SHOP, china("11-24T15:00"), now) == "15:00"
    assert hours.clock_text(SHOP, china("11-25T10:30"), now) == "2026-11-25 10:30"


HOURS = st.sampled_from(
    [
        "24/7",
        "Mo-Su 10:00-22:00",
        "Mo-Fr 09:00-12:30,14:00-18:00; Sa 10:00-16:00",
        "Mo-Su 18:00-02:00",
        "We 10:00-11:00",
    ]
)
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(HOURS, TIMES, st.integers(1, 600), st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York"]))
def test_the_cut_off_is_the_inverse_of_ready(opening, now, minutes, timezone):
    place = node("X", opening_hours=opening, pick_minutes=minutes, timezone=timezone)
    ready = hours.ready_at(place, now)
    if ready is None:
        return
    cutoff = hours.latest_start(place, ready)
    # ordering by the cut-off is in time, a moment later is not
    assert now <= cutoff
    assert hours.ready_at(place, cutoff) == ready
    later = hours.ready_at(place, cutoff + timedelta(seconds=1))
    assert later is None or later > ready


@given(HOURS, TIMES, TIMES, st.integers(1, 300))
def test_who_orders_later_is_never_served_sooner(opening, one, other, minutes):
    place = node("X", opening_hours=opening, pick_minutes=minutes)
    first, last = hours.ready_at(place, min(one, other)), hours.ready_at(place, max(one, other))
    assert first is None or last is None or first <= last


# --- public holidays --------------------------------------------------------------------------------------------------

NATIONAL_DAY = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
"""9:00 in China, and a holiday there only."""


@pytest.mark.parametrize(
    ("text", "country", "ready"),
    [
        ("Mo-Su 10:00-22:00; PH off", "CN", None),
        ("Mo-Su 10:00-22:00; PH 14:00-18:00", "CN", "14:30"),
        ("Mo-Su 10:00-22:00; PH,Su 12:00-18:00", "CN", "12:30"),
        ("Mo-Su 10:00-22:00", "CN", "10:30"),
        ("Mo-Su 10:00-22:00; PH off", "DE", "10:30"),
        ("Mo-Su 10:00-22:00; PH off", "", "10:30"),
    ],
)
def test_the_hours_keep_the_public_holidays_of_the_nodes_country(text, country, ready):
    shop = node("West Lake", opening_hours=text, country=country)
    found = hours.ready_at(shop, NATIONAL_DAY)
    today = found if found and found < NATIONAL_DAY + timedelta(hours=14) else None
    assert (local(today, "Asia/Shanghai").strftime("%H:%M") if today else None) == ready


def test_a_holiday_is_one_of_its_country_only():
    christmas = date(2026, 12, 25)
    assert [hours.is_holiday(country, christmas) for country in ("DE", "CN", "", "XX")] == [True, False, False, False]
