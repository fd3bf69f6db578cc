"""A full rebuild: from the lake's orders to a new model, thresholds and everyone's segments."""

import json
import sys
from datetime import date
from pathlib import Path

from benchmarks.shop import EVERY, shop
from sync.segment import Segmenting


def main(folder: Path, day: date, further: str = "") -> None:
    with shop(folder, day, further) as app:
        evaluated = Segmenting(app, day).evaluate("rebuild")
        print(json.dumps({"customers": evaluated.snapshot.customers}))


if __name__ == "__main__":
    FURTHER = {"every": EVERY, "tight": "engine: {memory: 1GB}\n"}
    given = "".join(FURTHER[part] for part in sys.argv[3:])
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), given)
