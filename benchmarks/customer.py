"""One customer scored, as an order that comes in would have it: milliseconds, once warm."""

import json
import statistics
import sys
import time
from datetime import date

from segmenter.customer import score_customer
from segmenter.lifetime import Parameters
from segmenter.model import Model, Spend
from segmenter.settings import Settings


def main(times: int) -> None:
    day, settings = date(2024, 12, 31), Settings()
    model = Model("full", (), day, Parameters(0.6, 60.0, 0.8, 2.5), Spend(1.5, 40.0), 9000, 4000)
    took: list[float] = []
    for i in range(times):
        began = time.perf_counter()
        score_customer(
            i % 9 + 1, 30 + i % 300, 400, 99.0, as_of=day, model=model, settings=settings
        )
        took.append((time.perf_counter() - began) * 1000)
    warm = took[times // 10 :]
    worst = statistics.quantiles(warm, n=100)[98]
    print(json.dumps({"median_ms": statistics.median(warm), "p99_ms": worst}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
