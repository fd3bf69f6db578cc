"""All that a person goes by, from one thing that is known of him."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import sqlalchemy as sa

from connectors.errors import Misconfigured
from sync.overlap import SMALL
from sync.reading import Reading
from sync.store import Somebody
from sync.store.tables import ledger

if TYPE_CHECKING:
    from sync.app import App

#: What each row of the lake goes by, in small letters where that does not count.
GO_BY = """
CREATE TABLE go_by AS SELECT DISTINCT
    nullif(trim(customer_id), '') AS id,
    nullif(lower(trim(email)), '') AS email,
    nullif(trim(phone), '') AS phone,
    source
FROM read_parquet($files)
"""
IDS = "SELECT DISTINCT id FROM go_by WHERE email = $email AND id IS NOT NULL ORDER BY 1"
#: An id means one person in one source; the same in two may be two.
SEVERAL = """
SELECT id FROM go_by WHERE id IN (SELECT unnest($ids))
GROUP BY id HAVING count(DISTINCT source) > 1 ORDER BY 1
"""
#: The addresses of these ids that stand beside no other id.
OWN = """
SELECT email FROM go_by WHERE email IS NOT NULL GROUP BY email
HAVING bool_or(id IN (SELECT unnest($ids))) AND
    coalesce(bool_and(id IN (SELECT unnest($ids))), true) ORDER BY 1
"""
PHONES = """
SELECT DISTINCT phone FROM go_by
WHERE phone IS NOT NULL AND (id IN (SELECT unnest($ids)) OR email IN (SELECT unnest($emails)))
ORDER BY 1
"""


def somebody(app: App, who: str, *, everybody: bool = False) -> Somebody | None:
    """The person with that customer id or e-mail address, None if nothing is known of one.

    Ids that were found to be one person are one. An address that stands beside other people's ids
    stays with them: an id does not lead to it.
    Raises Misconfigured for an address of several ids, unless ``everybody`` of them is meant.
    """
    address = who.strip().lower() if "@" in who else None
    with duckdb.connect(config=SMALL) as base:
        _load(app, base)
        known = base.execute("SELECT count(*) FROM go_by WHERE id = $who", {"who": who}).fetchone()
        if known is not None and known[0]:
            address = None
        ids = [who] if address is None else _column(base, IDS, email=address)
        joined = _joined(app, base, ids, address)
        if joined is not None:
            ids = joined
        elif len(ids) > 1 and not everybody:
            raise Misconfigured(
                f"that address stands beside {len(ids):,} customer ids, of which the first is "
                f"{ids[0]}; give one of the ids, or --everybody to mean all of them"
            )
        several = _column(base, SEVERAL, ids=ids)
        if several and not everybody:
            raise Misconfigured(
                f"the customer id {several[0]} stands in several sources, where it may be several "
                "people; --everybody means all of them"
            )
        emails = {*_column(base, OWN, ids=ids), *([address] if address is not None else [])}
        phones = _column(base, PHONES, ids=ids, emails=sorted(emails))
        there = base.execute(
            "SELECT count(*) FROM go_by WHERE id IN (SELECT unnest($ids)) "
            "OR email IN (SELECT unnest($emails))",
            {"ids": ids, "emails": sorted(emails)},
        ).fetchone()
    told = _told(app, who if address is None else address)
    if not (there is not None and there[0]) and not told:
        return None
    return Somebody(tuple(sorted({*ids, *told} - emails)), tuple(sorted(emails)), tuple(phones))


def _joined(
    app: App, base: duckdb.DuckDBPyConnection, ids: list[str], address: str | None
) -> list[str] | None:
    """All ids of the one person whom these were found to be; None if nobody or several."""
    snapshot = app.store.latest_snapshot()
    name = None if snapshot is None else Reading.from_dict(snapshot.reading).cards
    path = None if name is None else app.loaded.data_dir / name
    if path is None or not path.exists():
        return None
    given = {"cards": str(path), "ids": ids, "address": address}
    whose = "SELECT DISTINCT customer FROM read_parquet($cards) WHERE "
    whose += "id IN (SELECT unnest($ids)) OR email = $address"
    if len(base.execute(whose, given).fetchall()) != 1:
        return None
    theirs = f"SELECT DISTINCT id FROM read_parquet($cards) WHERE customer IN ({whose})"  # noqa: S608
    return sorted({*ids, *(row[0] for row in base.execute(theirs, given).fetchall() if row[0])})


def _load(app: App, base: duckdb.DuckDBPyConnection) -> None:
    root = app.loaded.data_dir / "lake"
    files = [str(root / path) for _, _, path in app.store.all_parts() if (root / path).exists()]
    if files:
        base.execute(GO_BY, {"files": files})
    else:
        base.execute(
            "CREATE TABLE go_by (id VARCHAR, email VARCHAR, phone VARCHAR, source VARCHAR)"
        )


def _column(base: duckdb.DuckDBPyConnection, query: str, **given: object) -> list[str]:
    return [row[0] for row in base.execute(query, given).fetchall()]


def _told(app: App, key: str) -> list[str]:
    """Customers by that key of whom a destination was told, though the lake may know them no more.

    ``wanted`` begins with id, address and number.
    """
    quoted = json.dumps(key, ensure_ascii=False).replace("\\", "\\\\")
    pattern = quoted.replace("%", "\\%").replace("_", "\\_")
    query = sa.select(ledger.c.customer_id).distinct()
    is_his = sa.or_(
        ledger.c.customer_id == key,
        sa.func.lower(ledger.c.wanted).like(f"[%,{pattern},%", escape="\\")
        if "@" in key
        else sa.false(),
    )
    with app.store.read() as connection:
        return sorted(connection.execute(query.where(is_his)).scalars())
