"""The plan is what the run then does, to the row, and changes nothing."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.plan import free, seconds_for
from sync.store import Store, StoreError
from sync.store.tables import metadata


def digest(shop) -> str:
    """All that is kept; of a file every byte of it."""
    if shop.url.startswith("sqlite"):
        return hashlib.sha256((shop.folder / "state.db").read_bytes()).hexdigest()
    store = Store(shop.url, read_only=True)
    with store.read() as connection:
        rows = [connection.execute(sa.select(t)).all() for t in metadata.sorted_tables]
    store.close()
    return repr(rows)


def test_a_plan_needs_no_right_to_write_and_its_counts_come_true(shop_of, kit) -> None:
    shop = shop_of(one=kit.Fake, two=kit.Jobbing, three=kit.Forgetful)
    shop.day([kit.row(f"{n:02d}") for n in range(30)])
    for vendor in shop.vendors.values():
        vendor.poison.update({"03", "31"})
    shop.publish([kit.row(f"{n:02d}", ["Lost", "Promising"][n % 2]) for n in range(35)])
    shop.store.close()
    before = digest(shop)
    reader = Store(shop.url, read_only=True)
    plans = shop.plan(reader)
    with pytest.raises(StoreError), reader.begin():
        pass
    reader.close()
    assert digest(shop) == before
    results = shop.deliver()
    assert {n: p.planned for n, p in plans.items()} == {n: r.planned for n, r in results.items()}
    assert {n: (p.entries, p.moves, p.events) for n, p in plans.items()} == dict.fromkeys(
        plans, (5, 15, 15)
    )
    assert {n: p.requests for n, p in plans.items()} == dict.fromkeys(plans, 4)


def test_events_that_publishing_would_add_are_planned_too(shop, kit) -> None:
    shop.day([kit.row("1")])
    coming = [kit_event(kit, "x", "fake", "1"), kit_event(kit, "y", "elsewhere", "1")]
    prepared = kit.prepare(shop.store, kit.Path(shop.published.path), shop.targets())
    (found,) = kit.plan(
        shop.store, prepared, run_id="r", clock=shop.clock, brake=shop.brake, coming=coming
    )
    assert found.events == 1


def kit_event(kit, event_id, destination, customer):
    from sync.store import OutboxEvent

    return OutboxEvent(event_id, destination, customer, "n", "{}", kit.NOW)


def test_the_time_is_that_of_the_strictest_limit(shop) -> None:
    from connectors.base import Rate

    connector = shop.targets()[0].connector
    connector.limits = lambda: (Rate(10, 1), Rate(150, 60))
    assert seconds_for(connector, 100) == 9
    assert seconds_for(connector, 151) == 60
    assert seconds_for(connector, 0) == 0


def test_without_a_brake_every_event_is_free() -> None:
    assert free({"a": "1"}, None, None) == ["a"]


IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
PEOPLE = st.dictionaries(IDS, st.sampled_from(["A", "B", "C"]), max_size=8)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(days=st.lists(PEOPLE, min_size=1, max_size=3))
def test_the_difference_is_that_of_a_plain_comparison(tmp_path_factory, kit, days) -> None:
    shop = kit.Shop(tmp_path_factory.mktemp("shop"))
    accepted: dict[str, str] = {}
    for people in days:
        shop.publish([kit.row(name, segment) for name, segment in people.items()])
        plan = shop.plan()["fake"]
        entries = sum(name not in accepted for name in people)
        moves = sum(name in accepted and accepted[name] != s for name, s in people.items())
        assert (plan.entries, plan.moves) == (entries, moves)
        assert plan.vanished == len(accepted.keys() - people.keys())
        assert plan.known == len(accepted)
        shop.deliver()
        accepted |= people
    held = {name: p["lifecycle_segment"] for name, p in shop.vendor.profiles.items()}
    assert held == accepted
    shop.store.close()
