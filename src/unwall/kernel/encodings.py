"""The encoding of a file that nobody says: UTF-8 and UTF-16 by their form, else the one in which its words are likest
to be words of some language. A few characters are enough, wherever in the file they stand.
"""

import re
from collections import Counter
from types import MappingProxyType

import msgspec

from unwall.kernel.text import N_

_SAMPLE_BYTES, _BEFORE_BYTES, _LINE_BYTES, _LINES = 10_000, 200, 2_000, 20_000
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_BY_MARK = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WORD = re.compile(r"(?:[^\W\d_]|[\u0e31-\u0e4e\u05b0-\u05c7\u064b-\u0652])+")
"""With the marks of Thai, Hebrew and Arabic."""
_SIGNS = frozenset("€£¥©®™°½¼¾²³±×·•–—‘’“”„«»…\u00a0§¿¡ºª´¨")
_WITHIN_WORDS = frozenset("’·®™–\u00a0…")
_FULL_WIDTH = re.compile(r"[\u3000-\u303f\uff01-\uff5e\uffe5\uffe1]|[“”‘’—…·×°]")


class Alphabet(msgspec.Struct, frozen=True):
    """`letters` beyond ASCII, or the most frequent characters of a script that has thousands; `countries` where it is
    the likeliest."""

    encoding: str
    letters: str
    countries: str = ""
    prior: float = 1.0
    """less for alphabets to which the bytes of other languages look alike"""
    vowels: str = ""
    """that every word has one of"""


_LATIN = (
    Alphabet("cp1252", "äöüßÄÖÜ", "DE AT CH LI"),
    Alphabet("cp1252", "éèêëàâçîïôûùœæÉÈÊÀÂÇÎÔŒ", "FR BE LU MC"),
    Alphabet("cp1252", "áéíóúñüÁÉÍÓÚÑÜ", "ES MX AR CO CL PE"),
    Alphabet("cp1252", "ãõáâàçéêíóôúÃÕÁÂÀÇÉÊÍÓÔÚ", "PT BR AO MZ"),
    Alphabet("cp1252", "åäöæøéÅÄÖÆØÉ", "SE FI DK NO"),
    Alphabet("cp1252", "àèéìòùÀÈÉÌÒÙ", "IT SM"),
    Alphabet("cp1252", "áéíóúýþæöðÁÉÍÓÚÝÞÆÖÐ", "IS", 0.8),
    Alphabet("cp1252", "ëïéèöüóÉ", "NL US GB IE CA AU NZ"),
    Alphabet("cp1254", "çğıöşüâÇĞİÖŞÜ", "TR"),
    Alphabet("cp1250", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "PL"),
    Alphabet("cp1250", "áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ", "CZ"),
    Alphabet("cp1250", "áäčďéíľĺňóôŕšťúýžÁČĎÉÍĽŇÓÔŠŤÚÝŽ", "SK"),
    Alphabet("cp1250", "áéíóöőúüűÁÉÍÓÖŐÚÜŰ", "HU"),
    Alphabet("cp1250", "ăâîşţĂÂÎŞŢ", "RO MD"),
    Alphabet("cp1250", "čćđšžČĆĐŠŽ", "HR SI BA ME"),
    Alphabet("cp1257", "ąčęėįšųūžĄČĘĖĮŠŲŪŽ", "LT"),
    Alphabet("cp1257", "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ", "LV"),
    Alphabet("cp1257", "äöõüšžÄÖÕÜŠŽ", "EE"),
    Alphabet("mac_roman", "éèêëàâçîïôûùüöäßñáíóúãõåøæœÉÈÀÄÖÜÅØÆÇÑÁÍÓÚ"),
)
_OTHER = (
    Alphabet(
        "cp1251", "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўђјљњћџ", "RU UA BY BG RS MK KZ KG", vowels="аеиоуыэюяёіїєў"
    ),
    Alphabet("cp1253", "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ", "GR CY", 0.95, "αεηιουωάέήίόύώϊϋΐΰ"),
    Alphabet("cp1255", "אבגדהוזחטיךכלםמןנסעףפץצקרשת", "IL", 0.95),
    Alphabet("cp1256", "ابتثجحخدذرزسشصضطظعغفقكلمنهوىيءآأؤإئةپچژگ،؟", "SA AE EG MA DZ IQ JO KW QA LB IR PK", 0.9),
    Alphabet("cp874", "".join(map(chr, range(0x0E01, 0x0E5C))), "TH", 0.8),
)
_EASTERN = (
    Alphabet(
        "gb18030",
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事"
        "成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使"
        "情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给"
        "世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量"
        "茶杯瓷碗壶盘锅勺筷衣服裤裙鞋帽袜包袋巾毯被枕灯椅桌柜床架盒瓶罐书笔纸画花草木竹石金银铜铁布棉麻丝绸皮革毛线红橙黄绿青蓝紫黑白"
        "灰粉棕色米厚薄软硬冷热春夏秋冬男童婴款式尺寸码号价格库存图片标品牌类目描述宝贝商店铺运费邮套装件只个双条张台支夹克衫外套羽绒",
        "CN SG",
    ),
    Alphabet(
        "big5",
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事"
        "茶杯瓷碗壺盤鍋勺筷衣服褲裙鞋帽襪包袋巾毯被枕燈椅桌櫃床架盒瓶罐書筆紙畫花草木竹石金銀銅鐵布棉麻絲綢皮革毛線紅橙黃綠青藍紫黑白"
        "灰粉棕色米厚薄軟硬冷熱春夏秋冬男女童嬰款式尺寸碼號價格庫存圖片標品牌類目描述商店鋪運費郵套裝件隻個雙條張台支夾克衫外羽絨",
        "TW HK MO",
    ),
    Alphabet(
        "shift_jis", "".join(map(chr, range(0x3041, 0x30FD))) + "茶湯呑碗皿色大小中白黒赤青緑木日本人月年用品", "JP"
    ),
    Alphabet(
        "euc_kr",
        "이가기는다에의을를지고로사한하시리자스어도은정아그인서대나수해부라상일제보주전드소트비원선장마세무용성동신조유구여연"
        "녹차컵잔접시머그그릇옷바지치마신발모자가방수건담요베개램프의자책상침대상자병책펜종이꽃나무돌금은동철면린넨실크가죽색빨강파랑검정흰",
        "KR KP",
    ),
)
HOME_BONUS = 0.3
"""Of the language of the store's country."""
_NEVER_FIRST = frozenset("èùìòßъьыЪЬЫ")
_HOME = MappingProxyType(
    {code: one for one in (*_LATIN, *_EASTERN, *_OTHER) for code in one.countries.split()},
)


