"""The way of a change: once, in order, and known by name if it did not arrive."""

from __future__ import annotations

import pytest


def test_a_first_load_sets_every_property_and_sends_no_event(shop, kit) -> None:
    result = shop.day([kit.row("1"), kit.row("2", "Champions")])
    assert (result.planned, result.delivered, result.requests) == (2, 2, 1)
    assert shop.vendor.profiles["2"] == {
        "lifecycle_segment": "Champions",
        "lifecycle_segment_since": kit.AS_OF,
        "rfm_segment": "Loyal",
        "rfm_score": 3.14,
        "risk_value_segment": "Nurture",
        "churn_probability": 0.1235,
        "clv_3y": 100.0,
        "expected_next_order": kit.date(1998, 5, 1),
    }
    assert not shop.vendor.events


def test_the_same_day_again_makes_no_request(shop, kit) -> None:
    rows = [kit.row(str(n)) for n in range(25)]
    shop.day(rows)
    shop.vendor.requests.clear()
    result = shop.day(rows)
    assert (result.planned, result.requests) == (0, 0)
    assert shop.vendor.requests == []


def test_only_who_moved_is_sent_and_his_event_follows_his_profile(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    shop.vendor.requests.clear()
    result = shop.day([kit.row("1"), kit.row("2", "At Risk")])
    assert [kind for kind, _ in shop.vendor.requests] == ["identify", "track"]
    assert (result.planned, result.delivered) == (2, 2)
    (event,) = shop.vendor.events.values()
    assert event.name == "Lifecycle Segment Changed"
    assert event.person.email == "2@example.com"
    assert event.properties == {
        "from": "Promising",
        "to": "At Risk",
        "cause": "purchase",
        "scheme": "lifecycle",
    }


def test_a_change_of_a_number_alone_is_not_sent(shop, kit) -> None:
    shop.day([kit.row("1")])
    assert shop.day([kit.row("1", churn_probability=0.9, clv_3y=1.0)]).planned == 0


def test_a_number_is_refreshed_when_it_leaves_its_tolerance(shop, kit) -> None:
    shop.projections["fake"] = kit.Projection(refresh={"churn_probability": 0.1})
    shop.day([kit.row("1"), kit.row("2", churn_probability=None)])
    assert shop.day([kit.row("1", churn_probability=0.2), kit.row("2")]).delivered == 1
    assert shop.vendor.profiles["2"]["churn_probability"] == 0.1235
    result = shop.day([kit.row("1", churn_probability=0.3), kit.row("2")])
    assert (result.delivered, shop.vendor.profiles["1"]["churn_probability"]) == (1, 0.3)


def test_no_number_is_sent_that_is_none(shop, kit) -> None:
    shop.day([kit.row("1", churn_probability=float("nan"), clv_3y=float("inf"))])
    assert not {"churn_probability", "clv_3y"} & shop.vendor.profiles["1"].keys()
    shop.day([kit.row("1", "Lost")])
    shop.day([kit.row("1", churn_probability=float("nan"), clv_3y=float("inf"))])
    assert shop.vendor.profiles["1"]["churn_probability"] is None
    assert shop.vendor.profiles["1"]["clv_3y"] is None


def test_what_is_known_is_what_was_accepted_last(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.day([kit.row("1", "Lost", clv_3y=0.0)])
    (change,) = shop.vendor.identified[1:]
    assert change.known is not None
    assert change.known["lifecycle_segment_since"] == kit.AS_OF
    assert change.delta() == {"lifecycle_segment": "Lost", "clv_3y": 0.0}


def test_nothing_is_known_of_whom_something_else_may_have_reached(shop, kit) -> None:
    shop.day([kit.row("1", clv_3y=1.0)])
    shop.vendor.faults.extend(["lost"] * 20)
    assert shop.day([kit.row("1", "At Risk", clv_3y=2.0)]).unsure == 1
    shop.vendor.faults.clear()
    shop.day([kit.row("1", "Promising", clv_3y=1.0)])
    assert shop.vendor.identified[-1].known is None
    assert shop.vendor.profiles["1"]["clv_3y"] == 1.0


def test_an_unsure_change_is_sent_again_with_what_is_wanted_by_then(shop, kit) -> None:
    shop.vendor.faults.extend(["lost"] * 20)
    result = shop.day([kit.row("1")])
    assert (result.delivered, result.unsure) == (0, 1)
    assert "no usable answer" in result.stopped_because
    shop.vendor.faults.clear()
    assert shop.day([kit.row("1", "Lost")]).delivered == 1
    assert shop.vendor.profiles["1"]["lifecycle_segment"] == "Lost"


def test_who_is_refused_is_named_and_not_sent_again_until_he_changes(shop, kit) -> None:
    shop.vendor.poison.add("2")
    rows = [kit.row(str(n)) for n in range(5)]
    result = shop.day(rows)
    assert (result.delivered, result.rejected, result.reasons) == (4, 1, {"poison": 1})
    assert shop.day(rows).planned == 0
    shop.vendor.poison.clear()
    rows[2] = kit.row("2", "Lost")
    assert shop.day(rows).delivered == 1


def test_the_event_of_a_refused_profile_is_refused_with_its_reason(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.vendor.poison.add("1")
    result = shop.day([kit.row("1", "Lost")])
    assert (result.planned, result.rejected) == (2, 2)
    assert result.reasons == {"poison": 1, "the profile was refused: poison": 1}
    assert not shop.vendor.events


def test_an_event_waits_while_its_profile_is_unsure(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.vendor.faults.append("unsure")
    result = shop.day([kit.row("1", "Lost")])
    assert (result.unsure, result.waiting) == (1, 1)
    assert not shop.vendor.events
    result = shop.day([kit.row("1", "Lost")])
    assert (result.delivered, result.waiting) == (2, 0)
    assert len(shop.vendor.events) == 1


def test_a_destination_that_joins_later_is_loaded_in_silence(shop_of, kit) -> None:
    shop = shop_of(one=kit.Fake, two=kit.Fake)
    both = shop.kinds
    shop.kinds = {"one": kit.Fake}
    projections, shop.projections = shop.projections, {"one": kit.Projection()}
    shop.day([kit.row("1")])
    shop.kinds, shop.projections = both, projections
    shop.day([kit.row("1", "Lost")])
    assert len(shop.vendors["one"].events) == 1
    assert shop.vendors["two"].profiles["1"]["lifecycle_segment"] == "Lost"
    assert not shop.vendors["two"].events


def test_a_removed_destination_leaves_its_rows_alone(shop_of, kit) -> None:
    shop = shop_of(one=kit.Fake, two=kit.Fake)
    shop.day([kit.row("1")])
    all_of_them = shop.kinds
    shop.kinds = {"one": kit.Fake}
    shop.day([kit.row("1", "Lost")])
    shop.kinds = all_of_them
    shop.publish([kit.row("1", "Lost")])
    assert {n: (p.entries, p.moves) for n, p in shop.plan().items()} == {
        "one": (0, 0),
        "two": (0, 1),
    }


def test_who_vanished_is_told_and_keeps_what_he_has(shop, kit) -> None:
    shop.day([kit.row("1"), kit.row("2")])
    result = shop.day([kit.row("1")])
    assert (result.planned, result.vanished) == (0, 1)
    assert "2" in shop.vendor.profiles


def test_a_wrong_key_stops_its_destination_alone(shop_of, kit) -> None:
    shop = shop_of(good=kit.Fake, bad=kit.Fake)
    shop.vendors["bad"].faults.extend(["wrong_key"] * 20)
    shop.publish([kit.row(str(n)) for n in range(60)])
    results = shop.deliver()
    assert results["good"].delivered == 60
    assert results["bad"].delivered == 0
    assert results["bad"].waiting == 60 - results["bad"].unsure > 0
    assert "does not accept the key" in results["bad"].stopped_because
    assert len(shop.vendors["bad"].requests) <= 16


def test_a_defective_connector_stops_alone_and_its_words_are_masked(shop_of, kit) -> None:
    shop = shop_of(good=kit.Fake, bad=kit.Fake)
    shop.vendors["bad"].faults.append("broken")
    shop.publish([kit.row("1")])
    results = shop.deliver()
    assert results["good"].delivered == 1
    assert "defective: KeyError" in results["bad"].stopped_because
    assert "jane" not in results["bad"].stopped_because


@pytest.mark.parametrize("kind", ["Fake", "Jobbing"])
def test_being_throttled_costs_no_attempt(shop_of, kit, kind) -> None:
    shop = shop_of(fake=getattr(kit, kind))
    shop.vendor.faults.extend(["throttle"] * 40)
    result = shop.day([kit.row("1")])
    assert (result.delivered, result.stopped_because) == (1, None)
    assert shop.clock.passed >= 80


def test_a_refused_request_is_halved_until_the_culprit_stands_alone(shop, kit) -> None:
    shop.vendor.faults.extend(["refuse", "refuse", "ok", "refuse", "ok", "refuse"])
    result = shop.day([kit.row(str(n)) for n in range(8)])
    assert (result.delivered, result.rejected) == (7, 1)


def test_two_people_with_one_address_never_share_a_request(shop, kit) -> None:
    rows = [kit.row(f"{n:02d}", email=f"{'AB'[n % 2]}same@example.com") for n in range(12)]
    rows += [kit.row(f"{n:02d}", email=None, phone="+4420") for n in range(12, 16)]
    rows += [kit.row(f"{n:02d}") for n in range(16, 40)]
    assert shop.day(rows).delivered == 40
    of = {each["customer_id"]: each for each in rows}
    for _, ids in shop.vendor.requests:
        for name in ("email", "phone"):
            there = [of[i][name].casefold() for i in ids if of[i][name] is not None]
            assert len(there) == len(set(there))
    assert len(shop.vendor.requests) <= 10


def test_several_requests_go_at_once_but_not_many(shop, kit) -> None:
    shop.day([kit.row(f"{n:03d}") for n in range(200)])
    assert shop.vendor.most_at_once == 16


def test_a_wish_to_stop_ends_after_what_is_on_the_wire(shop, kit) -> None:
    class Soon:
        def is_set(self) -> bool:
            return len(shop.vendor.requests) >= 5

    shop.publish([kit.row(f"{n:03d}") for n in range(200)])
    (result,) = shop.deliver(stop=Soon()).values()
    assert 0 < result.delivered < 200
    assert result.waiting > 0
    # all that was sent has its answer written down
    assert result.delivered == sum(len(ids) for _, ids in shop.vendor.requests)
    assert sum(p["fake"].planned for p in [shop.plan()]) == 200 - result.delivered
    assert shop.deliver()["fake"].delivered == 200


def test_progress_is_told_to_the_last(shop, kit) -> None:
    told = []

    class Watching:
        def advance(self, destination: str, done: int, total: int, note: str) -> None:
            told.append((destination, done, total, note))

    shop.publish([kit.row(f"{n:02d}") for n in range(25)])
    shop.deliver(progress=Watching())
    assert told[0] == ("fake", 0, 25, "profiles")
    assert told[-1] == ("fake", 25, 25, "profiles")


def test_other_names_are_sent_anew_under_the_new_ones(shop, kit) -> None:
    shop.day([kit.row("1")])
    shop.projections["fake"] = kit.Projection(prefix="tm_", rename={"lifecycle_segment": "lc"})
    assert shop.day([kit.row("1")]).delivered == 1
    assert shop.vendor.profiles["1"]["tm_lc"] == "Promising"
    assert shop.day([kit.row("1")]).planned == 0
