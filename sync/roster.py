"""Who is to join and to leave the lists of a destination: published customers minus ledger."""
# ruff: noqa: S608 - the SQL is put together from our own columns; names and texts are quoted

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from connectors.base import Destination
from sync.audiences import CHANNEL, IN, OUT, Audiences, kind_of, lists_of, rows_of_lists
from sync.difference import CHUNK
from sync.ledger import ATTRIBUTES, Entry, Mark
from sync.store import Store
from sync.store.tables import ledger

_HELD = pa.schema(
    [
        ("list", pa.string()),
        ("customer_id", pa.string()),
        ("wanted", pa.string()),
        ("mark", pa.string()),
        ("sent", pa.string()),
        ("accepted", pa.string()),
        ("flying", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class RosterCounts:
    """Changes of lists. ``first`` of the ``joins`` are into lists that were never loaded.

    ``members`` stand on a list by us, ``in_flight`` are in a job at the vendor.
    """

    joins: int
    leaves: int
    first: int
    members: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Part:
    """The changes of one kind to one list."""

    name: str
    joins: bool
    count: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What would become of the changes of lists; ``requests`` are those that change something."""

    joins: int = 0
    leaves: int = 0
    waiting: int = 0
    in_flight: int = 0
    requests: int = 0


class Roster:
    """What is due on the lists of one destination, computed once when it is made.

    Due to leave is only who joined by us, or may have, and by the address by which he joined. Who
    vanished from the published customers stays where he is, as his properties do; an id that is
    somebody else's by now leaves. Who is in a job at the vendor is not due, nor is who would join
    while his profile is refused. ``by_address``: people are known by their address here; then
    nobody leaves while another with his address belongs there, and a new address joins anew.
    """

    def __init__(
        self,
        snapshot: Path,
        chosen: Audiences,
        store: Store,
        destination: str,
        *,
        by_address: bool,
        retired: Path | None = None,
    ) -> None:
        self.chosen = chosen
        self._db = duckdb.connect()
        self._source = f"read_parquet({_text(str(snapshot))})"
        self._load(store, destination)
        self._compute(chosen, by_address=by_address, retired=retired)
        self.counts = self._counts()

    def close(self) -> None:
        """Give the memory back."""
        self._db.close()

    def hold(self, customers: Collection[str], *, leaves: bool, first: bool) -> None:
        """Have these customers wait; and all who leave, with what else they do; and first loads."""
        stuck = pa.table({"customer_id": pa.array(sorted(customers), pa.string())})
        self._db.register("stuck", stuck)
        self._db.execute(
            "UPDATE due SET held = (first AND ?) "
            "OR (? AND customer_id IN (SELECT customer_id FROM due WHERE NOT joins)) "
            "OR customer_id IN (SELECT customer_id FROM stuck)",
            [first, leaves],
        )
        self._db.unregister("stuck")

    def waiting(self) -> int:
        """How many changes are held."""
        return self._number("SELECT count(*) FROM due WHERE held")

    def going(self) -> int:
        """How many changes are not held."""
        return self._number("SELECT count(*) FROM due WHERE NOT held")

    def free(self) -> list[Part]:
        """What may go, by list: first those who leave, then those who join."""
        rows = self._db.execute(
            "SELECT list, joins, count(*) FROM due WHERE NOT held "
            "GROUP BY list, joins ORDER BY joins, list"
        ).fetchall()
        return [Part(*row) for row in rows]

    def entries(self, part: Part) -> Iterator[Entry]:
        """The changes of a part that may go, by customer id, read some at a time."""
        member = "true" if part.joins else "false"
        rows = self._db.cursor().execute(
            "SELECT customer_id, to_json(struct_pack(email := email, phone := phone, "
            f"properties := struct_pack(member := {member})))::VARCHAR FROM due "
            "WHERE NOT held AND list = ? AND joins = ? ORDER BY customer_id",
            [part.name, part.joins],
        )
        while some := rows.fetchmany(CHUNK):
            for customer_id, sent in some:
                yield Entry(customer_id, IN if part.joins else OUT, sent)

    def _load(self, store: Store, destination: str) -> None:
        """What the ledger says of lists, whose profiles are refused, and which lists are open."""
        at = ledger.c.destination == destination
        columns = (
            sa.func.substr(ledger.c.channel, len(CHANNEL) + 1),
            ledger.c.customer_id,
            ledger.c.wanted,
            ledger.c.mark,
            sa.func.coalesce(ledger.c.value, ledger.c.accepted),
            ledger.c.accepted,
            ledger.c.ticket.is_not(None),
        )
        query = sa.select(*columns).where(rows_of_lists(store, destination))
        self._db.register("none_yet", _HELD.empty_table())
        self._db.execute("CREATE TABLE held AS SELECT * FROM none_yet")
        with store.read() as connection:
            rows = connection.execution_options(yield_per=CHUNK).execute(query)
            for some in rows.partitions():
                *values, flying = zip(*some, strict=True)
                part = pa.table([*values, list(map(bool, flying))], schema=_HELD)
                self._db.register("more", part)
                self._db.execute("INSERT INTO held SELECT * FROM more")
                self._db.unregister("more")
        refused = sa.select(ledger.c.customer_id).where(
            at, ledger.c.channel == ATTRIBUTES, ledger.c.mark == Mark.REFUSED.value
        )
        with store.read() as connection:
            ids = list(connection.execute(refused).scalars())
        open_ = [n for n, k in lists_of(store, destination).items() if k.opened_at is not None]
        self._db.register("refused", pa.table({"customer_id": pa.array(ids, pa.string())}))
        self._db.register("loaded", pa.table({"list": pa.array(open_, pa.string())}))

    def _compute(self, chosen: Audiences, *, by_address: bool, retired: Path | None) -> None:
        here = " UNION ALL ".join(
            f"SELECT customer_id, {_text(chosen.name(scheme, ''))} || {scheme}_segment AS list, "
            f"email, phone FROM {self._source} WHERE {scheme}_segment IS NOT NULL"
            for scheme in chosen.schemes
        )
        self._db.execute(f"CREATE TABLE wanted AS {here}")
        present = f"SELECT customer_id FROM {self._source}"
        if retired is not None:
            present += f" UNION SELECT customer_id FROM read_parquet({_text(str(retired))})"
        moved = "json_extract_string(h.sent, '$.email') IS DISTINCT FROM w.email"
        stays = (
            f"h.wanted = '{IN}' AND h.mark IN ('{Mark.ACKED}', '{Mark.REFUSED}') "
            f"AND NOT ({by_address} AND {moved})"
        )
        self._db.execute(
            "CREATE TABLE due AS SELECT list, customer_id, w.email, w.phone, true AS joins, "
            "list NOT IN (SELECT list FROM loaded) AS first, false AS held "
            "FROM wanted AS w LEFT JOIN held AS h USING (customer_id, list) "
            f"WHERE NOT coalesce(h.flying, false) AND NOT coalesce({stays}, false) "
            "AND customer_id NOT IN (SELECT customer_id FROM refused)"
        )
        member = "json_extract_string(h.accepted, '$.properties.member') = 'true'"
        email = "json_extract_string(h.sent, '$.email')"
        shared = (
            "SELECT 1 FROM wanted AS o WHERE o.list = h.list "
            f"AND lower(o.email) = lower({email}) AND {by_address}"
        )
        self._db.execute(
            f"INSERT INTO due SELECT list, customer_id, {email}, "
            "json_extract_string(h.sent, '$.phone'), false, false, false "
            "FROM held AS h ANTI JOIN wanted USING (customer_id, list) WHERE NOT h.flying "
            f"AND ((h.wanted = '{IN}' AND (h.mark IN ('{Mark.ACKED}', '{Mark.UNSURE}') "
            f"OR coalesce({member}, false))) OR (h.wanted = '{OUT}' AND h.mark = '{Mark.UNSURE}')) "
            f"AND customer_id IN ({present}) AND NOT EXISTS ({shared})"
        )

    def _counts(self) -> RosterCounts:
        joins, first = self._db.execute(
            "SELECT count(*), count(*) FILTER (first) FROM due WHERE joins"
        ).fetchall()[0]
        leaves = self._number("SELECT count(*) FROM due WHERE NOT joins")
        members = self._number(
            f"SELECT count(*) FROM held WHERE wanted = '{IN}' AND mark = 'acked'"
        )
        flying = self._number("SELECT count(*) FROM held WHERE flying")
        return RosterCounts(joins, leaves, first, members, flying)

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchall()[0][0])


def expected(roster: Roster | None, connector: Destination[Any]) -> Expected:
    """What a roster comes to at a destination, once it is known what is held."""
    if roster is None:
        return Expected()
    parts, requests = roster.free(), 0
    for part in parts:
        delivery = connector.delivery(kind_of(joins=part.joins))
        requests += 0 if delivery is None else math.ceil(part.count / delivery.size)
    joins = sum(part.count for part in parts if part.joins)
    leaves = sum(part.count for part in parts if not part.joins)
    return Expected(joins, leaves, roster.waiting(), roster.counts.in_flight, requests)


def _text(value: str) -> str:
    """A text inside SQL."""
    return "'" + value.replace("'", "''") + "'"
