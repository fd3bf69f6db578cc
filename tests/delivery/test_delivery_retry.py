"""A person decides: unknown events once more or not, and refused changes after mending."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from sync.retry import Stale, events_again, events_taken, refused_again, refused_events
from sync.store.tables import outbox


@pytest.fixture
def doubtful(shop_of, kit):
    """Two events whose answer was lost, at a vendor that cannot tell a repeat."""
    shop = shop_of(braze=kit.Forgetful)
    people = [kit.row(f"{n}") for n in range(2)]
    shop.day(people)
    shop.vendor.faults.extend(["ok", "lost"])
    result = shop.day([{**one, "lifecycle_segment": "Loyal Customers"} for one in people])
    assert (result.unknown, len(shop.vendor.events)) == (2, 2)
    return shop


def test_an_unknown_event_is_sent_again_only_for_whom_it_was_decided(doubtful):
    shop = doubtful
    now = shop.clock.now()
    assert shop.deliver()["braze"].requests == 0
    assert set(shop.vendor.received.values()) == {1}
    assert events_again(shop.store, ["braze"], ["1"], now) == 1
    done = shop.deliver()["braze"]
    assert sorted(shop.vendor.received.values()) == [1, 2]
    assert (done.unknown, done.waiting) == (1, 0)
    assert events_again(shop.store, ["elsewhere"], None, now) == 0


def test_what_is_taken_as_arrived_is_never_sent_again(doubtful):
    shop = doubtful
    assert events_taken(shop.store, ["braze"], None, shop.clock.now()) == 2
    done = shop.deliver()["braze"]
    assert (done.unknown, done.unsure) == (0, 0)
    assert set(shop.vendor.received.values()) == {1}
    assert events_again(shop.store, ["braze"], None, shop.clock.now()) == 0


def test_what_was_refused_is_tried_again_with_its_event_and_only_on_request(shop, kit):
    shop.day([kit.row("1"), kit.row("2"), kit.row("3")])
    shop.vendor.poison = {"1", "2"}
    moved = [kit.row(who, "Loyal Customers") for who in ("1", "2", "3")]
    assert shop.day(moved).rejected == 4
    shop.vendor.poison = {"2"}
    shop.publish(moved)
    assert shop.deliver()["fake"].planned == 0
    # two profiles and their events; a refused one stays refused until it is answered for
    now, long_ago = shop.clock.now(), shop.clock.now() - timedelta(days=30)
    assert refused_again(shop.store, ["fake"], None, now, since=long_ago) == 4
    assert refused_again(shop.store, ["fake"], ["2"], now, since=long_ago) == 0
    planned = shop.plan()["fake"]
    assert (planned.moves, planned.events) == (2, 2)
    done = shop.deliver()["fake"]
    assert (done.planned, done.delivered, done.rejected) == (4, 2, 2)
    assert shop.vendor.profiles["1"]["lifecycle_segment"] == "Loyal Customers"
    assert {event.person.id for event in shop.vendor.events.values()} == {"1", "3"}
    assert shop.deliver()["fake"].requests == 0
    assert shop.vendor.received.most_common(1)[0][1] == 1


def test_an_event_of_long_ago_stays_refused_though_its_profile_goes(shop, kit):
    shop.day([kit.row("1"), kit.row("2")])
    shop.vendor.poison = {"1"}
    shop.day([kit.row("1", "Lost"), kit.row("2")])
    shop.vendor.poison = {"1", "2"}
    shop.clock.passed += 86_400
    shop.day([kit.row("1", "Lost"), kit.row("2", "Champions")])
    marks = {"1": "Lost", "2": "Champions"}
    first, second = sorted(occurred(shop))
    found = refused_events(shop.store, ["fake"], None, second)
    assert found == Stale(young=1, oldest=second, late=1)
    assert refused_events(shop.store, ["fake"], ["1"], first) == Stale(1, first, 0)
    assert refused_again(shop.store, ["fake"], None, shop.clock.now(), since=second) == 3
    shop.vendor.poison = set()
    shop.publish([kit.row(who, segment) for who, segment in marks.items()])
    shop.deliver()
    assert {who: shop.vendor.profiles[who]["lifecycle_segment"] for who in marks} == marks
    assert [event.properties["to"] for event in shop.vendor.events.values()] == ["Champions"]


def occurred(shop):
    with shop.store.read() as connection:
        return connection.execute(sa.select(outbox.c.occurred_at)).scalars().all()
