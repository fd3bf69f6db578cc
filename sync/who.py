"""All that a person goes by, from one thing that is known of him."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import sqlalchemy as sa

from connectors.errors import Misconfigured
from segmenter.phone import e164
from sync.goby import dial, load_go_by
from sync.overlap import SMALL
from sync.reading import published
from sync.store import Somebody
from sync.store.tables import ledger

if TYPE_CHECKING:
    from sync.app import App

BY_ID = """
SELECT DISTINCT customer FROM go_by
WHERE $who IN (id, own, customer, raw, source || ':' || raw) AND customer IS NOT NULL
"""
BY_ADDRESS = "SELECT DISTINCT customer FROM go_by WHERE email = $who AND customer IS NOT NULL"
BY_NUMBER = """
SELECT DISTINCT customer FROM go_by WHERE $number IN (number, own) AND customer IS NOT NULL
"""
#: What a person gives to tell two apart who bear one id.
IN_SOURCES = """
SELECT DISTINCT source || ':' || raw FROM go_by WHERE raw = $who AND source IS NOT NULL ORDER BY 1
"""
KEYS = """
SELECT DISTINCT unnest([id, own, customer]) FROM go_by WHERE customer IN (SELECT unnest($owners))
"""
ACCOUNTS = """
SELECT DISTINCT source, raw FROM go_by
WHERE customer IN (SELECT unnest($owners)) AND raw IS NOT NULL AND source IS NOT NULL ORDER BY ALL
"""
#: Addresses and numbers of theirs; those alone that stand beside nobody else but a mere guest.
EMAILS = """
SELECT email FROM go_by WHERE email IS NOT NULL GROUP BY email
HAVING bool_or(customer IN (SELECT unnest($owners))) AND
    bool_and(customer IN (SELECT unnest($owners)) OR customer IS NULL OR customer = email)
"""
NUMBERS = """
SELECT number FROM go_by WHERE number IS NOT NULL GROUP BY number
HAVING bool_or(customer IN (SELECT unnest($owners))) AND
    bool_and(customer IN (SELECT unnest($owners)) OR customer IS NULL OR customer = number)
"""
PHONES = """
SELECT phone FROM go_by WHERE phone IS NOT NULL GROUP BY phone
HAVING bool_or(customer IN (SELECT unnest($owners)) OR number IN (SELECT unnest($numbers))) AND
    bool_and(customer IN (SELECT unnest($owners)) OR customer IS NULL OR customer = number)
"""
BESIDE = "SELECT DISTINCT phone FROM go_by WHERE customer IN (SELECT unnest($owners))"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was given, and how it can be read."""

    who: str
    address: str | None = None
    number: str | None = None


def somebody(app: App, who: str, *, everybody: bool = False) -> Somebody | None:
    """The person with that customer id, e-mail address or phone; None if nothing is known of one.

    An id is as it is shown (``outlet:9001``) or as its source has it. Ids that were found to be
    one person are one. An address or number that stands beside other people stays with them: an
    id does not lead to it. Raises Misconfigured for what may be several people, unless
    ``everybody`` of them is meant.
    """
    with duckdb.connect(config=SMALL) as base:
        load_go_by(app, base)
        dial(app, base, [who])
        asked, owners = _owners(app, base, who.strip())
        if len(set(owners) - {asked.address}) > 1 and not everybody:
            raise Misconfigured(_several(base, asked, sorted({*owners} - {asked.address})))
        dial(app, base, _column(base, BESIDE, owners=owners))
        given = {one for one in (asked.address,) if one is not None}
        emails = {*_column(base, EMAILS, owners=owners), *given}
        numbers = _column(base, NUMBERS, owners=owners)
        phones = {*numbers, *_column(base, PHONES, owners=owners, numbers=numbers)}
        keys = set(_column(base, KEYS, owners=owners))
        accounts = base.execute(ACCOUNTS, {"owners": owners}).fetchall()
    told = _told(app, asked)
    if not owners and not told:
        return None
    ids = {*keys, *told} - emails - phones
    return Somebody(
        tuple(sorted(ids)), tuple(sorted(emails)), tuple(sorted(phones)), tuple(accounts)
    )


def _owners(app: App, base: duckdb.DuckDBPyConnection, who: str) -> tuple[_Asked, list[str]]:
    """The customers that are meant; an id comes before an address, and that before a number."""
    found = _column(base, BY_ID, who=who)
    is_guest = found == [who.lower()]
    if "@" in who and (not found or is_guest):
        asked = _Asked(who, address=who.lower())
        return asked, _column(base, BY_ADDRESS, who=who.lower())
    if found:
        return _Asked(who), found
    (number,) = e164([who], published(app).phone_region)
    if number is None:
        return _Asked(who), []
    return _Asked(who, number=number), _column(base, BY_NUMBER, number=number)


def _several(base: duckdb.DuckDBPyConnection, asked: _Asked, owners: list[str]) -> str:
    if asked.address is None and asked.number is None:
        names = " or ".join(_column(base, IN_SOURCES, who=asked.who)) or " or ".join(owners[:2])
        return (
            f"the customer id {asked.who} stands in several sources, where it may be several "
            f"people: give {names}; --everybody means all of them"
        )
    kind = "number" if asked.address is None else "address"
    return (
        f"that {kind} stands beside {len(owners):,} customer ids, of which the first is "
        f"{owners[0]}; give one of the ids, or --everybody to mean all of them"
    )


def _column(base: duckdb.DuckDBPyConnection, query: str, **given: object) -> list[str]:
    return sorted(row[0] for row in base.execute(query, given).fetchall() if row[0] is not None)


def _told(app: App, asked: _Asked) -> list[str]:
    """Customers by that key of whom a destination was told, though the lake may know them no more.

    ``wanted`` begins with id, address and number.
    """
    is_his = [ledger.c.customer_id == (asked.number or asked.address or asked.who)]
    for key in (asked.address, asked.number):
        if key is not None:
            quoted = json.dumps(key, ensure_ascii=False).replace("\\", "\\\\")
            pattern = quoted.replace("%", "\\%").replace("_", "\\_")
            is_his.append(sa.func.lower(ledger.c.wanted).like(f"[%,{pattern},%", escape="\\"))
    query = sa.select(ledger.c.customer_id).distinct().where(sa.or_(*is_his))
    with app.store.read() as connection:
        return sorted(connection.execute(query).scalars())
