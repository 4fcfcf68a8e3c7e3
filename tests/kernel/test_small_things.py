"""Ids, places, secrets, words, files, settings."""

import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from unwall import settings
from unwall.cli.running import WITH_PASSWORD
from unwall.commerce.payments.stripe_values import StripeKeys
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.files import key_for, open_files
from unwall.kernel.geo import Point, distance_km
from unwall.kernel.ids import derived_id, id_at, new_id, parse_id
from unwall.kernel.networks import network_of
from unwall.kernel.seals import MAX_AHEAD_SECONDS, seal, unseal
from unwall.kernel.secrets import install_secret
from unwall.kernel.text import N_, Explanation, accepted, best_language, gettext


def test_ids_sort_by_the_time_they_were_made():
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {i.version for i in made} == {7}


def test_an_id_of_the_past_sorts_by_its_time_and_keeps_its_salt_apart():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    early, late = id_at(at, 2**60), id_at(at + timedelta(milliseconds=1), 0)
    assert early < late < new_id()
    assert early.version == late.version == 7
    assert id_at(at, 1) != id_at(at, 2)
    assert id_at(at, 1 << 62) != id_at(at, 0)


def test_the_same_words_derive_the_same_id_and_borders_between_words_count():
    assert derived_id("a", "bc") == derived_id("a", "bc")
    assert derived_id("a", "bc") != derived_id("ab", "c")


def test_what_is_no_id_is_none():
    assert parse_id("../etc") is None


def test_hangzhou_and_shanghai_are_164_kilometres_apart():
    assert distance_km(Point(30.2741, 120.1551), Point(31.2304, 121.4737)) == pytest.approx(164.6, abs=0.5)


def test_the_install_secret_is_made_once_and_for_its_owner_only(tmp_path: Path):
    first = install_secret(tmp_path)
    assert install_secret(tmp_path) == first
    assert len(first) == 32
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("held", ["", "ab" * 31, "ab" * 33, "no hexadecimal digits" * 3 + "x", "ab" * 32 + "\nab"])
def test_an_install_secret_of_another_length_is_refused(tmp_path: Path, held: str):
    (tmp_path / "secret").write_text(held)
    with pytest.raises(Invalid, match=f"{tmp_path / 'secret'} must hold 64 hexadecimal digits"):
        install_secret(tmp_path)
    assert (tmp_path / "secret").read_text() == held


def test_processes_that_start_at_once_get_one_install_secret(tmp_path: Path):
    with ProcessPoolExecutor(max_workers=4, mp_context=get_context("spawn")) as processes:
        for n in range(50):
            data = tmp_path / str(n)
            data.mkdir()
            assert len(set(processes.map(install_secret, [data] * 4))) == 1


def test_a_sealed_value_reads_back_only_whole_for_its_purpose_and_kind():
    visitor = uuid4()
    sealed = seal(b"secret", "visitor", visitor)
    assert unseal(b"secret", "visitor", sealed, UUID) == visitor
    forged = seal(b"other", "visitor", visitor).partition(".")[0] + "." + sealed.partition(".")[2]
    for secret, purpose, text in (
        (b"other", "visitor", sealed),
        (b"secret", "session", sealed),
        (b"secret", "visitor", forged[:-1]),
        (b"secret", "visitor", sealed[1:]),
        (b"secret", "visitor", "\u00e9.\u4e2d"),
        (b"secret", "visitor", ""),
    ):
        assert unseal(secret, purpose, text, UUID) is None, (secret, purpose, text)
    assert unseal(b"secret", "visitor", sealed, int) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("testclient", "testclient"),
        ("x" * 100, "x" * 64),
    ],
)
def test_who_has_one_address_of_a_network_has_no_more_attempts_by_the_others(address: str, network: str):
    assert network_of(address) == network


