"""``python -m benchmarks.rates``: how near to the vendors' limits, how fast without them.

The look-alikes run in processes of their own and keep their windows in real time, as vendors do:
fixed ones, that begin at whole seconds and minutes. Three parts, each of which can be named alone:

- ``limits``: a minute with requests for more than that; the share of what the limit allows, and
  every 429. The batches are small, so that the requests count and not what is in them.
- ``speed``: customers a second without any limit, ledger included, to the look-alike on loopback
  and to one that answers at once in our own process.
- ``beside``: 10,000 changed customers, against a client that sends one profile a request.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.changes import Sent, send
from benchmarks.one_by_one import one_by_one
from benchmarks.shop import Vendors
from benchmarks.vendor import vendor

MINUTE = 60.0
#: The call that delivers profiles, and how often a minute each vendor allows it.
CALLS = {
    "klaviyo": ("POST /api/profile-bulk-import-jobs", 150),
    "iterable": ("POST /api/users/bulkUpdate", 300),
    "braze": ("POST /users/track", 60_000),
}
#: Customers that are sent without a limit, and customers that changed.
MANY = 50_000
CHANGED = 10_000


def limits() -> Iterator[str]:
    yield "| vendor | requests in 60 s | allowed | share | 429 | CPU s | load |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, (call, allowed) in CALLS.items():
        # more requests than a minute allows, at Braze as many as this machine may manage
        count, size = (50_000, 1) if name == "braze" else (2 * allowed * 20, 20)
        with vendor(name, limits=True) as url, tempfile.TemporaryDirectory() as folder:
            sent = send(Path(folder), name, url, count, size=size, seconds=MINUTE + 1)
        begun = sent.seen.within(MINUTE, call)
        share = begun / (allowed * min(1.0, sent.wall / MINUTE))
        cells = (name, begun, allowed, f"{share:.1%}", sent.seen.statuses()[429])
        yield _row(*cells, f"{sent.cpu:.1f}", _load())


def speed() -> Iterator[str]:
    yield "| vendor | answered by | customers | wall s | customers a second | CPU s | load |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for name in CALLS:
        with tempfile.TemporaryDirectory() as folder, vendor(name, limits=False) as url:
            sent = send(Path(folder), name, url, MANY, limits=False)
        yield _speed(name, "the look-alike", sent)
        with tempfile.TemporaryDirectory() as folder:
            url = f"http://{name}.invalid"
            sent = send(Path(folder), name, url, MANY, limits=False, inner=Vendors)
        yield _speed(name, "at once", sent)


def beside() -> Iterator[str]:
    yield "| vendor | client | requests | of them 429 | seconds | CPU s | load |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for name in reversed(CALLS):
        with tempfile.TemporaryDirectory() as folder, vendor(name, limits=True) as url:
            ours = send(Path(folder), name, url, CHANGED)
        if ours.result.delivered != CHANGED:
            raise SystemExit(f"not all were delivered: {ours.result}")
        cells = (ours.result.requests, ours.seen.statuses()[429], f"{ours.wall:.1f}")
        yield _row(name, "Tidesman", *cells, f"{ours.cpu:.1f}", _load())
        with vendor(name, limits=True) as url:
            theirs = one_by_one(name, url, CHANGED)
        cells = (theirs.requests, theirs.throttled, f"{theirs.wall:.1f}")
        yield _row(name, "one by one", *cells, f"{theirs.cpu:.1f}", _load())


def _speed(name: str, by: str, sent: Sent) -> str:
    if sent.result.delivered != MANY:
        raise SystemExit(f"not all were delivered: {sent.result}")
    cells = (name, by, MANY, f"{sent.wall:.1f}", round(MANY / sent.wall))
    return _row(*cells, f"{sent.cpu:.1f}", _load())


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _row(*cells: object) -> str:
    return "| " + " | ".join(f"{c:,}" if isinstance(c, int) else str(c) for c in cells) + " |"


PARTS = {"limits": limits, "speed": speed, "beside": beside}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        print(f"\n{part}\n", flush=True)
        for line in PARTS[part]():
            print(line, flush=True)
