"""The look-alikes on loopback, emptied for each test, with a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import pytest

from connectors.sandbox import (
    Braze,
    BrazeDials,
    Customerio,
    Hubspot,
    Iterable,
    IterableDials,
    Klaviyo,
    KlaviyoDials,
    Mailchimp,
    serve,
)

NOON = 1_774_612_800.0  # 2026-03-27 12:00:00 UTC, a whole multiple of an hour


@dataclass
class Clock:
    now: float = NOON

    def __call__(self):
        return self.now


@dataclass
class Bench:
    """One served look-alike, the clock it goes by, and a client with a good key."""

    app: object
    url: str
    clock: Clock
    headers: dict
    client: httpx.Client = field(init=False)

    def __post_init__(self):
        self.client = httpx.Client(base_url=self.url, headers=self.headers)

    def fault(self, **dial):
        answer = self.client.post("/sandbox/faults", json=dial)
        assert answer.status_code == 200, answer.text

    def inspect(self, path):
        return self.client.get(f"/sandbox/{path}").json()


HEADERS = {
    "klaviyo": {"Authorization": "Klaviyo-API-Key pk_test", "revision": "2026-07-15"},
    "iterable": {"Api-Key": "key"},
    "braze": {"Authorization": "Bearer key"},
    "hubspot": {"Authorization": "Bearer key"},
    "mailchimp": {"Authorization": "Basic YW55OmtleQ=="},
    "customerio": {"Authorization": "Basic YW55OmtleQ=="},
}


@pytest.fixture(scope="session")
def benches():
    clock = Clock()
    apps = {
        "klaviyo": Klaviyo(clock=clock),
        "iterable": Iterable(clock=clock),
        "braze": Braze(clock=clock),
        "hubspot": Hubspot(clock=clock),
        "mailchimp": Mailchimp(clock=clock),
        "customerio": Customerio(clock=clock),
    }
    with serve(apps) as urls:
        made = {n: Bench(apps[n], urls[n], clock, headers) for n, headers in HEADERS.items()}
        yield made
        for bench in made.values():
            bench.client.close()


def _emptied(bench, dials):
    bench.clock.now = NOON
    bench.app.dials, bench.app.limits, bench.app.keys = dials, False, None
    bench.app.reset()
    return bench


@pytest.fixture
def klaviyo(benches):
    return _emptied(benches["klaviyo"], KlaviyoDials())


@pytest.fixture
def iterable(benches):
    return _emptied(benches["iterable"], IterableDials())


@pytest.fixture
def braze(benches):
    return _emptied(benches["braze"], BrazeDials())


@pytest.fixture
def hubspot(benches):
    return _emptied(benches["hubspot"], None)


@pytest.fixture
def mailchimp(benches):
    return _emptied(benches["mailchimp"], None)


@pytest.fixture
def customerio(benches):
    return _emptied(benches["customerio"], None)
