"""Taking somebody out of files: parts of the lake, published files, rows that were set aside.

Files that are read by name are replaced whole; a part gets a file of another name and then, in one
transaction, the database names that. So a kill leaves the old file or the new one, and repeating
it finds less to do.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from connectors.disk import whole_file
from connectors.spreadsheet import compute
from sync.failpoints import reach
from sync.housekeeping import unfinished
from sync.store import Somebody
from sync.theirs import IDENTITY, read_aside, theirs, theirs_aside

if TYPE_CHECKING:
    from sync.app import App


def erase_files(app: App) -> None:
    """Take everybody who is being forgotten out of all files; only while holding the lease."""
    everybody = app.store.being_forgotten()
    if not everybody:
        return
    ids = sorted({one for who in everybody for one in who.ids})
    emails = sorted({one for who in everybody for one in who.emails})
    phones = sorted({one for who in everybody for one in who.phones})
    accounts = sorted({one for who in everybody for one in who.accounts})
    who = Somebody(tuple(ids), tuple(emails), tuple(phones), tuple(accounts))
    _parts(app, who)
    for path in sorted(app.loaded.data_dir.glob("*/*.parquet")):
        _rewrite(path, path, who)
        # also where a kill came between the two
        name = str(path.relative_to(app.loaded.data_dir))
        app.store.recounted_snapshot(name, pq.read_metadata(path).num_rows)
        reach("forget.snapshot")
    for path in sorted(app.lake().set_aside.rglob("*.csv")):
        _rewrite_csv(path, unquote(path.parent.name), who)
    # what a kill has left of the files that were replaced
    app.lake().sweep()
    unfinished(app)


def _parts(app: App, who: Somebody) -> None:
    root = app.loaded.data_dir / "lake"
    for part in app.store.all_parts():
        path = root / part.path
        new = path.with_name(f"{part.seq:08d}-{secrets.token_hex(4)}.parquet")
        if path.exists() and _rewrite(path, new, who):
            reach("forget.part_written")
            name = new.relative_to(root).as_posix()
            app.store.rewritten_part(part.seq, name, pq.read_metadata(new).num_rows)
            reach("forget.part")
            path.unlink(missing_ok=True)


def _rewrite(path: Path, new: Path, who: Somebody) -> bool:
    """Write the file without them, if they are in it at all."""
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        names = [name for name in schema.names if name in IDENTITY or name == "source"]
        if not any(compute.any(theirs(b, who)).as_py() for b in file.iter_batches(columns=names)):
            return False
        with (
            whole_file(new) as unfinished,
            pq.ParquetWriter(unfinished, schema, compression="zstd") as writer,
        ):
            for batch in file.iter_batches():
                writer.write_batch(batch.filter(compute.invert(theirs(batch, who))))
    return True


def _rewrite_csv(path: Path, source: str, who: Somebody) -> None:
    table = read_aside(path)
    found = theirs_aside(table, source, who)
    if compute.any(found).as_py():
        with whole_file(path) as unfinished:
            pa_csv.write_csv(table.filter(compute.invert(found)), unfinished)
