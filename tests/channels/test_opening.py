"""Opening hours as people write them."""

import pytest

from unwall.channels.http.opening_hours import NO_BREAK, opening_hours_text


@pytest.mark.parametrize(
    ("hours", "english", "chinese"),
    [
        ("Mo-Su 10:00-22:00", "Daily 10:00–22:00", "每天 10:00–22:00"),
        (
            "Mo-Th 10:00-22:00; Fr-Su 10:00-22:30",
            "Mon to Thu 10:00–22:00 · Fri to Sun 10:00–22:30",
            "周一至周四 10:00–22:00 · 周五至周日 10:00–22:30",
        ),
        (
            "Mo-Sa 08:00-20:00; Su 09:00-17:00",
            "Mon to Sat 08:00–20:00 · Sun 09:00–17:00",
            "周一至周六 08:00–20:00 · 周日 09:00–17:00",
        ),
        (
            "Mo,We 09:00-12:00,14:00-18:00; PH off",
            "Mon,Wed 09:00–12:00,14:00–18:00 · public holidays closed",
            "周一,周三 09:00–12:00,14:00–18:00 · 法定节假日 休息",
        ),
        ("24/7", "24/7", "24/7"),
    ],
)
def test_hours_are_said_in_the_reader_s_language(hours: str, english: str, chinese: str):
    assert opening_hours_text(hours, "en").replace(NO_BREAK, " ") == english
    assert opening_hours_text(hours, "zh").replace(NO_BREAK, " ") == chinese


def test_a_day_and_its_hours_stay_on_one_line():
    assert opening_hours_text("Mo-Sa 08:00-20:00; Su 09:00-17:00", "en").split(" · ") == [
        f"Mon{NO_BREAK}to{NO_BREAK}Sat{NO_BREAK}08:00–20:00",
        f"Sun{NO_BREAK}09:00–17:00",
    ]
