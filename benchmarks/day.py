"""One run from end to end: ingest, segment, plan, deliver, report; by the code of tidesman run."""

import json
import sys
from datetime import date
from pathlib import Path

from benchmarks.shop import Vendors, shop
from sync.run import run


def main(folder: Path, day: date) -> None:
    with shop(folder, day) as app:
        report = run(app, day)
        told = {
            "status": report.status,
            "customers": report.customers,
            "moved": sum(move.customers for move in report.moves),
            "planned": sum(each.planned for each in report.destinations.values()),
            "delivered": sum(each.delivered for each in report.destinations.values()),
            "writes": Vendors.writes,
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