NAMES = MappingProxyType(
    {
        "utf-8": N_("UTF-8"),
        "gb18030": N_("Chinese (GB18030, GBK)"),
        "big5": N_("Chinese (Big5)"),
        "shift_jis": N_("Japanese (Shift JIS)"),
        "euc_kr": N_("Korean (EUC-KR)"),
        "cp1252": N_("Western European (Windows)"),
        "cp1250": N_("Central European (Windows)"),
        "cp1254": N_("Turkish (Windows)"),
        "cp1257": N_("Baltic (Windows)"),
        "cp1251": N_("Cyrillic (Windows)"),
        "cp1253": N_("Greek (Windows)"),
        "cp1255": N_("Hebrew (Windows)"),
        "cp1256": N_("Arabic (Windows)"),
        "cp874": N_("Thai (Windows)"),
        "mac_roman": N_("Western European (Mac)"),
    }
)
"""Of those that a person can choose."""


def decoded(data: bytes, country: str = "") -> tuple[str, str] | None:
    """The text and its encoding; None if it is no text. Where several are as likely, the one that is usual in the
    `country` (an ISO 3166 code) is taken."""
    mark = next((name for mark, name in _BY_MARK.items() if data.startswith(mark)), "") or _utf_16(data)
    if text := _read(data, mark or "utf-8"):
        return text, (mark or "utf-8").removesuffix("-sig")
    if b"\0" in data:
        return None
    ranked = likeliest(data, country)
    texts = ((_read(data, encoding), encoding) for encoding in (*ranked, "cp1252"))
    return next(((text, encoding) for text, encoding in texts if text is not None), None)


def _utf_16(data: bytes) -> str:
    """Of a file without a mark: every other byte of its ASCII is zero."""
    head = data[:2000]
    if len(head) < 4 or not head.count(0):
        return ""
    low, high = head[1::2].count(0), head[::2].count(0)
    return "utf-16-le" if low > 3 * high else "utf-16-be" if high > 3 * low else ""


