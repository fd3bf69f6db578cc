"""Pull every order file of the shop into the lake, by the files source."""

import json
import sys
from datetime import date
from pathlib import Path

from benchmarks.shop import shop
from sync.progress import Silent
from sync.pull import pull


def main(folder: Path, day: date) -> None:
    with shop(folder, day) as app:
        pulled = pull(app, app.store.start_run(day, app.clock.now()).id, Silent())
        print(json.dumps({"orders": sum(each.rows for each in pulled)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
