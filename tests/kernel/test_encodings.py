"""The encoding of a file is found from a few words, wherever in it they stand."""

import pytest

from unwall.kernel.encodings import decoded

HEAD = "Handle,Title,Variant SKU,Variant Price\n"
WORDS = {
    "gb18030": [
        "茶",
        "红茶",
        "绿茶杯",
        "杯子",
        "羽绒服",
        "龙泉青瓷",
        "珐琅锅",
        "连衣裙 ￥10",
        "“好”",
        "10×20 cm 马克杯",
        "Mug 马克杯 ¥",
    ],
    "big5": ["綠茶", "紅茶杯", "陶瓷碗", "白色襯衫 男裝"],
    "shift_jis": ["お茶", "湯呑み", "マグカップ", "急須 常滑焼"],
    "euc_kr": ["녹차", "머그컵 흰색"],
    "cp1252": [
        *("Grüner Tee", "GRÜNER TEE", "Weiße Straßenschuhe für Mädchen", "Théière à café", "Crème brûlée €", "Œuf"),
        *("Piñata", "Café pão açúcar", "Småland Blåbär", "Rødgrød skål", "Sääntö pää", "Coördinatie", "CAFÉ", "5 €"),
        *("10 ml ½", "20 °C mug", "£10", "Mug – 12 oz", "Lego®", "“Best” of women’s", "10×20 cm", "Cœur d’été"),
    ],
    "cp1250": [
        "Złoty pierścionek",
        "Łyżka",
        "Žluťoučký kůň",
        "Příbor",
        "Hűtőszekrény",
        "Ceaşcă ţărănească",
        "Šalica žuta",
    ],
    "cp1254": ["Kırmızı Kazak", "Çay bardağı", "Şık"],
    "cp1257": ["Arbatos puodelis žalias ąžuolas"],
    "cp1251": ["Чай", "Чайник", "ЧАЙНИК", "Чашка «Львів»"],
    "cp1253": ["Τσάι", "Φλιτζάνι"],
    "cp1255": ["ספל"],
    "cp1256": ["شاي أخضر", "كوب"],
    "cp874": ["ชาเขียว"],
    "mac_roman": ["Café", "Müller “x”"],
}
HOME = {"cp1255": "IL"}
"""Where the store is, for a word that could as well be of another language."""
CASES = [(encoding, word) for encoding, words in WORDS.items() for word in words]


@pytest.mark.parametrize(("encoding", "word"), CASES, ids=[f"{encoding}-{n}" for n, (encoding, _) in enumerate(CASES)])
def test_a_few_words_are_enough(encoding: str, word: str):
    plain = "".join(f"a{n},Tea cup number {n} made of good clay,A-{n},10\n" for n in range(20_000))
    for text in (f"{HEAD}a,{word},A-1,10\n", f"{HEAD}{plain}b,{word},B-1,2\n"):
        read = decoded(text.encode(encoding), HOME.get(encoding, ""))
        assert read
        assert read[0] == text, read[1]


@pytest.mark.parametrize(
    ("encoding", "country", "word"),
    [
        ("cp1250", "CZ", "Hrnek na čaj"),
        ("cp1250", "SK", "Šálka"),
        ("cp1250", "PL", "Piń"),
        ("cp1252", "MX", "Piñ"),
        ("cp1255", "IL", "תה ירוק"),
        ("cp874", "TH", "ถ้วย"),
        ("shift_jis", "JP", "皿"),
        ("shift_jis", "JP", "ﾏｸﾞ"),
        ("big5", "TW", "杯"),
        ("cp1252", "CN", "Café"),
        ("cp1252", "PL", "Grüner Tee"),
        ("gb18030", "US", "红茶"),
    ],
)
def test_the_country_of_the_store_decides_between_the_likely(encoding: str, country: str, word: str):
    read = decoded((HEAD + word).encode(encoding), country)
    assert read
    assert read[0] == HEAD + word


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_known_by_its_form(encoding: str):
    read = decoded(f"{HEAD}a,红茶 Crème,A-1,10\n".encode(encoding))
    assert read
    assert read[0] == f"{HEAD}a,红茶 Crème,A-1,10\n"


@pytest.mark.parametrize("data", [b"PK\x03\x04\x00\x00\xff\xfe\x81", b"\xff\xfe\x00"])
def test_what_is_no_text_is_none(data: bytes):
    assert decoded(data) is None
