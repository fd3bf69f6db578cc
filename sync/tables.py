"""Tables of the operator that schemes read beside the orders: figures and events of customers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import duckdb
import ibis
from pydantic import SecretStr

from connectors.errors import Misconfigured
from connectors.sources.sql_database import Place
from connectors.sources.sql_select import reading
from connectors.sources.sql_table import fetch
from segmenter.expr import Column, Engine, Table
from segmenter.schemes.stratification import OWN
from segmenter.stage import rows_in, stage


@dataclass(frozen=True, slots=True)
class Where:
    """Where rows are: a CSV or Parquet file, or a query and the database that it is sent to."""

    path: Path | None = None
    url: SecretStr | None = None
    query: str | None = None

    @property
    def name(self) -> str:
        """As a message has it; whatever a URL holds stays out of it."""
        if self.query is None:
            return str(self.path)
        return "the query" if self.path is None else f"the query on {self.path}"

    def place(self) -> Place:
        """The database."""
        url = None if self.url is None else self.url.get_secret_value()
        return Place(url, None if self.path is None else str(self.path))


def read_figures(engine: Engine, *, where: Where, customer_id: str, wanted: Sequence[str]) -> Table:
    """One row a customer: ``customer_id`` and those of the wanted columns that buyers lack.

    Raises Misconfigured if the rows, a column or a number is not there, or a customer twice.
    """
    table = _read(engine, where, [customer_id])
    named = [column for column in wanted if column not in OWN]
    for column in named:
        _refuse_unknown(column, table, where, extra=tuple(OWN))
        _refuse_texts(table, column, where)
    both = sorted(set(wanted) & set(OWN) & set(table.columns))
    if both:
        raise Misconfigured(
            f"{where.name}: {both[0]} is also a column that every buyer has; rename yours"
        )
    found = stage(
        engine,
        table.select(
            customer_id=_identifier(table[customer_id]),
            **{column: table[column].try_cast("float64") for column in named},
        ).filter(ibis._.customer_id.notnull()),
    )
    counted = found.group_by("customer_id").aggregate(n=found.count())
    twice = counted.filter(counted.n > 1).order_by("customer_id").limit(1).to_pyarrow().to_pylist()
    if twice:
        name, times = twice[0]["customer_id"], twice[0]["n"]
        raise Misconfigured(
            f"{where.name}: customer {name} has {times} rows; one row a customer is needed"
        )
    return found


def read_events(
    engine: Engine, *, where: Where, customer_id: str, kind: str, occurred_at: str
) -> Table:
    """One row an event: ``customer_id``, ``kind`` and ``occurred_at``.

    A time without a zone is one of the shop. Raises Misconfigured if the rows, a column or a time
    is not there.
    """
    table = _read(engine, where, [customer_id, kind, occurred_at])
    moment: Column = table[occurred_at].try_cast("timestamp('UTC')")
    wrong = table.filter(moment.isnull()).limit(1).to_pyarrow().to_pylist()
    if wrong:
        shown = wrong[0][occurred_at]
        raise Misconfigured(f"{where.name}: {occurred_at} has {shown!r}, which is no date or time")
    return stage(
        engine,
        table.select(
            customer_id=_identifier(table[customer_id]),
            kind=table[kind].cast("string"),
            occurred_at=moment,
        ).filter(ibis._.customer_id.notnull()),
    )


def _read(engine: Engine, where: Where, needed: Sequence[str]) -> Table:
    table = _queried(engine, where) if where.query is not None else _of_file(engine, where.path)
    for column in needed:
        _refuse_unknown(column, table, where)
    return table


def _queried(engine: Engine, where: Where) -> Table:
    try:
        query = reading(where.query or "")
    except ValueError as error:
        raise Misconfigured(f"{where.name} of the segmentation {error}") from error
    with tempfile.TemporaryDirectory(prefix="tidesman-") as folder:
        file = Path(folder, "rows.parquet")
        fetch(where.place(), query, file)
        return stage(engine, engine.read_parquet(file))


def _of_file(engine: Engine, path: Path | None) -> Table:
    assert path is not None  # noqa: S101 - the configuration has one of them
    try:
        if path.suffix == ".parquet":
            table = engine.read_parquet(path)
        else:
            # All as text first, so that a customer 007 does not become 7.
            table = engine.read_csv(path, all_varchar=True)
    except (duckdb.Error, OSError) as error:
        why = "is not there" if not path.exists() else f"cannot be read: {error}".splitlines()[0]
        raise Misconfigured(f"{path} {why}") from error
    return table


def _refuse_unknown(column: str, table: Table, where: Where, extra: Sequence[str] = ()) -> None:
    if column in table.columns:
        return
    known = [*table.columns, *extra]
    near = get_close_matches(column, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise Misconfigured(f"{where.name} has no column {column!r}; {hint}")


def _refuse_texts(table: Table, column: str, where: Where) -> None:
    value = table[column]
    if value.type().is_string():
        empty = value.strip() == ""
        wrong = table.filter(value.notnull() & ~empty & value.try_cast("float64").isnull())
        shown = wrong.select(column).limit(1).to_pyarrow().to_pylist()
        if shown:
            raise Misconfigured(
                f"{where.name}: {column} has {shown[0][column]!r}, which is no number"
            )
    elif not (value.type().is_numeric() or value.type().is_boolean()):
        raise Misconfigured(f"{where.name}: {column} holds no numbers but {value.type()}")
    elif rows_in(table) == 0:
        raise Misconfigured(f"{where.name} has no rows")


def _identifier(value: Column) -> Column:
    if value.type().is_floating():
        value = value.cast("int64")
    return value.cast("string").strip().nullif("")
