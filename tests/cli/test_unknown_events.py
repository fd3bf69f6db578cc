"""An event whose answer was lost, where a repeat cannot be told: said, and never sent again."""

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
