"""Taking somebody out of files: parts of the lake, published files, rows that were set aside.

Files that are read by name are replaced whole; a part gets a file of another name and then, in one
transaction, the database names that. So a kill leaves the old file or the new one, and repeating
it finds less to do.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from connectors.disk import whole_file
from connectors.spreadsheet import compute, restored
from sync.failpoints import reach
from sync.store import Somebody

if TYPE_CHECKING:
    from sync.app import App

#: Columns of our own files that say who somebody is.
IDENTITY = frozenset({"customer_id", "email", "phone", "id", "key", "own", "customer", "number"})


def erase_files(app: App) -> None:
    """Take everybody who is being forgotten out of all files; only while holding the lease."""
    everybody = app.store.being_forgotten()
    if not everybody:
        return
    ids = sorted({one for who in everybody for one in who.ids})
    emails = sorted({one for who in everybody for one in who.emails})
    phones = sorted({one for who in everybody for one in who.phones})
    who = Somebody(tuple(ids), tuple(emails), tuple(phones))
    _parts(app, who)
    for path in sorted(app.loaded.data_dir.glob("*/*.parquet")):
        _rewrite(path, path, who)
        # also where a kill came between the two
        name = str(path.relative_to(app.loaded.data_dir))
        app.store.recounted_snapshot(name, pq.read_metadata(path).num_rows)
        reach("forget.snapshot")
    for path in sorted(app.lake().set_aside.rglob("*.csv")):
        _rewrite_csv(path, who)
    # what a kill has left of the files that were replaced
    app.lake().sweep()


def _parts(app: App, who: Somebody) -> None:
    root = app.loaded.data_dir / "lake"
    for seq, source, name in app.store.all_parts():
        path = root / name
        new = f"{quote(source, safe='')}/{seq:08d}-{secrets.token_hex(4)}.parquet"
        if path.exists() and _rewrite(path, root / new, who):
            reach("forget.part_written")
            app.store.rewritten_part(seq, new, pq.read_metadata(root / new).num_rows)
            reach("forget.part")
            path.unlink(missing_ok=True)


def _rewrite(path: Path, new: Path, who: Somebody) -> bool:
    """Write the file without them, if they are in it at all."""
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        names = [name for name in schema.names if name in IDENTITY]
        if not any(compute.any(_theirs(b, who)).as_py() for b in file.iter_batches(columns=names)):
            return False
        with (
            whole_file(new) as unfinished,
            pq.ParquetWriter(unfinished, schema, compression="zstd") as writer,
        ):
            for batch in file.iter_batches():
                writer.write_batch(batch.filter(compute.invert(_theirs(batch, who))))
    return True


def _theirs(batch: pa.RecordBatch, who: Somebody) -> pa.Array:
    """Whose id or address a row bears; whose number, where it bears neither."""
    found = pa.repeat(pa.scalar(False), batch.num_rows)
    for name in IDENTITY - {"phone", "number"} & set(batch.schema.names):
        found = compute.or_(found, _among(batch.column(name), [*who.ids, *who.emails]))
    if {"customer_id", "email", "phone"} <= set(batch.schema.names):
        bare = compute.and_(_empty(batch.column("customer_id")), _empty(batch.column("email")))
        found = compute.or_(found, compute.and_(bare, _among(batch.column("phone"), who.phones)))
    return found


def _among(column: pa.Array, values: Sequence[str]) -> pa.Array:
    text = compute.utf8_lower(compute.utf8_trim_whitespace(column.cast(pa.string())))
    wanted = pa.array([value.strip().lower() for value in values], pa.string())
    return compute.is_in(text, value_set=wanted)


def _empty(column: pa.Array) -> pa.Array:
    return compute.fill_null(compute.equal(compute.utf8_trim_whitespace(column), ""), True)


def _rewrite_csv(path: Path, who: Somebody) -> None:
    """Drop every row one of whose cells is theirs: it was put aside for a person to look at."""
    texts = pa_csv.ConvertOptions(column_types=_texts(path), strings_can_be_null=False)
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    table = pa_csv.read_csv(path, parse_options=parse, convert_options=texts)
    theirs = pa.repeat(pa.scalar(False), table.num_rows)
    for column in table.columns:
        cells = restored(column.combine_chunks())
        theirs = compute.or_(theirs, _among(cells, [*who.ids, *who.emails, *who.phones]))
    if compute.any(theirs).as_py():
        with whole_file(path) as unfinished:
            pa_csv.write_csv(table.filter(compute.invert(theirs)), unfinished)


def _texts(path: Path) -> dict[str, pa.DataType]:
    with pa_csv.open_csv(path, parse_options=pa_csv.ParseOptions(newlines_in_values=True)) as rows:
        return dict.fromkeys(rows.schema.names, pa.string())
