"""What stood under an address or a name that is a customer's no more is taken away."""

from __future__ import annotations

import pytest

from sync.projection import Projection
from sync.wire import Pace

OLD, NEW = "old@example.com", "new@example.com"


@pytest.fixture
def addressed(shop):
    shop.vendor.by_address = True
    return shop


def holds(shop, key) -> dict[str, object]:
    """What the vendor has there, without nulls."""
    return {n: v for n, v in shop.vendor.profiles[key].items() if v is not None}


def settled(shop) -> bool:
    shop.vendor.requests.clear()
    shop.deliver()
    return shop.vendor.requests == []


def test_the_profile_at_an_address_that_was_left_is_cleared(addressed, kit) -> None:
    addressed.day([kit.row("5", "Champions", email=OLD)])
    result = addressed.day([kit.row("5", "Champions", email=NEW)])
    assert (result.planned, result.delivered) == (1, 1)
    assert holds(addressed, OLD) == {}
    assert holds(addressed, NEW)["lifecycle_segment"] == "Champions"
    assert settled(addressed)
    # and back again: nothing is taken for known of a profile that was cleared
    addressed.day([kit.row("5", "Lost", email=OLD)])
    assert holds(addressed, NEW) == {}
    assert holds(addressed, OLD)["rfm_segment"] == "Loyal"
    assert [event.person.email for event in addressed.vendor.events.values()] == [OLD]


def test_what_is_a_customers_of_today_is_not_cleared(addressed, kit) -> None:
    addressed.day([kit.row("5", "Champions", email=OLD), kit.row("6", email=NEW)])
    addressed.day([kit.row("5", "Champions", email=NEW), kit.row("6", email=OLD.upper())])
    assert OLD in addressed.vendor.profiles
    his = [one.person.email for one in addressed.vendor.identified if one.person.id == "5"]
    assert his == [OLD, NEW]
    assert holds(addressed, NEW)["lifecycle_segment"] == "Champions"


def test_where_people_are_known_by_our_id_a_new_address_clears_nothing(shop, kit) -> None:
    shop.day([kit.row("5", email=OLD)])
    shop.day([kit.row("5", email=NEW)])
    assert [change.person.email for change in shop.vendor.identified] == [OLD, NEW]


@pytest.mark.parametrize(
    ("faults", "unsure", "waiting"),
    [
        (["lost"] * 6, 2, 2),
        (["gone"] * 6, 0, 4),
        (["ok", "wrong_key"], 2, 2),
        (["ok", *["lost"] * 6], 2, 2),
        (["unsure", "ok"], 1, 1),
        (["names_nobody", "ok", "wrong_key"], 2, 2),
    ],
    ids=lambda told: "-".join(dict.fromkeys(told)) if isinstance(told, list) else None,
)
def test_whatever_fails_on_the_way_the_old_address_is_cleared_in_the_end(
    addressed, kit, faults, unsure, waiting
) -> None:
    addressed.day([kit.row(who, "Champions", email=f"old{who}@example.com") for who in "56"])
    addressed.publish([kit.row(who, "Lost", email=f"new{who}@example.com") for who in "56"])
    addressed.vendor.faults.extend(faults)
    result = addressed.deliver()["fake"]
    assert (result.planned, result.unsure, result.waiting) == (4, unsure, waiting)
    # no event goes before the profile that it tells of
    known = {change.person.email for change in addressed.vendor.identified}
    assert {event.person.email for event in addressed.vendor.events.values()} <= known
    addressed.vendor.faults.clear()
    addressed.deliver()
    for who in "56":
        assert holds(addressed, f"old{who}@example.com") == {}
        assert holds(addressed, f"new{who}@example.com")["lifecycle_segment"] == "Lost"
    assert {event.person.email for event in addressed.vendor.events.values()} == {
        "new5@example.com",
        "new6@example.com",
    }
    assert settled(addressed)


def test_who_is_only_cleared_so_far_does_not_count_as_delivered(addressed, kit) -> None:
    people = [f"{n:02d}" for n in range(12)]
    addressed.day([kit.row(who, email=f"old{who}@example.com") for who in people])
    addressed.publish([kit.row(who, email=f"new{who}@example.com") for who in people])
    addressed.pace = Pace(in_flight=1, seed=1)
    addressed.vendor.faults.extend(["ok", "wrong_key"])
    result = addressed.deliver()["fake"]
    assert (result.planned, result.delivered, result.unsure, result.waiting) == (12, 0, 10, 2)
    assert addressed.deliver()["fake"].delivered == 12
    assert settled(addressed)


def test_names_that_are_ours_no_more_are_cleared_once(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.projections["fake"] = Projection(prefix="td_", schemes=("lifecycle",))
    shop.vendor.faults.extend(["gone"] * 6)
    shop.day([kit.row("1")])
    shop.vendor.faults.clear()
    shop.day([kit.row("1"), kit.row("2")])
    assert all(name.startswith("td_") for name in holds(shop, "1"))
    # whoever is new has nothing to be cleared
    assert all(name.startswith("td_") for name in shop.vendor.profiles["2"])
    shop.vendor.identified.clear()
    shop.day([kit.row("1", "Lost"), kit.row("2")])
    assert [change.delta() for change in shop.vendor.identified] == [
        {"td_lifecycle_segment": "Lost"}
    ]
    assert settled(shop)


def test_a_name_that_may_have_arrived_is_cleared_as_well(shop, kit) -> None:
    shop.projections["fake"] = Projection(prefix="first_")
    shop.vendor.faults.extend(["lost"] * 6)
    shop.day([kit.row("1")])
    shop.vendor.faults.clear()
    shop.projections["fake"] = Projection()
    shop.day([kit.row("1")])
    assert not any(name.startswith("first_") for name in holds(shop, "1"))