def _read(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def likeliest(data: bytes, country: str = "") -> list[str]:
    """The encodings by how likely the words of the file are in each, the likeliest first."""
    sample = _sample(data)
    home = _HOME.get(country.upper())
    order = sorted((*_LATIN, *_EASTERN, *_OTHER), key=lambda one: one is not home)
    scores: dict[str, float] = {}
    for language in order:
        text = sample.decode(language.encoding, "replace")
        score = _score(text, language) * language.prior + (HOME_BONUS if language is home else 0)
        scores[language.encoding] = max(score, scores.get(language.encoding, 0.0))
    return sorted(scores, key=lambda encoding: -round(scores[encoding], 3))


def _sample(data: bytes) -> bytes:
    """Of the lines with something beyond ASCII, each once."""
    lines: dict[bytes, None] = {}
    size, at = 0, 0
    for _ in range(_LINES):
        sign = _BEYOND_ASCII.search(data, at)
        if sign is None or size > _SAMPLE_BYTES:
            break
        first = sign.start()
        start = max(data.rfind(b"\n", at, first) + 1, at, first - _BEFORE_BYTES)
        at = data.find(b"\n", first, first + _LINE_BYTES)
        at = at if at > 0 else first + _LINE_BYTES
        line = data[start:at]
        size += 0 if line in lines else len(line)
        lines[line] = None
    return b"\n".join(lines)


def _score(text: str, language: Alphabet) -> float:
    """Between 0 and 1: how much of what is beyond ASCII is as the language would have it, by bytes."""
    if language in _EASTERN:
        counts = Counter(c for c in text if ord(c) > 127)
        weights = [(_eastern(c, language), times) for c, times in counts.items()]
    else:
        letters = _letters(text, language)
        beyond = [(n, c) for n, c in enumerate(text) if ord(c) > 127]
        weights = [(_sign(text, n) if c in _SIGNS else letters.get(n, 0.0), 1) for n, c in beyond]
    return sum(w * size for w, size in weights) / max(1, sum(size for _, size in weights))


def _eastern(character: str, language: Alphabet) -> float:
    if character == "\ufffd":
        return 0.0
    if character in language.letters:
        return 1.0
    if _FULL_WIDTH.match(character) or character in _SIGNS:
        return 0.95
    encoded = character.encode(language.encoding)
    if len(encoded) != 2:
        return 0.65 if language.encoding == "shift_jis" else 0.2  # narrow kana
    lead, trail = encoded
    frequent = {
        "gb18030": 0xB0 <= lead <= 0xD7 and trail >= 0xA1,
        "big5": 0xA4 <= lead <= 0xC6,
        "shift_jis": 0x88 <= lead <= 0x97,
        "euc_kr": 0xB0 <= lead <= 0xC8,
    }[language.encoding]
    return 0.85 if frequent else 0.4 if 0xD8 <= lead <= 0xF7 and trail >= 0xA1 else 0.1


def _letters(text: str, language: Alphabet) -> dict[int, float]:
    """The weight of each letter beyond ASCII, by its place: words are of one script, and a capital does not follow a
    small letter."""
    weights: dict[int, float] = {}
    latin = language in _LATIN
    for match in _WORD.finditer(text):
        word = match[0]
        plain = sum(c.isascii() for c in word)
        whole = _as_word(word, plain, language)
        small_before = False
        for n, character in enumerate(word):
            if not character.isascii():
                mixed = plain == 0 and len(word) > 1 if latin else plain > 0
                known = character in language.letters or (not latin and character.lower() in language.letters)
                capital_within = small_before and character.isupper()
                first = n == 0 and len(word) > 1 and character in _NEVER_FIRST
                right = known and not mixed and not capital_within
                weights[match.start() + n] = (0.3 if first else whole) if right else 0.0
            small_before = small_before or character.islower()
    return weights


def _as_word(word: str, plain: int, language: Alphabet) -> float:
    """Lower where the word as a whole is none of the language."""
    if language not in _LATIN:
        return 0.9 if len(word) < 3 else 1.0 if not language.vowels or set(language.vowels) & set(word.lower()) else 0.5
    one_accent = "IT" in language.countries and len(word) - plain > 1
    odd = re.search("œ(?![ui])|Œ(?![uifUIF])", word)
    return 0.4 if one_accent or odd else 1.0


def _sign(text: str, at: int) -> float:
    """A sign stands beside ASCII, and few stand within a word."""
    before, after = text[at - 1 : at] or " ", text[at + 1 : at + 2] or " "
    if not before.isascii() or not after.isascii():
        return 1.0 if text[at] in _WITHIN_WORDS and (before in _SIGNS or after in _SIGNS) else 0.4
    return 0.2 if before.isalpha() and after.isalpha() and text[at] not in _WITHIN_WORDS else 1.0
