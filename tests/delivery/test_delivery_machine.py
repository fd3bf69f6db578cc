"""Any history of days, faults and crashes ends with the vendors holding what was published."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
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
from sync.names import Names
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
    st.sampled_from(["Champions", "At Risk", "Lost", "One of the shop's own rules"]),
    min_size=1,
    max_size=14,
)


#: What an operator may call segments.
KEYS = {"Best": "Champions", "Dear": "Champions", "It's over": "Lost", "Risky": "At Risk"}
NAMES = st.sets(st.sampled_from(sorted(KEYS))).map(
    lambda names: {KEYS[name]: name for name in sorted(names)}
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
        #: Destinations that left the configuration, with the requests that they had got until then.
        self.away: dict[str, Any] = {}
        #: Destinations whose properties got other names: the older names stay there.
        self.renamed: set[str] = set()
        for name, vendor in self.shop.vendors.items():
            vendor.apply = self._watched(name, vendor, vendor.apply)

    def _prefix(self, name: str) -> str:
        return self.shop.projections[name].prefix

    def _watched(self, name: str, vendor: Any, apply: Any) -> Any:
        def watch(change: Any) -> None:
            if isinstance(change, self.kit.Track):
                wanted = self.shop.rows.get(change.person.id)
                profile = vendor.profiles[change.person.id]
                held = profile[f"{self._prefix(name)}lifecycle_segment"]
                # what it was called when its profile went out is no matter
                same = wanted is None or KEYS.get(held, held) == wanted["lifecycle_segment"]
                assert same, "event first"
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

    @precondition(lambda self: self.shop.rows)
    @rule(some=st.sets(st.sampled_from([f"{n:02d}" for n in range(14)]), min_size=1, max_size=5))
    def orders_are_given_back(self, some: set[str]) -> None:
        """Every other one of them had bought nothing else, and is no customer any more."""
        first, *others = self.shop.rows.values()
        gone = {customer for n, customer in enumerate(sorted(some)) if n % 2}
        changed = {"lifecycle_segment": "At Risk", "lifecycle_cause": "correction"}
        kept = [row | changed if row["customer_id"] in some else row for row in others]
        self.shop.publish([first, *(row for row in kept if row["customer_id"] not in gone)])
        self.fresh = True

    @precondition(lambda self: self.shop.rows)
    @rule(old=st.sampled_from(["Champions", "Lost"]), new=st.sampled_from(["VIP", "Gone"]))
    def a_segment_gets_another_name(self, old: str, new: str) -> None:
        changed = {"lifecycle_segment": new, "lifecycle_cause": "rule"}
        rows = self.shop.rows.values()
        self.shop.publish([r | changed if r["lifecycle_segment"] == old else r for r in rows])
        self.fresh = True

    @precondition(lambda self: len(self.shop.rows) > 1)
    @rule(which=st.integers(0, 13))
    def two_turn_out_to_be_one(self, which: int) -> None:
        """One of them is no customer any more, and the other bought what both had bought."""
        ids = sorted(self.shop.rows)
        gone = ids.pop(which % len(ids))
        heir = ids[which % len(ids)]
        changed = {"lifecycle_segment": "Champions", "lifecycle_cause": "merge"}
        rows = [self.shop.rows[each] | (changed if each == heir else {}) for each in ids]
        self.shop.publish(rows, merged=[gone])
        self.fresh = True

    @rule(name=st.sampled_from(["plain", "jobs", "forgetful"]), prefix=st.sampled_from(["", "t_"]))
    def properties_get_other_names(self, name: str, prefix: str) -> None:
        if prefix != self._prefix(name):
            self.renamed.add(name)
        self.shop.projections[name] = replace(self.shop.projections[name], prefix=prefix)
        self.fresh = False

    @precondition(lambda self: len(self.shop.kinds) > 1)
    @rule(number=st.integers(0, 2))
    def a_destination_leaves(self, number: int) -> None:
        name = sorted(self.shop.kinds)[number % len(self.shop.kinds)]
        vendor = self.shop.vendors.pop(name)
        self.away[name] = (self.shop.kinds.pop(name), vendor, len(vendor.requests))
        self.fresh = False

    @precondition(lambda self: self.away)
    @rule(number=st.integers(0, 2))
    def a_destination_joins(self, number: int) -> None:
        name = sorted(self.away)[number % len(self.away)]
        kind, vendor, requests = self.away.pop(name)
        assert len(vendor.requests) == requests, "spoken to although it had left"
        self.shop.kinds[name], self.shop.vendors[name] = kind, vendor
        self.fresh = False

    @rule(names=NAMES)
    def segments_are_renamed(self, names: dict[str, str]) -> None:
        for name, projection in self.shop.projections.items():
            given = Names({"lifecycle": names} if names else {})
            self.shop.projections[name] = replace(projection, names=given)

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
        if lose and "jobs" in shop.vendors:
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
            self._holds_nothing_of_the_merged(name, vendor)
            self._got_its_events(name, vendor)

    def _holds_what_was_published(self, name: str, vendor: Any) -> None:
        refused = self._ids(
            sa.select(ledger.c.customer_id).where(
                ledger.c.destination == name, ledger.c.mark == "refused"
            )
        )
        prefix = self._prefix(name)
        nulls = {f"{prefix}lifecycle_segment_previous", f"{prefix}intervention_date"}
        names = {p.name for p in self.shop.projections[name].properties()}
        for customer, row in self.shop.rows.items():
            if customer not in refused:
                held = vendor.profiles[customer]
                called, before = self.shop.projections[name].names, row["lifecycle_previous"]
                wanted = called.of("lifecycle", row["lifecycle_segment"])
                previous = before and called.of("lifecycle", before)
                assert held[f"{prefix}lifecycle_segment"] == wanted
                assert held.get(f"{prefix}lifecycle_segment_previous") == previous
                assert held.keys() | nulls >= names
                assert name in self.renamed or held.keys() | nulls == names

    def _holds_nothing_of_the_merged(self, name: str, vendor: Any) -> None:
        known = self._ids(
            sa.select(ledger.c.customer_id).where(
                ledger.c.destination == name,
                ledger.c.mark == "acked",
                ledger.c.accepted.is_not(None),
            )
        )
        names = {p.name for p in self.shop.projections[name].properties()}
        for customer in known & self.shop.merged.keys():
            held = {vendor.profiles[customer].get(each) for each in names}
            assert held == {None}, f"what was sent of {customer} stands although he is merged"

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
