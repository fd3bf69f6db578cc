"""What delivery tests stand on: a clock that jumps, a vendor in memory, a day of customers."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.base import Destination, Options, delivers
from connectors.errors import Refused, Throttled, TicketLost, Unauthorized, Unavailable
from connectors.types import Batch, Identify, Receipt, Track
from sync.brake import Brake
from sync.deliver import Delivering, DestinationResult, deliver
from sync.outbox import events_for
from sync.plan import DestinationPlan, Target, plan, prepare
from sync.projection import Projection
from sync.store import NewSnapshot, Snapshot, Status, Store
from sync.wire import Pace

AS_OF = date(1998, 4, 1)
NOW = datetime(1998, 4, 2, 5, 0, tzinfo=UTC)


class FakeClock:
    """Time passes only when somebody sleeps."""

    def __init__(self, now: datetime = NOW) -> None:
        self.start = now
        self.passed = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        until = self.passed + seconds
        await asyncio.sleep(0)
        self.passed = max(self.passed, until)


@dataclass
class Vendor:
    """A vendor's state, which outlives every connector. ``faults`` strike the next calls in turn:

    ok; lost (done, no answer); gone (nothing done, no answer); throttle; wrong_key; refuse (the
    whole request); broken (the connector raises what it should not); misses (a receipt too short);
    unsure (done, the receipt says so of the first); odd (the first is rejected);
    lose_job (the job is forgotten).
    """

    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    events: dict[str, Track] = field(default_factory=dict)
    faults: deque[str] = field(default_factory=deque)
    poison: set[str] = field(default_factory=set)
    jobs: dict[str, tuple[list[Identify], int]] = field(default_factory=dict)
    job_polls: int = 1
    requests: list[tuple[str, list[str]]] = field(default_factory=list)
    identified: list[Identify] = field(default_factory=list)
    by_address: bool = False
    tickets: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def apply(self, change: Identify | Track) -> None:
        if isinstance(change, Track):
            self.received[change.id] += 1
            self.events[change.id] = change
            return
        # what a delta leaves out stays as it is: a wrong ``known`` shows as a wrong profile
        self.identified.append(change)
        email = change.person.email if self.by_address else None
        key = change.person.id if email is None else email
        self.profiles.setdefault(key, {}).update(change.delta())


class FakeOptions(Options):
    """None."""


class Fake(Destination[FakeOptions]):
    """Speaks to a Vendor in memory; answers at once."""

    options_class = FakeOptions
    vendor: Vendor

    async def check(self) -> None: ...

    def by_address(self) -> bool:
        return self.vendor.by_address

    async def _talk(self, kind: str, batch: Batch[Any]) -> str:
        vendor = self.vendor
        vendor.requests.append((kind, [change.id for change in batch]))
        vendor.at_once += 1
        vendor.most_at_once = max(vendor.most_at_once, vendor.at_once)
        await asyncio.sleep(0)
        vendor.at_once -= 1
        fault = vendor.faults.popleft() if vendor.faults else "ok"
        if fault == "gone":
            raise Unavailable("nobody is there", maybe_applied=False)
        if fault == "throttle":
            raise Throttled("slower", retry_after=2)
        if fault == "wrong_key":
            raise Unauthorized("no such key")
        if fault == "refuse":
            raise Refused("not like this")
        if fault == "broken":
            raise KeyError("oops of a plugin, jane@example.com")
        return fault

    def _done(self, fault: str, batch: Batch[Any]) -> Receipt:
        bad = {c.id: "poison" for c in batch if c.person.id in self.vendor.poison}
        first = batch.changes[0].id
        if fault == "odd":
            bad[first] = "odd"
        for change in batch:
            if change.id not in bad:
                self.vendor.apply(change)
        if fault == "lost":
            raise Unavailable("the line went dead")
        if fault == "names_nobody":
            raise Refused("somebody among them", maybe_applied=True)
        if fault == "misses":
            return Receipt({})
        unsure = {first: "could be"} if fault == "unsure" and first not in bad else None
        return batch.delivered(rejected=bad, unsure=unsure)

    @delivers(Identify, size=10)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        return self._done(await self._talk("identify", batch), batch)

    @delivers(Track, size=10)
    async def track(self, batch: Batch[Track]) -> Receipt:
        return self._done(await self._talk("track", batch), batch)


class Jobbing(Fake):
    """Takes profiles as jobs, which take ``job_polls`` polls and are done at the last of them."""

    @delivers(Identify, size=10)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        fault = await self._talk("identify", batch)
        vendor = self.vendor
        vendor.tickets += 1
        ticket = f"job-{vendor.tickets}"
        vendor.jobs[ticket] = (list(batch), vendor.job_polls)
        if fault == "lost":
            raise Unavailable("the line went dead")
        return batch.pending(ticket)

    async def settle(self, ticket: str, batch: Batch[Any]) -> Receipt:
        fault = await self._talk("settle", batch)
        if fault == "lose_job" or ticket not in self.vendor.jobs:
            self.vendor.jobs.pop(ticket, None)
            raise TicketLost("no such job")
        changes, polls = self.vendor.jobs[ticket]
        assert [change.id for change in changes] == [change.id for change in batch]
        if polls > 0:
            self.vendor.jobs[ticket] = (changes, polls - 1)
            return batch.pending(ticket)
        return self._done(fault, Batch(tuple(changes)))


class Forgetful(Fake):
    """Cannot tell a repeated event."""

    @delivers(Track, size=10, idempotent=False)
    async def track(self, batch: Batch[Track]) -> Receipt:
        return self._done(await self._talk("track", batch), batch)


def row(customer_id: str, segment: str = "Promising", **more: Any) -> dict[str, Any]:
    """One published customer."""
    usual: dict[str, Any] = {
        "customer_id": customer_id,
        "email": f"{customer_id}@example.com",
        "phone": None,
        "lifecycle_segment": segment,
        "lifecycle_previous": None,
        "lifecycle_since": AS_OF,
        "lifecycle_cause": "purchase",
        "rfm_segment": "Loyal",
        "risk_value_segment": "Nurture",
        "rfm_score": 3.14159,
        "churn_probability": 0.123456,
        "clv_3y": 99.999,
        "expected_next_order": date(1998, 5, 1),
        "intervention_date": None,
    }
    return usual | more


TYPES = {
    "email": pa.string(),
    "phone": pa.string(),
    "lifecycle_previous": pa.string(),
    "intervention_date": pa.date32(),
    "expected_next_order": pa.date32(),
    "churn_probability": pa.float64(),
    "clv_3y": pa.float64(),
}
MOVES = pa.schema(
    [
        ("customer_id", pa.string()),
        ("scheme", pa.string()),
        ("from_segment", pa.string()),
        ("to_segment", pa.string()),
        ("cause", pa.string()),
    ]
)


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    usual = pa.Table.from_pylist([row("-")])
    schema = pa.schema([(f.name, TYPES.get(f.name, f.type)) for f in usual.schema])
    return pa.Table.from_pylist(list(rows), schema=schema)


class Shop:
    """A store, some destinations over their vendors, and days that are published and delivered."""

    def __init__(
        self, folder: Path, kinds: dict[str, type[Fake]] | None = None, url: str | None = None
    ) -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder}/state.db"
        self.store = Store(self.url)
        self.clock = FakeClock()
        self.kinds = kinds or {"fake": Fake}
        self.vendors = {name: Vendor() for name in self.kinds}
        self.projections = {name: Projection() for name in self.kinds}
        self.published: Snapshot | None = None
        self.rows: dict[str, dict[str, Any]] = {}
        #: Ids that turned out to be somebody else's, with their last address; and their file.
        self.merged: dict[str, str] = {}
        self.retired: Path | None = None
        self.brake = Brake(customers=10_000)
        self.pace = Pace(seed=1)
        self.approved: int | None = None
        self.days = 0

    @property
    def vendor(self) -> Vendor:
        return next(iter(self.vendors.values()))

    def targets(self) -> list[Target]:
        found = []
        for name, kind in self.kinds.items():
            connector = kind(FakeOptions(), transport=httpx.MockTransport(lambda _: None))  # type: ignore[arg-type,return-value]
            connector.vendor = self.vendors[name]
            found.append(Target(name, connector, self.projections[name], retired=self.retired))
        return found

    def publish(self, rows: Sequence[dict[str, Any]], merged: Iterable[str] = ()) -> Snapshot:
        """A new day: its customers, the moves since the day before, the events of these.

        Of the customers of the day before, ``merged`` are known to be others of this day's.
        """
        self.days += 1
        as_of = AS_OF + timedelta(days=self.days)
        run = self.store.start_run(as_of, self.clock.now())
        path = self.folder / f"{run.id}.parquet"
        pq.write_table(table(rows), path)
        moves = pa.Table.from_pylist(list(self._moves(rows)), schema=MOVES)
        here = {name: self.projections[name] for name in self.kinds}
        events = list(events_for(self.store, moves, here, as_of, self.clock.now()))
        new = NewSnapshot(run.id, as_of, str(path), len(rows), None, None, 0, {}, self.clock.now())
        self.published = self.store.publish(new, moves, events)
        self._retire(merged, {each["customer_id"] for each in rows}, run.id)
        self.rows = {each["customer_id"]: each for each in rows}
        return self.published

    def _retire(self, merged: Iterable[str], today: set[str], run_id: str) -> None:
        known = self.merged | {each: self.rows[each]["email"] for each in merged}
        self.merged = {each: email for each, email in known.items() if each not in today}
        self.retired = self.folder / f"{run_id}.retired.parquet"
        names = pa.schema([("customer_id", pa.string()), ("email", pa.string())])
        gone = [{"customer_id": each, "email": email} for each, email in self.merged.items()]
        pq.write_table(pa.Table.from_pylist(gone, schema=names), self.retired)

    def _moves(self, rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for each in rows:
            was = self.rows.get(each["customer_id"])
            came = None if was is None else was["lifecycle_segment"]
            if came != each["lifecycle_segment"]:
                yield {
                    "customer_id": each["customer_id"],
                    "scheme": "lifecycle",
                    "from_segment": came,
                    "to_segment": each["lifecycle_segment"],
                    "cause": "purchase",
                }

    @property
    def run_id(self) -> str:
        assert self.published is not None
        return self.published.run_id

    def plan(self, store: Store | None = None) -> dict[str, DestinationPlan]:
        assert self.published is not None
        store = store or self.store
        prepared = prepare(store, Path(self.published.path), self.targets())
        found = plan(
            store,
            prepared,
            run_id=self.run_id,
            clock=self.clock,
            brake=self.brake,
            approved=self.approved,
        )
        for each in prepared:
            each.close()
        return {each.destination: each for each in found}

    def deliver(self, **more: Any) -> dict[str, DestinationResult]:
        assert self.published is not None
        path = Path(self.published.path)
        prepared = prepare(self.store, path, self.targets())
        run = Delivering(
            self.store,
            self.run_id,
            self.clock,
            self.brake,
            self.approved,
            self.pace,
            **more,
        )
        try:
            results = asyncio.run(deliver(run, path, prepared))
        finally:
            for each in prepared:
                each.close()
        for result in results.values():
            parts = result.delivered + result.rejected + result.unsure + result.waiting
            assert result.planned == parts, result
        return results

    def day(self, rows: Sequence[dict[str, Any]]) -> DestinationResult:
        """Publish, deliver, end the run; what became of it at the first destination."""
        self.publish(rows)
        results = self.deliver()
        self.store.finish_run(self.run_id, Status.DONE, None, self.clock.now())
        return next(iter(results.values()))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shop_of(tmp_path: Path, state_url: str) -> Iterator[Callable[..., Shop]]:
    made: list[Shop] = []

    def make(**kinds: type[Fake]) -> Shop:
        shop = Shop(tmp_path, kinds or None, state_url)
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.store.close()


@pytest.fixture
def shop(shop_of: Callable[..., Shop]) -> Shop:
    return shop_of()


@pytest.fixture
def store(state_url: str) -> Iterator[Store]:
    opened = Store(state_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def kit() -> Any:
    """This file's names: tests are not importable modules."""
    import sys

    return sys.modules[__name__]
