"""An event whose answer was lost, where a repeat cannot be told: said, and never sent again."""

import json
from datetime import timedelta

import httpx


def test_it_is_said_that_nobody_knows(shop):
    shop.report(*shop.as_of())
    day = shop.day + timedelta(1)
    new = [(f"n{n}", f"c{n:04d}", day, 400.0) for n in range(20)]
    shop.write_orders("july-1", new)
    # the first request brings profiles, the second events
    fault = {"kind": "lost", "skip": 1, "times": 1, "path": "/users/track"}
    httpx.post(f"{shop.urls['braze']}/sandbox/faults", json=fault).raise_for_status()
    done = shop.here("run", *shop.as_of(1))
    words = " ".join(done.output.split())
    assert done.exit_code == 4, words
    assert "events or not, and cannot tell a repeat: they are not sent again" in words
    before = shop.state("braze")["events"]
    shop.report(*shop.as_of(1))
    assert shop.state("braze")["events"] == before
    assert "unknown" in shop.here("status").stdout
    told = shop.here("retry").stdout
    assert "braze: " in told
    assert "events unknown: tidesman retry braze --events, or --events --drop" in told

    # one is sent again, the others are taken as arrived
    who = next(
        row["customer_id"]
        for row in json.loads(shop.here("status", "--undelivered", "--json").stdout)
        if row["mark"] == "unknown"
    )
    again = shop.here("retry", "braze", "--events", "--customer", who)
    assert "1 events will be tried again. They go with the next run" in again.stdout
    shop.report(*shop.as_of(1))
    assert shop.state("braze")["events"] == before + 1
    assert json.loads(shop.here("retry", "--events", "--drop", "--json").stdout)["dropped"] > 0
    assert shop.here("run", *shop.as_of(1)).exit_code == 0
    assert shop.state("braze")["events"] == before + 1
    assert "unknown" not in shop.here("status").stdout
    for wrong in (("--drop",), ("--events", "--refused"), ("nowhere", "--events")):
        assert shop.here("retry", *wrong).exit_code == 2
