"""What addresses of each country consist of, and how they are written."""

import pytest

from unwall.kernel.addresses import (
    Address,
    address_errors,
    address_form,
    address_lines,
    countries,
    country_named,
    country_of_timezone,
    region_name,
    tidied,
)


def required(country: str) -> set[str]:
    return {field.name for field in address_form(country, "en") if field.required}


def test_each_country_asks_for_what_it_needs():
    assert required("US") == {"street", "city", "region", "postcode"}
    assert required("DE") == {"street", "city", "postcode"}
    assert required("JP") == {"street", "region", "postcode"}
    assert required("HK") == {"street", "region"}
    # hardly anybody in China knows the own postcode, and carriers do not ask for it
    assert required("CN") == {"street", "city", "region"}
    assert [field.name for field in address_form("CN", "zh")] == ["postcode", "region", "city", "district", "street"]
    assert {field.name: field.label for field in address_form("US", "en")}["postcode"] == "ZIP code"
    assert ("CA", "California") in next(f.choices for f in address_form("US", "en") if f.name == "region")
    # where no country is known
    assert required("") == {"street", "city"}


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        (Address("US", "94103", "california", "San Francisco", "", "1 Market St"), set()),
        (Address("US", "10001", "CA", "San Francisco", "", "1 Market St"), {"postcode"}),
        (Address("US", "9410", "CA", "San Francisco", "", "1 Market St"), {"postcode"}),
        (Address("US", "94103", "Bavaria", "San Francisco", "", "1 Market St"), {"region"}),
        (Address("DE", "04109", "", "Leipzig", "", "Markt 1"), set()),
        (Address("DE", "", "", "", "", ""), {"postcode", "city", "street"}),
        (Address("CN", "", "浙江省", "杭州市", "西湖区", "文三路1号"), set()),
        (Address("CN", "31001", "浙江省", "杭州市", "西湖区", "文三路1号"), {"postcode"}),
        (Address("gb", "ec1y 8sy", "", "London", "", "1 Bunhill Row"), set()),
        (Address("XX", "", "", "X", "", "x"), {"country"}),
        (Address("DE", "04109", "", "L" * 81, "", "Markt 1"), {"city"}),
    ],
)
def test_what_is_wrong_is_named_by_field(address, wrong):
    assert {error.field for error in address_errors(tidied(address))} == wrong


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("US", "902101234", "90210-1234"),
        ("US", "９０２１０", "90210"),
        ("CA", "k1a-0b1", "K1A0B1"),
        ("GB", "sw1a 1aa", "SW1A 1AA"),
        ("NL", "1234 ab", "1234 AB"),
        ("JP", "〒１００－０００１", "100-0001"),
        ("JP", "1000001", "1000001"),
        ("DE", "D-10115", "10115"),
        ("DE", "10 115", "10115"),
        ("AT", "A-1010", "1010"),
        ("CH", "CH 8001", "8001"),
        ("SE", "S-114 55", "114 55"),
        ("PL", "00950", "00-950"),
        ("PT", "1000001", "1000-001"),
        ("IN", "110 001", "110001"),
        ("LV", "1010", "LV-1010"),
        ("CN", "\u200e310000", "310000"),
        ("DE", "1011", "1011"),
        ("GB", "nowhere", "NOWHERE"),
        ("US", "9" * 21, "9" * 21),
        ("", "12 ab", "12 AB"),
    ],
)
def test_a_postcode_is_kept_as_its_country_writes_it(country, typed, kept):
    assert tidied(Address(country, typed)).postcode == kept


def test_regions_are_kept_by_their_key_and_shown_by_their_name():
    clean = tidied(Address(" us ", "94103", " California", "San  Francisco", "", "1 Market St"))
    assert (clean.country, clean.region, clean.city) == ("US", "CA", "San Francisco")
    assert region_name("US", "CA", "en") == "California"
    for name in ("Zhejiang Sheng", "zhejiang", "浙江省"):
        assert tidied(Address("CN", region=name)).region == "浙江省"
    assert (region_name("CN", "浙江省", "zh"), region_name("CN", "浙江省", "en")) == ("浙江省", "Zhejiang")


def test_a_parcel_is_addressed_as_the_countrys_post_wants_it():
    american = Address("US", "94103", "CA", "San Francisco", "", "1 Market St")
    assert address_lines(american, "Ann Lin") == [
        "Ann Lin",
        "1 Market St",
        "San Francisco, CA 94103",
        "United States",
    ]
    chinese = Address("CN", "310013", "浙江省", "杭州市", "西湖区", "文三路1号")
    assert address_lines(chinese, "林安", lang="zh", abroad=False) == [
        "310013",
        "浙江省杭州市西湖区",
        "文三路1号",
        "林安",
    ]
    in_latin = Address("CN", "", "浙江省", "Hangzhou", "Xihu", "1 Lake Road")
    assert address_lines(in_latin, "Ann Lin") == [
        "Ann Lin",
        "1 Lake Road",
        "Xihu",
        "Hangzhou",
        "Zhejiang",
        "China",
    ]
    assert address_lines(Address("DE", "04109", "", "Leipzig", "", "Markt 1"), abroad=False) == [
        "Markt 1",
        "04109 Leipzig",
    ]
    assert address_lines(Address(street="1 Lake Road", city="Hangzhou"), "Ann") == ["Ann", "1 Lake Road", "Hangzhou"]


def test_countries_by_name_and_by_time_zone():
    assert ("DE", "德国") in countries("zh")
    assert [country_named(name) for name in ("Germany", "德国", "de", "Atlantis")] == ["DE", "DE", "DE", ""]
    zones = ("Asia/Seoul", "Europe/London", "America/New_York", "UTC", "Mars/Olympus")
    assert [country_of_timezone(zone) for zone in zones] == ["KR", "GB", "US", "", ""]
