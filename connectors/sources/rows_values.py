"""From what stands in a file to a value: SQL for DuckDB, and a sentence where there is none.

Each function takes a column and its DuckDB type and gives an expression that is NULL for what is
missing or cannot be read. Nothing is guessed: a date that two readers would read differently, or
a number with an unexpected comma, is no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What people's tools write for "nothing", in lower case.
BLANKS = ("", "null", "nan", "none", "#n/a")
#: White space that Excel and the web leave around values.
SPACE = " \t\r\n\u00a0\ufeff"

DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
CLOCK = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
LOCAL = rf"{DAY}({CLOCK})?"
ZONED = rf"{DAY}{CLOCK} ?(Z|UTC|[+-]\d{{2}}(:?\d{{2}})?)"
COMPACT = r"(19|20)\d{6}"
#: The shape of an address; whether it receives mail is for the vendor to find out.
EMAIL = r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>.]+"


def literal(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def trimmed(column: str, kind: str) -> str:
    """The cell as text without white space around it."""
    if kind != "VARCHAR":
        return f"CAST({column} AS VARCHAR)"
    # trimming is the slowest step of all, so only where an end is no common sign
    ends = (column, f"right({column}, 1)")
    odd = " OR ".join(f"{end} < '!' OR {end} > '~'" for end in ends)
    return f"CASE WHEN {odd} THEN trim({column}, {literal(SPACE)}) ELSE {column} END"


def given(plain: str) -> str:
    """The text, NULL where it is blank or says so in words."""
    blanks = ", ".join(literal(blank) for blank in BLANKS)
    return f"CASE WHEN lower({plain}) IN ({blanks}) THEN NULL ELSE {plain} END"


def identifier(plain: str) -> str:
    """An id as text. A number that a tool wrote as 17850.0 is "17850" again."""
    return f"regexp_replace({plain}, '^(\\d+)\\.0+$', '\\1')"


def email(column: str) -> str:
    """The address in lower case, NULL where the text has not the shape of one."""
    shaped = f"regexp_full_match({column}, {literal(EMAIL)}) AND length({column}) <= 254"
    return f"CASE WHEN {shaped} THEN lower({column}) END"


def moment(cell: str, plain: str, kind: str, zone: str, formats: Sequence[str]) -> str:
    """A moment. What bears no zone is local time in ``zone``.

    An hour that the clocks ran through twice is read as the second one, in winter time; a time
    that they jumped over is moved on by the jump (01:30 becomes 02:30): that is ICU's rule, and
    no row is lost by it. A day without a time is its first moment.
    """
    at_zone = f"timezone({literal(zone)}, {{}})".format
    if kind == "TIMESTAMP WITH TIME ZONE":
        return cell
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return at_zone(f"CAST({cell} AS TIMESTAMP)")
    if formats:
        return f"coalesce({', '.join(_formatted(plain, form, zone) for form in formats)})"
    compact = f"try_strptime({plain}, '%Y%m%d')"
    return (
        f"CASE WHEN regexp_full_match({plain}, {literal(LOCAL)})"
        f" THEN {at_zone(f'TRY_CAST({plain} AS TIMESTAMP)')}"
        f" WHEN regexp_full_match({plain}, {literal(ZONED)})"
        f" THEN TRY_CAST({plain} AS TIMESTAMPTZ)"
        f" WHEN regexp_full_match({plain}, {literal(COMPACT)})"
        f" THEN {at_zone(compact)} END"
    )


def _formatted(plain: str, form: str, zone: str) -> str:
    parsed = f"try_strptime({plain}, {literal(form)})"
    return parsed if "%z" in form else f"timezone({literal(zone)}, {parsed})"


def number(plain: str, width: str, decimal: str, thousands: str) -> str:
    """A decimal of that width. A float is the shortest decimal that means it: 2.55, not 2.5499."""
    point, comma = re.escape(decimal), re.escape(thousands)
    digits = rf"(\d+|\d{{1,3}}({comma}\d{{3}})+)" if thousands else r"\d+"
    shape = rf"[+-]?({digits}({point}\d*)?|{point}\d+)([eE][+-]?\d+)?"
    bare = f"replace({plain}, {literal(thousands)}, '')" if thousands else plain
    pointed = bare if decimal == "." else f"replace({bare}, {literal(decimal)}, '.')"
    return (
        f"CASE WHEN regexp_full_match({plain}, {literal(shape)})"
        f" THEN TRY_CAST({pointed} AS DECIMAL({width})) END"
    )


def why_no_date(value: str, formats: Sequence[str]) -> str:
    """Why this text is no date, and what to do about it."""
    if formats:
        return f"is not a date as date_format {' or '.join(map(repr, formats))} has it"
    parts = re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}", value)
    if parts is None:
        return "is not a date; set date_format if it is one in another form"
    if max(int(parts[1]), int(parts[2])) <= 12:
        return (
            "can be read with the day first or the month first;"
            ' set date_format, such as "%d/%m/%Y" or "%m/%d/%Y"'
        )
    return 'is not an ISO date; set date_format, such as "%d/%m/%Y" or "%m/%d/%Y"'


def why_no_amount(value: str, decimal: str, thousands: str) -> str:
    """Why this text is no amount, and what to do about it."""
    if decimal == "." and re.fullmatch(r"[+-]?\d+,\d{1,2}", value):
        return 'is not an amount; set decimal: "," if the comma is the decimal sign'
    if not thousands and re.fullmatch(r"[+-]?\d{1,3}([,. ' ]\d{3})+([.,]\d+)?", value):
        return "is not an amount; set thousands: to the sign between its thousands"
    return "is not an amount"


def shown(text: str | None) -> str:
    """A cell as a message may have it: no address of a customer stands in one."""
    return "is empty" if text is None else "an address" if "@" in text else repr(text[:40])
