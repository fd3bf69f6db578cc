"""What everybody goes by: one row for each way in which a customer was ever named.

Whose a row is follows from the published cards, as it does in a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from segmenter.cards import CARDS, named
from segmenter.expr import Engine
from segmenter.phone import TAIL, e164
from sync.feeds import FEEDS, Feed
from sync.overlap import SMALL
from sync.present import located
from sync.reading import cards_of, homes_of, published
from sync.store import Somebody

if TYPE_CHECKING:
    from sync.app import App

NAMED: pa.Schema = pa.schema(
    [(name, pa.string()) for name in ("source", "raw", "id", "email", "phone")]
)
#: ``raw`` is the id in its source; ``id``, ``own`` and ``customer`` are as the cards have them.
#: A row of the cards or of the published result alone has no source.
GO_BY = """
CREATE TABLE go_by AS
SELECT n.source, n.raw, n.id, n.email, n.phone, c.number,
    coalesce(c.own, n.id, n.email) AS own,
    coalesce(c.customer, o.customer, n.id, n.email) AS customer
FROM named n
LEFT JOIN cards c ON c.id IS NOT DISTINCT FROM n.id
    AND c.email IS NOT DISTINCT FROM n.email AND c.phone IS NOT DISTINCT FROM n.phone
LEFT JOIN (SELECT own, min(customer) AS customer FROM cards GROUP BY own) o
    ON o.own = coalesce(n.id, n.email)
UNION SELECT NULL, NULL, id, email, phone, number, own, customer FROM cards
UNION SELECT NULL, NULL, NULL, nullif(lower(trim(email)), ''), NULL, NULL, customer_id, customer_id
FROM told
"""
TAIL_OF = f"right(regexp_replace(phone, '\\D', '', 'g'), {TAIL})"
UNDIALLED = f"""
SELECT DISTINCT phone FROM go_by WHERE phone IS NOT NULL AND number IS NULL
    AND ((id IS NULL AND email IS NULL) OR {TAIL_OF} IN (SELECT unnest($tails)))
"""  # noqa: S608 - a constant
DIAL = """
UPDATE go_by SET number = d.number, own = coalesce(own, d.number),
    customer = coalesce(customer, d.number)
FROM dialled d WHERE go_by.phone = d.phone AND go_by.number IS NULL
"""


#: Rows that are theirs by what was worked out of them, whether or not they look it.
LEFT = """
SELECT CASE WHEN source IS NULL THEN 'what is published' ELSE 'the lake' END, count(*) FROM go_by
WHERE customer IN (SELECT unnest($keys)) OR own IN (SELECT unnest($keys))
GROUP BY 1 ORDER BY 1
"""


def left_of(app: App, who: Somebody) -> str | None:
    """Where rows are still attributed to them after all was erased; None if nowhere."""
    with duckdb.connect(config=SMALL) as base:
        load_go_by(app, base)
        dial(app, base, who.phones)
        found = base.execute(LEFT, {"keys": who.keys}).fetchall()
    if not found:
        return None
    places = " and ".join(f"{place} ({count:,})" for place, count in found)
    return f"rows in {places} are still attributed to them; nothing was ended: please report this"


def load_go_by(app: App, base: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``go_by`` of all parts that ever were, the cards and the published result."""
    reading = published(app)
    engine: Engine = app.engine()
    homes = homes_of(app, reading)
    rows = [_named(app, engine, feed, homes) for feed in FEEDS]
    base.register("named", pa.concat_tables(rows))
    cards = cards_of(app, engine, reading)
    base.register("cards", CARDS.empty_table() if cards is None else engine.to_pyarrow(cards))
    base.register("told", _told(app))
    base.execute(GO_BY)
    dial(app, base, ())


def dial(app: App, base: duckdb.DuckDBPyConnection, phones: Iterable[str]) -> None:
    """Work out the numbers of all who have only one, and of those that end as these phones do."""
    tails = ["".join(filter(str.isdigit, phone))[-TAIL:] for phone in phones]
    found = [row[0] for row in base.execute(UNDIALLED, {"tails": tails}).fetchall()]
    numbers = pa.array(e164(found, published(app).phone_region), pa.string())
    base.register("dialled", pa.table({"phone": pa.array(found, pa.string()), "number": numbers}))
    base.execute(DIAL)


def _named(app: App, engine: Engine, feed: Feed, homes: Collection[str]) -> pa.Table:
    root = app.loaded.data_dir / "lake"
    paths = [root / part.path for part in app.store.all_parts() if part.stream == feed.name]
    files = [str(path) for path in paths if path.exists()]
    if not files:
        return NAMED.empty_table()
    return engine.to_pyarrow(named(engine.read_parquet(files), homes)).cast(NAMED)


def _told(app: App) -> pa.Table:
    snapshot = app.store.latest_snapshot()
    if snapshot is None:
        return pa.table({n: pa.array([], pa.string()) for n in ("customer_id", "email")})
    engine = app.engine()
    rows = engine.read_parquet(located(app, snapshot)).select("customer_id", "email")
    return engine.to_pyarrow(rows)
