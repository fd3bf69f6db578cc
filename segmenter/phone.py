"""Telephone numbers in one spelling: E.164, by libphonenumber's port."""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

#: Two spellings of one number end in the same digits; only those who share them are looked at.
TAIL = 8


def e164(numbers: Iterable[str], region: str | None) -> list[str | None]:
    """Each number as ``+442079460000``, or None if it cannot be dialled.

    ``region`` (ISO 3166, two letters) is where numbers without a country code belong; without it
    they are none. A number with an extension is a switchboard's and nobody's own: None.
    """
    return [_e164(number, region) for number in numbers]


def _e164(number: str, region: str | None) -> str | None:
    try:
        found = phonenumbers.parse(number, region)
    except NumberParseException:
        return None
    if found.extension is not None or not phonenumbers.is_possible_number(found):
        return None
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)
