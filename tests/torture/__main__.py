"""Kill it a thousand times: ``python tests/torture --kills 1000 --seed 1`` (see ``make torture``).

Seeded campaigns over the real command as processes, on SQLite and PostgreSQL, against look-alikes
in a process of their own. Prints what befell and what was found; exit code 1 if anything was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

# before numpy starts threads, which a fork would not take along
os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from campaign import Campaign, Tally
from postgres import postgresql
from processes import load_everything
from vendors import Vendors

DAYS, KILLS = 4, 22


def main() -> int:
    """The command."""
    given = _arguments()
    os.environ["TORTURE_KEY"] = "canary"
    os.environ.pop("TIDESMAN_CONFIG", None)
    databases = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    load_everything()
    began, found = time.monotonic(), {name: Tally() for name in databases}
    with tempfile.TemporaryDirectory(prefix="tidesman-torture-") as name:
        folder = Path(name)
        # for the one who is not root, where the disk is read-only
        folder.chmod(0o755)
        vendors = Vendors(folder)
        try:
            with postgresql() if "postgresql" in databases else nullcontext() as server:
                _campaigns(given, folder, vendors, server, found)
        finally:
            vendors.close()
    return _report(given, found, time.monotonic() - began)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="go on until so many")
    parser.add_argument("--minutes", type=float, default=600, help="or for so long")
    parser.add_argument("--seed", type=int, default=1, help="of the first campaign")
    parser.add_argument("--days", type=int, default=DAYS, help="of each campaign")
    parser.add_argument("--each", type=int, default=KILLS, help="kills a day, at most about")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--steps", action="store_true", help="print every step as it is taken")
    return parser.parse_args()


def _campaigns(
    given: argparse.Namespace, folder: Path, vendors: Vendors, server: Any, found: dict[str, Tally]
) -> None:
    """One seed after the other, each on every database, until there were enough kills."""
    seed, until = given.seed, time.monotonic() + given.minutes * 60
    while sum(t.kills.total() for t in found.values()) < given.kills and time.monotonic() < until:
        for database, tally in found.items():
            home = folder / f"{database}-{seed}"
            home.mkdir()
            url = (
                server.fresh()
                if database == "postgresql"
                else f"sqlite:///{home}/shop/data/state.db"
            )
            campaign = Campaign(seed, home, url, vendors)
            began = time.monotonic()
            tally.add(campaign.go(given.days, given.each))
            if database == "postgresql":
                server.drop(url)
            mine = campaign.tally
            sys.stdout.write(
                f"seed {seed} on {database}: {mine.kills.total()} kills, {mine.days} days, "
                f"{time.monotonic() - began:.0f} s, {len(mine.findings)} findings\n"
            )
            if given.steps or mine.findings:
                sys.stdout.write("\n".join(campaign.told) + "\n")
                sys.stdout.write("".join(f"  FOUND {each}\n" for each in mine.findings))
            sys.stdout.flush()
        seed += 1
    given.last = seed - 1


def _report(given: argparse.Namespace, found: dict[str, Tally], seconds: float) -> int:
    total = Tally()
    for database, tally in found.items():
        total.add(tally)
        sys.stdout.write(
            f"\n{database}: {tally.kills.total()} kills, {tally.runs} runs, {tally.days} days, "
            f"{tally.rivals} times two at once, {len(tally.findings)} findings"
        )
    for what, counts in (
        ("kills by place", total.kills),
        ("faults of the vendors", total.faults),
        ("faults of the machine", total.conditions),
    ):
        sys.stdout.write(f"\n\n{what}: {counts.total()}\n{_lines(counts)}")
    sys.stdout.write(
        f"\n\n{total.kills.total()} kills, seeds {given.seed} to {given.last}, {seconds:.0f} s: "
        f"{len(total.findings)} findings\n"
    )
    for each in total.findings:
        sys.stdout.write(f"  {each}\n")
    return 1 if total.findings else 0


def _lines(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # past what libraries say about memory when the interpreter ends
    os._exit(code)
