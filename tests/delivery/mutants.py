# ruff: noqa: E501 - what is replaced stands as it stands in the file
"""Deliberate faults in the engine, each of which the tests must see: ``python mutants.py``.

Each is put into a copy of the packages and the tests are run against the copy; a fault that they
do not see is told, and the exit code is 1. Not run by pytest: it takes some minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connectors", "segmenter", "sync", "config", "tests")
TESTS = ("protocol", "jobs", "events", "brake", "store", "transport", "values")

#: What is wrong, the file, what stands there, what the fault puts in its place.
FAULTS: list[tuple[str, str, str, str]] = [
    (
        "acked before the wire",
        "sync/lane.py",
        "        self.book.unsure(batch)\n",
        "        self.book.unsure(batch)\n        from connectors.types import Delivered as D\n        self.book.answered({c.id: D() for c in batch})\n",
    ),
    (
        "not marked before the wire",
        "sync/lane.py",
        "        self.book.unsure(batch)\n",
        "        pass\n",
    ),
    (
        "202 counted as delivered",
        "sync/lane.py",
        '        self.book.ticketed([change.id for change in part], receipt.ticket)\n        reach("deliver.ticketed")\n        self._submit(Job(receipt.ticket, _ids(part), self._later(0), part))\n',
        "        from connectors.types import Delivered as D\n        self.book.answered({c.id: D() for c in part})\n",
    ),
    (
        "known although something else may have arrived",
        "sync/books.py",
        "before.mark is Mark.ACKED",
        "before.mark is not Mark.REFUSED",
    ),
    (
        "refused sent again for ever",
        "sync/scan.py",
        "ledger.c.mark.in_([Mark.ACKED.value, Mark.REFUSED.value])",
        "ledger.c.mark.in_([Mark.ACKED.value])",
    ),
    (
        "event repeated where repeats count",
        "sync/lane.py",
        "repeatable=self.delivery.idempotent",
        "repeatable=True",
    ),
    (
        "left on the wire sent again where repeats count",
        "sync/books.py",
        "adrift = [] if self.repeatable else self.outbox.adrift()",
        "adrift = []",
    ),
    (
        "event before its profile",
        "sync/outbox.py",
        'sa.or_(mine.mark.in_(["acked", "refused"]), on_the_wire)',
        "sa.true()",
    ),
    (
        "events of held moves go",
        "sync/plan.py",
        "if held is None or difference is None or not waiting:",
        "if True:",
    ),
    (
        "outcomes shifted by one",
        "sync/ledger.py",
        "acked = [key for key, outcome in outcomes.items() if isinstance(outcome, Delivered)]",
        "acked = [k for k, o in zip(list(outcomes), [*list(outcomes.values())[1:], list(outcomes.values())[0]]) if isinstance(o, Delivered)]",
    ),
    (
        "one request too many in a window",
        "sync/transport.py",
        "deque(maxlen=rate.calls)",
        "deque(maxlen=rate.calls + 1)",
    ),
    (
        "the limit plus one",
        "sync/transport.py",
        "if len(self.begun) < self.rate.calls:",
        "if len(self.begun) <= self.rate.calls:",
    ),
    (
        "no fence",
        "sync/store/database.py",
        "            if self._fence is not None:",
        "            if False:",
    ),
    ("approval let one more go", "sync/brake.py", "moves <= approved", "moves <= approved + 1"),
    (
        "throttling spends the budget",
        "sync/wire.py",
        "            except Throttled as throttled:",
        "            except ZeroDivisionError as throttled:",
    ),
    (
        "doubles in one request",
        "sync/batches.py",
        "if any(owner.get(address, mine) != mine for address in addresses):",
        "if False:",
    ),
    (
        "0 read as nothing",
        "sync/projection.py",
        'f"CASE WHEN isfinite({column}) THEN',
        'f"CASE WHEN isfinite({column}) AND {column} <> 0 THEN',
    ),
    (
        "lost job stays in flight",
        "sync/lane.py",
        '        self.book.lost(job.ticket)\n        reach("deliver.lost")',
        '        reach("deliver.lost")',
    ),
    (
        "first load makes noise",
        "sync/outbox.py",
        '            if row["customer_id"] in known:',
        "            if True:",
    ),
    (
        "cursor not with its part",
        "sync/store/parts.py",
        "            if cursor is not None:",
        "            if False:",
    ),
]


def seen(copy: Path, fault: tuple[str, str, str, str]) -> bool:
    """Whether a test fails once the fault is in."""
    name, file, good, bad = fault
    path = copy / file
    text = path.read_text()
    if good not in text:
        raise SystemExit(f"{name}: {file} no longer holds what the fault replaces")
    path.write_text(text.replace(good, bad))
    tests = [f"tests/delivery/test_delivery_{each}.py" for each in TESTS]
    done = subprocess.run(
        # on one database: the faults are not the database's
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-k",
            "not postgres",
            *tests,
        ],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        check=False,
    )
    path.write_text(text)
    return done.returncode == 1


def main() -> int:
    """Try all of them."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copy(ROOT / "pyproject.toml", copy)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, copy / package)
        for fault in FAULTS:
            caught = seen(copy, fault)
            missed += not caught
            sys.stdout.write(f"{'seen  ' if caught else 'MISSED'}  {fault[0]}\n")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
