"""A replay of the last year, day by day, with a refit each week."""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

from benchmarks.shop import shop
from sync.progress import Silent
from sync.replay import replayed


def main(folder: Path, day: date) -> None:
    with shop(folder, day) as app:
        found = replayed(app, day - timedelta(days=364), day, (), Silent())
        print(json.dumps({"days": len(found.days)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
