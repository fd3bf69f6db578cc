"""What a destination still lacks: the published customers minus the ledger, in sets."""
# ruff: noqa: S608 - the SQL is put together from our own columns; the path and names are quoted

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import duckdb
import pyarrow as pa

from sync.ledger import Entry, Ledger
from sync.projection import Projection
from sync.scan import Scan

#: Customers that are read at a time.
CHUNK = 50_000


class Kind(StrEnum):
    """Why a customer is due."""

    #: Never accepted at this destination.
    ENTRY = "entry"
    #: Accepted before, and now someone else or somewhere else; or it is unsure what he is there.
    MOVE = "move"
    #: Only a number has drifted further than the operator tolerates.
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Counts:
    """Customers by why they are due, and how the ledger stands beside them.

    ``known`` were ever accepted, ``in_flight`` are in a job at the vendor, ``vanished`` stand in
    the ledger but no longer among the customers: what was sent of them is left as it is.
    """

    entries: int
    moves: int
    refreshes: int
    known: int
    in_flight: int
    vanished: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Ids that are somebody else's by now: a file with ``customer_id`` and last ``email``.

    ``by_address``: this destination knows people by their address. If a customer of today has that
    address, then the profile is his, and stays.
    """

    path: Path
    by_address: bool

    def rows(self, customers: str) -> str:
        """The SQL of those that have a profile of their own here."""
        if not self.by_address:
            return f"SELECT customer_id, NULL::VARCHAR AS email FROM {_file(self.path)}"
        used = f"SELECT email FROM {customers} WHERE email IS NOT NULL"
        return (
            f"SELECT customer_id, email FROM {_file(self.path)} "
            f"WHERE email IS NULL OR email NOT IN ({used})"
        )


class Difference:
    """The customers that are due at one destination, computed once when it is made.

    A customer is due unless the ledger says that exactly this was accepted, or refused. Those in a
    job at the vendor are not due: their job is asked first. Of an id that has ``ended`` every
    property that was ever accepted is cleared, once.
    """

    def __init__(
        self,
        snapshot: Path,
        projection: Projection,
        ledger: Ledger,
        ended: Ended | None = None,
    ) -> None:
        self._projection = projection
        self._db = duckdb.connect()
        self._source = self._everybody = _file(snapshot)
        self._wanted, self._over = projection.wanted(), "false"
        if ended is not None:
            self._everybody = (
                f"(SELECT *, false AS ended FROM {self._source} UNION ALL BY NAME "
                f"SELECT *, true AS ended FROM ({ended.rows(self._source)}))"
            )
            self._wanted = (
                f"CASE WHEN ended THEN to_json([customer_id, 'ended'])::VARCHAR "
                f"ELSE {self._wanted} END"
            )
            self._over = "ended"
        self.counts = self._compute(ledger)

    def close(self) -> None:
        """Give the memory back."""
        self._db.close()

    def _compute(self, ledger: Ledger) -> Counts:
        customers = self._number(f"SELECT count(*) FROM {self._everybody}")
        scan = Scan(ledger)
        standing, settled = scan.scan(customers)
        self._register("settled", pa.table({"wanted": settled}))
        self._db.execute(
            "CREATE TABLE open AS SELECT customer_id, over FROM (SELECT customer_id, "
            f"{self._over} AS over, {self._wanted} AS wanted FROM {self._everybody}) "
            "ANTI JOIN settled USING (wanted)"
        )
        self._db.unregister("settled")
        opened = self._number("SELECT count(*) FROM open")
        ids = self._db.sql("SELECT customer_id FROM open").to_arrow_table().column(0)
        self._register("facts", scan.facts(ids))
        self._db.execute(
            "CREATE TABLE due AS SELECT customer_id, "
            f"CASE WHEN coalesce(known, false) THEN '{Kind.MOVE}' ELSE '{Kind.ENTRY}' END AS kind "
            "FROM open LEFT JOIN facts USING (customer_id) WHERE NOT coalesce(in_flight, false) "
            "AND (NOT over OR coalesce(known, false))"
        )
        present = self._number("SELECT count(*) FROM facts SEMI JOIN open USING (customer_id)")
        self._db.unregister("facts")
        self._db.execute("DROP TABLE open")
        self._refresh(scan)
        kinds = dict(self._db.execute("SELECT kind, count(*) FROM due GROUP BY kind").fetchall())
        return Counts(
            kinds.get(Kind.ENTRY, 0),
            kinds.get(Kind.MOVE, 0),
            kinds.get(Kind.REFRESH, 0),
            standing.known,
            standing.in_flight,
            vanished=standing.rows - present - (customers - opened),
        )

    def _refresh(self, scan: Scan) -> None:
        """Add those whose numbers alone have drifted, for the numbers that the operator names."""
        drifted = self._projection.drifted("accepted")
        if drifted is None:
            return
        for some in scan.all_accepted():
            self._register("held", some)
            self._db.execute(
                f"INSERT INTO due SELECT customer_id, '{Kind.REFRESH}' FROM {self._source} "
                f"JOIN held USING (customer_id) ANTI JOIN due USING (customer_id) WHERE {drifted}"
            )
            self._db.unregister("held")

    def entries(self, kinds: frozenset[Kind]) -> Iterator[tuple[Entry, Kind]]:
        """What is due for these reasons, by customer id, read some at a time."""
        wanted, value = self._wanted, self._projection.value()
        reason = {kind.value: kind for kind in kinds}
        chosen = ", ".join(f"'{kind}'" for kind in sorted(kinds))
        self._db.execute(
            "CREATE OR REPLACE TABLE turn AS SELECT customer_id, kind FROM due "
            f"WHERE kind IN ({chosen}) ORDER BY customer_id"
        )
        for low, high in self._ranges():
            rows = self._db.execute(
                f"SELECT customer_id, {wanted}, {value}, kind FROM {self._everybody} "
                "JOIN turn USING (customer_id) WHERE customer_id BETWEEN ? AND ? "
                "ORDER BY customer_id",
                [low, high],
            ).fetchall()
            for customer_id, text, sent, kind in rows:
                yield Entry(customer_id, text, sent), reason[kind]

    def ids(self, kind: Kind) -> set[str]:
        """The customers that are due for that reason."""
        rows = self._db.execute("SELECT customer_id FROM due WHERE kind = ?", [kind]).fetchall()
        return {row[0] for row in rows}

    def vanished(self, ids: Iterable[str]) -> set[str]:
        """Those of these customers who are no longer among the published."""
        asked = pa.table({"customer_id": pa.array(sorted(set(ids)), pa.string())})
        self._register("asked", asked)
        rows = self._db.execute(
            f"SELECT customer_id FROM asked ANTI JOIN {self._source} USING (customer_id)"
        ).fetchall()
        self._db.unregister("asked")
        return {row[0] for row in rows}

    def addresses(self, emails: Iterable[str]) -> set[str]:
        """Of these e-mail addresses those that a published customer has, casefolded."""
        folded = sorted({email.casefold() for email in emails})
        if not folded:
            return set()
        self._register("asked", pa.table({"email": pa.array(folded, pa.string())}))
        rows = self._db.execute(
            "SELECT DISTINCT lower(email) FROM "
            f"{self._source} WHERE lower(email) IN (SELECT email FROM asked)"
        ).fetchall()
        self._db.unregister("asked")
        return {row[0] for row in rows}

    def _ranges(self) -> list[tuple[str, str]]:
        return self._db.execute(
            "SELECT min(customer_id), max(customer_id) FROM "
            "(SELECT customer_id, (row_number() OVER (ORDER BY customer_id) - 1) // ? AS part "
            "FROM turn) GROUP BY part ORDER BY part",
            [CHUNK],
        ).fetchall()

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchall()[0][0])

    def _register(self, name: str, table: pa.Table) -> None:
        self._db.register(name, table)


def _file(path: Path) -> str:
    return f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')"
