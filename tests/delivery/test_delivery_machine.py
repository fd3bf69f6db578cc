"""Any history of days, faults and crashes ends with the vendors holding what was published."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sync import failpoints
from sync.store.tables import ledger, outbox

FAULTS = ["ok", "ok", "lost", "gone", "throttle", "refuse", "unsure", "odd", "misses", "broken"]
PLACES = [
    "deliver.marked",
    "deliver.answered",
    "deliver.written",
    "deliver.ticketed",
    "deliver.polled",
    "deliver.settled",
    "deliver.lost",
]
PEOPLE = st.dictionaries(
    st.sampled_from([f"{n:02d}" for n in range(14)]),
    st.sampled_from(["Champions", "At Risk", "Lost"]),
    min_size=1,
    max_size=14,
)


class Crash(BaseException):
    """The process ends here."""


def crash() -> None:
    raise Crash


class Deliveries(RuleBasedStateMachine):
    """One shop, three kinds of vendor."""

    kit: Any

    @initialize()
    def open_the_shop(self) -> None:
        kit = self.kit
        self.folder = Path(tempfile.mkdtemp())
        self.shop = kit.Shop(
            self.folder, {"plain": kit.Fake, "jobs": kit.Jobbing, "forgetful": kit.Forgetful}
        )
        self.shop.pace = kit.Pace(seed=1, attempts=2, in_flight=2)
        self.fresh = False
        for vendor in self.shop.vendors.values():
            vendor.apply = self._watched(vendor, vendor.apply)

    def _watched(self, vendor: Any, apply: Any) -> Any:
        def watch(change: Any) -> None:
            if isinstance(change, self.kit.Track):
                wanted = self.shop.rows.get(change.person.id)
                held = vendor.profiles[change.person.id]["lifecycle_segment"]
                assert wanted is None or held == wanted["lifecycle_segment"], "event first"
            apply(change)

        return watch

    @rule(people=PEOPLE, number=st.floats(0, 1))
    def a_day_is_published(self, people: dict[str, str], number: float) -> None:
        rows = [self._row(i, s, number) for i, s in people.items()]
        self.shop.publish(rows)
        self.fresh = True

    def _row(self, customer: str, segment: str, number: float) -> dict[str, Any]:
        # a property that comes and goes, so that one not cleared would be seen
        previous = "Lost" if segment == "Champions" else None
        return self.kit.row(
            customer, segment, churn_probability=number, lifecycle_previous=previous
        )

    @precondition(lambda self: self.shop.published is not None)
    @rule(
        faults=st.fixed_dictionaries(
            {
                n: st.lists(st.sampled_from(FAULTS), max_size=8)
                for n in ("plain", "jobs", "forgetful")
            }
        ),
        jobs=st.sampled_from([0, 1, 9]),
        patience=st.sampled_from([0, 1800]),
        lose=st.booleans(),
    )
    def it_is_delivered(self, faults, jobs: int, patience: float, lose: bool) -> None:
        shop = self.shop
        for name, vendor in shop.vendors.items():
            vendor.faults.extend(faults[name])
            vendor.job_polls = jobs
        if lose:
            shop.vendors["jobs"].jobs.clear()
        shop.pace = self.kit.Pace(seed=1, attempts=2, in_flight=2, job_patience=patience)
        plans = shop.plan()
        results = shop.deliver()
        for name, result in results.items():
            if self.fresh:
                assert result.planned == plans[name].planned, (name, result, plans[name])
            shop.vendors[name].faults.clear()
        self.fresh = False

    @precondition(lambda self: self.shop.published is not None)
    @rule(place=st.sampled_from(PLACES), times=st.integers(1, 4))
    def the_process_is_killed(self, place: str, times: int) -> None:
        failpoints._reached.clear()
        os.environ[failpoints.VARIABLE] = f"{place}:{times}"
        try:
            self.shop.deliver()
        except Crash:
            pass
        finally:
            del os.environ[failpoints.VARIABLE]
        self.fresh = False

    @precondition(lambda self: self.shop.published is not None)
    @rule()
    def all_is_well_in_the_end(self) -> None:
        shop = self.shop
        shop.pace = self.kit.Pace(seed=1)
        for _ in range(2):
            for result in shop.deliver().values():
                assert result.waiting == 0, result
        self.fresh = False
        for vendor in shop.vendors.values():
            vendor.requests.clear()
        shop.deliver()
        for name, vendor in shop.vendors.items():
            assert vendor.requests == [], "a repeated plan makes no request"
            self._holds_what_was_published(name, vendor)
            self._got_its_events(name, vendor)

    def _holds_what_was_published(self, name: str, vendor: Any) -> None:
        refused = self._ids(
            sa.select(ledger.c.customer_id).where(
                ledger.c.destination == name, ledger.c.mark == "refused"
            )
        )
        for customer, row in self.shop.rows.items():
            if customer not in refused:
                held = vendor.profiles[customer]
                assert held["lifecycle_segment"] == row["lifecycle_segment"]
                assert held.get("lifecycle_segment_previous") == row["lifecycle_previous"]
                nulls = {"lifecycle_segment_previous", "intervention_date"}
                names = {p.name for p in self.shop.projections[name].properties()}
                assert held.keys() | nulls == names

    def _got_its_events(self, name: str, vendor: Any) -> None:
        with self.shop.store.read() as connection:
            marks = Counter(
                connection.execute(
                    sa.select(outbox.c.mark).where(outbox.c.destination == name)
                ).scalars()
            )
            acked = self._ids(
                sa.select(outbox.c.id).where(outbox.c.destination == name, outbox.c.mark == "acked")
            )
        assert acked <= set(vendor.events)
        assert marks["new"] == marks["unsure"] == 0
        if name == "forgetful":
            assert max(vendor.received.values(), default=0) <= 1, "an event came twice"
        else:
            assert marks["unknown"] == 0

    def _ids(self, query: sa.Select[Any]) -> set[str]:
        with self.shop.store.read() as connection:
            return set(connection.execute(query).scalars())

    def teardown(self) -> None:
        if hasattr(self, "shop"):
            if self.shop.published is not None:
                self.all_is_well_in_the_end()
            self.shop.store.close()
            shutil.rmtree(self.folder)


def test_any_history_converges(kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "die", crash)
    Deliveries.kit = kit
    histories = os.environ.get("DELIVERY_HISTORIES")
    machine = settings(
        max_examples=int(histories or "8"),
        # the same histories every time, unless one asks for more of them: then any
        derandomize=histories is None,
        print_blob=True,
        phases=set(Phase) - {Phase.explain},
        stateful_step_count=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Deliveries, settings=machine)
