"""Telephone numbers: kept as people write them, and in E.164 where a country tells what they mean."""

import re

import phonenumbers

from unwall.kernel import typed

MAX_PHONE_CHARACTERS = 40
MIN_DIGITS, MAX_DIGITS = 5, 20
"""A local number with its extension has up to 20."""

_EXTENSION = re.compile(
    r"(?:[,;#]|转|轉|分机|分機|內線|内线"
    r"|(?<![^\W\d])(?:extension|extn|ext|x|ramal|poste|int|доб|anexo)(?![^\W\d]))[ .:#]*"
)
_SIGNS = frozenset("0123456789 ()/.+-")


def tidied(text: str) -> str:
    """As it is kept for people: the digits, dashes and spaces of ASCII, without invisible marks."""
    return typed.code(text)


def digits(text: str) -> str:
    """Without the zeros at the beginning, which a number written with its country lacks: to compare ends of numbers."""
    return "".join(sign for sign in tidied(text) if sign.isdecimal()).lstrip("0")


def is_phone(text: str, country: str = "") -> bool:
    """Whether a tidied text can be dialled. Letters only stand before an extension, or in a number that the country
    knows ("1-800-FLOWERS")."""
    if len(text) > MAX_PHONE_CHARACTERS:
        return False
    number, *extension = _EXTENSION.split(text.lower(), maxsplit=1)
    rest = extension[0].strip(" ()") if extension else ""
    written = not set(number) - _SIGNS and (not extension or rest.isdigit()) and "+" not in number.lstrip(" (")[1:]
    digits = sum(c.isdigit() for c in number)
    return (written and MIN_DIGITS <= digits <= MAX_DIGITS) or bool(e164(text, country))


def e164(text: str, country: str = "") -> str:
    """The number as machines dial it, such as +8613800138000; an extension is left out. Empty where it is not a number
    of the country (an ISO 3166 code) and does not name its own."""
    if len(text) > MAX_PHONE_CHARACTERS:
        return ""
    try:
        number = phonenumbers.parse(_EXTENSION.sub(" ext ", tidied(text), count=1), country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
