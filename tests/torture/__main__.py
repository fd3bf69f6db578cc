"""Kill it a thousand times: ``python tests/torture --kills 1000 --seed 1`` (see ``make torture``).

Seeded campaigns over the real command as processes, on SQLite and PostgreSQL, against look-alikes
in a process of their own. Prints what befell and what was found; exit code 1 if anything was.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

import certifi

# before numpy starts threads, which a fork would not take along
os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from campaign import Campaign, Tally
from postgres import PostgreSQL, postgresql
from processes import end_with_the_parent, load_everything
from run import Conditions
from script import FAULTS, PLACES
from vendors import Vendors

DAYS, KILLS = 4, 45
#: Where no write waits for a disk, if there is such a place: SIGKILL loses nothing there either.
MEMORY = Path("/dev/shm")
#: What a machine can suffer, as the report counts it.
MISHAPS = [c.name for c in (Conditions(disk=0), Conditions(read_only=True), Conditions())]


def main() -> int:
    """The command."""
    given = _arguments()
    os.environ["TORTURE_KEY"] = "canary"
    os.environ.pop("TIDESMAN_CONFIG", None)
    databases = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    load_everything()
    began = time.monotonic()
    fork = multiprocessing.get_context("fork")
    told: dict[str, Connection] = {}
    for name in databases:
        told[name], telling = fork.Pipe(duplex=False)
        fork.Process(target=_beside, args=(given, name, len(databases), telling)).start()
        telling.close()
    found, last = {}, given.seed
    for name in databases:
        found[name], seed = told[name].recv()
        last = max(last, seed)
    return _report(given, found, last, time.monotonic() - began)


def _beside(given: argparse.Namespace, database: str, databases: int, told: Connection) -> None:
    """All campaigns on one database, in a process of its own beside those on the other."""
    end_with_the_parent()
    with tempfile.TemporaryDirectory(
        prefix="tidesman-torture-", dir=MEMORY if MEMORY.is_dir() else None
    ) as name:
        folder = Path(name)
        # for the one who is not root, where the disk is read-only
        folder.chmod(0o755)
        _trust_little(folder)
        vendors = Vendors(folder)
        try:
            with postgresql() if database == "postgresql" else nullcontext() as server:
                told.send(_campaigns(given, folder, vendors, server, given.kills / databases))
        finally:
            vendors.close()
    sys.stdout.flush()
    os._exit(0)


def _trust_little(folder: Path) -> None:
    """One authority instead of all: reading them takes a third of a killed process's life."""
    end = "-----END CERTIFICATE-----\n"
    few = folder / "authority.pem"
    few.write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    os.environ["SSL_CERT_FILE"] = str(few)


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
    given: argparse.Namespace,
    folder: Path,
    vendors: Vendors,
    server: PostgreSQL | None,
    kills: float,
) -> tuple[Tally, int]:
    """One seed after the other until there were enough kills; what befell, and the last seed."""
    tally, seed, until = Tally(), given.seed - 1, time.monotonic() + given.minutes * 60
    while tally.kills.total() < kills and time.monotonic() < until:
        seed += 1
        home = folder / str(seed)
        home.mkdir()
        url = f"sqlite:///{home}/shop/data/state.db" if server is None else server.fresh()
        campaign = Campaign(seed, home, url, vendors)
        began = time.monotonic()
        mine = campaign.go(given.days, given.each)
        tally.add(mine)
        if server is not None:
            server.drop(url)
        line = (
            f"seed {seed} on {'SQLite' if server is None else 'PostgreSQL'}: {mine.kills.total()} "
            f"kills, {mine.days} days, {time.monotonic() - began:.0f} s, "
            f"{len(mine.findings)} findings"
        )
        told = [line]
        if given.steps or mine.findings:
            told += [*campaign.told, *(f"  FOUND {each}" for each in mine.findings)]
        sys.stdout.write("\n".join(told) + "\n")
        sys.stdout.flush()
    return tally, seed


def _report(given: argparse.Namespace, found: dict[str, Tally], last: int, seconds: float) -> int:
    total = Tally()
    for database, tally in found.items():
        total.add(tally)
        sys.stdout.write(
            f"\n{database}: {tally.kills.total()} kills, {tally.runs} runs, {tally.days} days, "
            f"{tally.rivals} times two at once, {len(tally.findings)} findings"
        )
    for what, counts, all_of_them in (
        ("kills by place", total.kills, [*PLACES]),
        ("faults of the vendors by kind", total.faults, FAULTS),
        ("faults of the machine", total.conditions, MISHAPS),
    ):
        sys.stdout.write(f"\n\n{what}: {counts.total()}\n{_lines(counts)}")
        never = [name for name in all_of_them if not counts[name]]
        sys.stdout.write(f"\nnever: {', '.join(never) or 'none'}")
    sys.stdout.write(
        f"\n\n{total.kills.total()} kills, seeds {given.seed} to {last}, {seconds:.0f} s: "
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
