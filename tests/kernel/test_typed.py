"""What people type: one form for each text, whatever keyboard, phone or page it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unwall.kernel import phones, typed

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Ana\u00a0\u3000Li\t", "Ana Li"),
        ("Zoe\u0308", "Zoë"),
        ("a\u200bb\ufeff\u00ad", "ab"),
        ("\u202eabc\u202c\u200f", "abc"),
        ("\u3164\u2800\u200e\u200d", ""),
        ("a\ud800b\x00c", "abc"),
        (f"a\u200d {FAMILY} {FLAG}", f"a {FAMILY} {FLAG}"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Ｃafé", "Ｃafé"),
    ],
)
def test_a_line_has_one_form_and_nothing_that_nobody_sees(sent, kept):
    assert typed.line(sent) == kept


def test_paragraphs_keep_their_lines_and_the_spaces_before_them():
    sent = "\r\n\ufeffFirst.  \r\n\r\n    code\u2028Last\u200f.\n\n"
    assert typed.paragraphs(sent) == "First.\n\n    code\nLast\u200f."


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ＡＢ−１２", "AB-12"),
        ("٦٩٠ ١", "690 1"),
        ("150\u30fc0001", "150-0001"),
        ("コーヒー", "コーヒー"),
        ("TEA\u20138OZ\u200b", "TEA-8OZ"),
    ],
)
def test_a_code_has_the_digits_and_the_dash_of_ascii(sent, kept):
    assert typed.code(sent) == kept


@given(st.text(max_size=200))
def test_what_is_tidied_stays_as_it_is(text):
    for tidy in (typed.line, typed.paragraphs, typed.code, typed.bare_code, typed.email, typed.handle):
        once = tidy(text)
        assert tidy(once) == once, tidy.__name__
        once.encode()


@pytest.mark.parametrize("sent", ["pa\u0308ss", "p\u00e4ss", "ｐ\u00e4ss", "p\u00e4ss\u200b"])
def test_a_password_is_the_same_from_every_keyboard(sent):
    assert typed.password(sent) == "päss"


def test_a_password_keeps_its_spaces():
    assert typed.password(" a  b ") == " a  b "


@pytest.mark.parametrize(
    ("sent", "right"),
    [
        ("a@b.co", True),
        ("ä.b@ü.example", True),
        ("a@b", False),
        ("a@.co", False),
        ("a@b.", False),
        ("@b.co", False),
        ("a@b@c.de", False),
        ("a b@c.de", False),
        ("a" * 250 + "@b.co", False),
    ],
)
def test_an_address_has_one_at_and_a_domain(sent, right):
    assert typed.is_email(sent) is right


@pytest.mark.parametrize(
    ("sent", "country", "kept", "dialled"),
    [
        ("(212) 555-0123", "US", "(212) 555-0123", "+12125550123"),
        ("\u202d+49 30 1234567\u202c", "", "+49 30 1234567", "+49301234567"),
        ("+86\u00a0138\u00a00013\u00a08000", "", "+86 138 0013 8000", "+8613800138000"),
        ("+86\u2013138\u20130013\u20138000", "FR", "+86-138-0013-8000", "+8613800138000"),
        ("0571 8888 8888 ext 801", "cn", "0571 8888 8888 ext 801", "+8657188888888"),
        ("0571-88888888转801", "CN", "0571-88888888转801", "+8657188888888"),
        ("＋４４　２０　７９４６　０９５８", "", "+44 20 7946 0958", "+442079460958"),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "AE", "050 123 4567", "+971501234567"),
        ("090\u30fc1234\u30fc5678", "JP", "090-1234-5678", "+819012345678"),
        ("1-800-FLOWERS", "US", "1-800-FLOWERS", "+18003569377"),
        ("138 0013 8000", "", "138 0013 8000", ""),
        ("1234567", "CN", "1234567", ""),
    ],
)
def test_a_telephone_number_is_kept_as_written_and_as_dialled(sent, country, kept, dialled):
    tidied = phones.tidied(sent)
    assert (tidied, phones.is_phone(tidied, country), phones.e164(sent, country)) == (kept, True, dialled)


@pytest.mark.parametrize("sent", ["", "12", "call me", "12345 x", "1+23456", "12345 ext abc", "1" * 21, "+" + "1" * 60])
def test_what_cannot_be_dialled_is_no_telephone_number(sent):
    assert not phones.is_phone(phones.tidied(sent), "CN")


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        ("Złoty pierścionek", "zloty pierscionek"),
        ("Đồng hồ nữ", "dong ho nu"),
        ("Straßenschuh weiß", "STRASSENSCHUH WEISS"),
        ("Rødgrød skål", "rodgrod skal"),
        ("Œuf de Pâques", "oeuf de paques"),
        ("Kırmızı Kazak", "KIRMIZI kazak"),
        ("İstanbul", "istanbul"),
        ("Ёлка", "елка"),
        ("λόγος", "ΛΟΓΟΣ"),
        ("أحمدُ", "احمد"),
        ("Þórr Ægir", "thorr aegir"),
        ("٣ ４", "3 4"),
    ],
)
def test_search_sees_letters_without_strokes_accents_and_case(shown, asked):
    assert typed.folded(shown) == typed.folded(asked)