def test_a_seal_ends_with_its_time_and_outlives_a_clock_that_is_set_back(monkeypatch: pytest.MonkeyPatch):
    sealed, made = seal(b"secret", "visitor", 7), time.time()
    for passed, value in ((-7200, 7), (-MAX_AHEAD_SECONDS - 9, None), (3590, 7), (3610, None)):
        monkeypatch.setattr(time, "time", lambda passed=passed: made + passed)
        assert unseal(b"secret", "visitor", sealed, int, max_age_seconds=3600) == value, passed


@pytest.mark.parametrize(
    ("accept", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh;q=0.5", "zh"),
        ("fr;q=x, de", "en"),
        ("", "en"),
        ("fr, *;q=0.1", "en"),
        ("zh-Hant-TW, en;q=0.9", "zh"),
        ("EN-us;q=0.1, ZH;q=0.05", "en"),
    ],
)
def test_the_first_of_our_languages_by_weight_is_spoken(accept: str, lang: str):
    assert best_language(accepted(accept)).code == lang


def test_an_explanation_is_said_with_its_facts():
    assert (
        Explanation("Because you bought {title}", {"title": "Snow Peak"}).text_in("en")
        == "Because you bought Snow Peak"
    )


def test_a_stored_day_is_said_in_the_reader_s_way():
    why = Explanation("Ready {ready}", {"ready": "2026-11-23 10:30"})
    assert why.text_in("en") == "Ready 23 Nov 10:30"
    assert why.text_in("zh") == "Ready 11月23日 10:30"


async def test_a_file_is_kept_once_under_its_content(tmp_path: Path):
    files = open_files("", tmp_path)
    key = key_for(b"<svg/>", ".svg")
    await files.put(key, b"<svg/>")
    await files.put(key, b"<svg/>")
    assert await files.get(key) == b"<svg/>"
    with pytest.raises(NotFound):
        await files.get("aa/none.svg")


async def test_files_may_lie_in_any_store_that_an_address_names(tmp_path: Path):
    files = open_files("memory:///", tmp_path)
    await files.put("aa/one.svg", b"<svg/>")
    await files.put("aa/one.svg", b"<svg/>")
    assert await files.get("aa/one.svg") == b"<svg/>"


def test_settings_come_from_the_environment_and_say_which_is_wrong():
    read = settings.load({"UNWALL_DATA": "/data", "UNWALL_PORT": "9000", "DATABASE_URL": "postgresql:///x"})
    assert (read.data, read.port, read.database_url) == (Path("/data"), 9000, "postgresql:///x")
    with pytest.raises(Invalid) as told:
        settings.load({"UNWALL_PORT": "many", "UNWALL_WORKERS": "0", "UNWALL_LOG_LEVEL": "info"})
    assert told.value.by_field() == {
        "UNWALL_PORT": "'many' cannot be used: Expected `int`, got `str`.",
        "UNWALL_WORKERS": "'0' cannot be used: Expected `int` >= 1.",
    }


def test_stripe_needs_all_of_its_keys_and_none_that_is_secret_is_shown():
    keys = {"UNWALL_STRIPE_SECRET_KEY": "sk_1", "UNWALL_STRIPE_PUBLISHABLE_KEY": "pk_1"}
    with pytest.raises(Invalid) as missing:
        settings.load(keys)
    assert set(missing.value.by_field()) == {"UNWALL_STRIPE_WEBHOOK_SECRET"}
    assert settings.load(keys | {"UNWALL_STRIPE_WEBHOOK_SECRET": "whsec_1"}).stripe_secret_key == "sk_1"
    assert {"stripe_secret_key", "stripe_webhook_secret"} <= set(WITH_PASSWORD)
    assert repr(StripeKeys("sk_1", "pk_1", "whsec_1", "", "")) == "StripeKeys(…)"


def test_a_message_with_a_limit_is_english_by_itself_and_translated_with_the_limit():
    message = N_("Enter a quantity from 1 to {limit}.", limit=1_000_000)
    assert message == "Enter a quantity from 1 to 1,000,000."
    assert gettext("en", message) == message
    assert gettext("zh", message) == "请输入1到1,000,000之间的数量。"
