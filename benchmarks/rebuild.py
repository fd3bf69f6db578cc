"""A full rebuild: from the lake's orders to a new model, thresholds and everyone's segments."""

import json
import sys
from datetime import date
from pathlib import Path

from benchmarks.shop import shop
from sync.segment import Segmenting


def main(folder: Path, day: date) -> None:
    with shop(folder, day) as app:
        evaluated = Segmenting(app, day).evaluate("rebuild")
        print(json.dumps({"customers": evaluated.snapshot.customers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
