"""Events are no state: one is sent again only where the vendor can tell a repeat."""

from __future__ import annotations

import pytest

from connectors.types import Track
from sync.outbox import EventMark, Outbox


def moved(shop, kit, n=3):
    shop.day([kit.row(str(i)) for i in range(n)])
    shop.publish([kit.row(str(i), "Lost") for i in range(n)])


def test_a_lost_answer_is_repeated_under_the_same_id(shop, kit) -> None:
    moved(shop, kit)
    shop.vendor.faults.extend(["ok", "lost"])
    result = shop.deliver()["fake"]
    assert (result.delivered, result.unsure) == (6, 0)
    assert len(shop.vendor.events) == 3
    assert set(shop.vendor.received.values()) == {2}


@pytest.mark.parametrize("fault", ["lost", "misses", "broken"])
def test_where_repeats_count_a_lost_answer_is_left_to_a_person(shop_of, kit, fault) -> None:
    shop = shop_of(fake=kit.Forgetful)
    moved(shop, kit)
    shop.vendor.faults.extend(["ok", fault])
    result = shop.deliver()["fake"]
    assert (result.delivered, result.unsure, result.unknown) == (3, 3, 3)
    (again,) = [shop.day([kit.row(str(i), "Lost") for i in range(3)])]
    assert (again.planned, max(shop.vendor.received.values(), default=0)) == (0, fault != "broken")


def test_where_repeats_count_a_surely_failed_request_is_made_again(shop_of, kit) -> None:
    shop = shop_of(fake=kit.Forgetful)
    moved(shop, kit)
    shop.vendor.faults.extend(["ok", "gone", "throttle"])
    assert shop.deliver()["fake"].delivered == 6
    assert set(shop.vendor.received.values()) == {1}


@pytest.mark.parametrize("fault", ["gone", "wrong_key"])
def test_what_had_no_effect_goes_with_the_next_run(shop_of, kit, fault) -> None:
    shop = shop_of(fake=kit.Forgetful)
    moved(shop, kit)
    shop.vendor.faults.extend(["ok", *[fault] * 20])
    result = shop.deliver()["fake"]
    assert (result.unsure, result.waiting) == (0, 3)
    shop.vendor.faults.clear()
    assert shop.deliver()["fake"].delivered == 6
    assert set(shop.vendor.received.values()) == {1}


def test_what_a_killed_process_left_on_the_wire_is_unknown_where_repeats_count(
    shop_of, kit
) -> None:
    shop = shop_of(fake=kit.Forgetful)
    moved(shop, kit)
    outbox = Outbox(shop.store, "fake")
    outbox.unsure([next(iter(outbox.waiting()))], "an earlier run", shop.clock.now())
    result = shop.deliver()["fake"]
    assert (result.delivered, result.unknown) == (5, 1)
    assert len(shop.vendor.events) == 2


def test_an_event_bears_the_same_id_whenever_and_wherever_it_is_made(shop, kit) -> None:
    moved(shop, kit, 1)
    moves = kit.pa.Table.from_pylist(
        [
            dict(
                zip(
                    kit.MOVES.names,
                    ["0", "lifecycle", "Promising", "Lost", "purchase"],
                    strict=True,
                )
            )
        ],
        schema=kit.MOVES,
    )
    made = [
        [e.id for e in kit.events_for(shop.store, moves, {"fake": kit.Projection()}, day, at)]
        for day, at in [
            (kit.AS_OF, shop.clock.now()),
            (kit.AS_OF, kit.NOW + kit.timedelta(days=1)),
            (kit.AS_OF + kit.timedelta(days=1), shop.clock.now()),
        ]
    ]
    assert made[0] == made[1] != made[2]
    # the id is the vendor's dedup key: were it made in another way, old events would come twice
    assert made[0] == ["aeb91cc6-d402-59cb-938a-03ea2e7294a9"]


def test_only_the_schemes_asked_for_become_events(shop, kit) -> None:
    shop.day([kit.row("1")])
    rows = [["1", "rfm", "A", "B", "silence"], ["1", "lifecycle", "A", "B", "silence"]]
    moves = kit.pa.Table.from_pylist(
        [dict(zip(kit.MOVES.names, each, strict=True)) for each in rows], schema=kit.MOVES
    )

    def names(projection):
        made = kit.events_for(shop.store, moves, {"fake": projection}, kit.AS_OF, shop.clock.now())
        return [event.name for event in made]

    assert names(kit.Projection()) == ["Lifecycle Segment Changed"]
    assert names(kit.Projection(event_schemes=("rfm",))) == ["RFM Segment Changed"]
    assert names(kit.Projection(events=False)) == []


def test_a_destination_without_events_refuses_them_by_name(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.publish([kit.row("1", "Lost")])

    class Mute(kit.Fake):
        def delivery(self, kind):
            return None if kind is kit.Track else super().delivery(kind)

    shop.kinds = {"fake": Mute}
    result = shop.deliver()["fake"]
    assert (result.delivered, result.reasons) == (1, {"this destination takes no events": 1})


def test_two_moves_of_one_customer_are_told_in_their_order(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.vendor.faults.extend(["gone"] * 20)
    shop.day([kit.row("1", "At Risk")])
    shop.vendor.faults.clear()
    shop.clock.passed += 86_400
    assert shop.day([kit.row("1", "Lost")]).delivered == 3
    told = sorted(shop.vendor.events.values(), key=lambda event: event.occurred_at)
    assert [event.properties["to"] for event in told] == ["At Risk", "Lost"]


def test_an_event_on_the_wire_waits_as_well_while_its_profile_is_unsure(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.vendor.faults.extend(["ok", *["lost"] * 20])
    assert shop.day([kit.row("1", "At Risk")]).unsure == 1
    shop.vendor.faults.clear()
    shop.vendor.requests.clear()
    shop.vendor.faults.append("unsure")
    shop.day([kit.row("1", "Lost")])
    assert [kind for kind, _ in shop.vendor.requests] == ["identify"]
    assert shop.deliver()["fake"].delivered == 3
    assert len(shop.vendor.events) == 2


def test_marks_are_what_the_documentation_names() -> None:
    assert {mark.value for mark in EventMark} == {"new", "unsure", "acked", "refused", "unknown"}


def test_events_follow_when_the_vendor_shows_the_properties(shop_of, kit) -> None:
    class Slow(kit.Fake):
        def seconds_until_visible(self) -> float:
            return 60.0

    shop = shop_of(slow=Slow)
    shop.day([kit.row("1")])
    assert shop.clock.passed == 0, "nothing waits without an event"
    shop.publish([kit.row("1", "Lost")])
    shop.vendor.faults.extend(["ok", "wrong_key"])
    assert shop.deliver()["slow"].waiting == 1
    assert shop.clock.passed == 60
    # the properties of the run before have long been seen
    assert shop.deliver()["slow"].delivered == 2
    assert shop.clock.passed == 60


def test_what_a_vendor_leaves_open_is_counted_by_kind(shop_of, kit) -> None:
    class Silent(kit.Fake):
        def unconfirmed(self, kind):
            return "it does not tell" if kind is Track else None

    shop = shop_of(fake=Silent)
    assert shop.day([kit.row("1"), kit.row("2")]).left_open == 0
    result = shop.day([kit.row("1", "Lost"), kit.row("2")])
    assert (result.delivered, result.left_open, result.unconfirmed) == (2, 1, "it does not tell")
