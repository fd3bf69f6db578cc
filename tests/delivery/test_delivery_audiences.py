"""Lists by the whole engine over a vendor in memory: who joins, who leaves, and who is held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import delivers
from connectors.errors import Unavailable
from connectors.types import Audience, Batch, Enter, Exit, Receipt
from sync.audiences import Audiences, lists_of
from sync.brake import Brake
from sync.names import Names
from sync.projection import Projection
from sync.retry import refused_again
from sync.store.tables import ledger
from sync.undelivered import undelivered

CHOSEN = Audiences(("lifecycle",), "T ", load=True)
RISK, LOST = "T lifecycle: At Risk", "T lifecycle: Lost"


@pytest.fixture
def listing(kit: Any) -> type[Any]:
    """A destination with lists: ids are L0, L1, ... in the order in which they were made."""

    class Listing(kit.Fake):  # type: ignore[misc,name-defined]
        names: list[str]
        members: dict[str, set[str]]

        async def find(self, name: str) -> Audience | None:
            return Audience(f"L{self.names.index(name)}", name) if name in self.names else None

        async def ensure(self, name: str) -> Audience:
            if name not in self.names:
                self.names.append(name)
                self.members[name] = set()
            found = await self.find(name)
            assert found is not None
            return found

        async def _change(self, batch: Batch[Any], what: str) -> Receipt:
            fault = await self._talk(what, batch)
            for change in batch:
                members = self.members[self.names[int(change.audience[1:])]]
                if what == "enter":
                    assert change.person.id in self.vendor.profiles, "property first"
                    members.add(change.person.id)
                else:
                    members.discard(change.person.id)
            if fault == "lost":
                raise Unavailable("the line went dead")
            return batch.delivered()

        @delivers(Enter, size=3)
        async def enter(self, batch: Batch[Enter]) -> Receipt:
            return await self._change(batch, "enter")

        @delivers(Exit, size=3)
        async def leave(self, batch: Batch[Exit]) -> Receipt:
            return await self._change(batch, "exit")

    Listing.names, Listing.members = [], {}
    return Listing


@pytest.fixture
def shop(shop_of: Callable[..., Any], listing: type[Any]) -> Any:
    made = shop_of(fake=listing)
    made.lists = listing
    made.chosen = CHOSEN
    plain = made.targets

    def targets() -> list[Any]:
        made.projections = {"fake": Projection(audiences=made.chosen)}
        return list(plain())

    made.targets = targets
    return made


def days(kit: Any, *segments: str) -> list[dict[str, Any]]:
    return [kit.row(f"c{i}", segment) for i, segment in enumerate(segments)]


def writes(shop: Any) -> list[tuple[str, list[str]]]:
    return [each for each in shop.vendor.requests if each[0] in {"enter", "exit"}]


def test_who_moves_leaves_one_list_and_joins_another_and_a_quiet_day_makes_no_call(shop, kit):
    rows = days(kit, "At Risk", "At Risk", "Lost")
    first = shop.day(rows)
    assert shop.lists.members == {RISK: {"c0", "c1"}, LOST: {"c2"}}
    assert (first.planned, first.delivered, first.lists) == (6, 6, {"joined": 3, "left": 0})
    shop.vendor.requests.clear()
    moved = shop.day([kit.row("c0", "Lost"), *rows[1:]])
    assert shop.lists.members == {RISK: {"c1"}, LOST: {"c0", "c2"}}
    assert writes(shop) == [("exit", ["c0"]), ("enter", ["c0"])]
    assert moved.lists == {"joined": 1, "left": 1}
    shop.vendor.requests.clear()
    again = shop.day([kit.row("c0", "Lost"), *rows[1:]])
    assert (again.planned, again.lists, shop.vendor.requests) == (0, {}, [])


def test_a_plan_tells_what_the_run_then_does(shop, kit):
    shop.publish(days(kit, "At Risk", "Lost"))
    plan = shop.plan()["fake"]
    assert (plan.joins, plan.leaves, plan.planned) == (2, 0, shop.deliver()["fake"].planned)


def test_a_first_load_waits_until_a_person_lets_it_go(shop, kit):
    shop.chosen = replace(CHOSEN, load=False)
    shop.publish(days(kit, "At Risk", "At Risk", "Lost"))
    plan = shop.plan()["fake"]
    assert (plan.joins, plan.waiting, plan.held_lists.first) == (0, 3, 3)
    held = shop.deliver()["fake"]
    assert (held.delivered, held.waiting, held.held_back, shop.lists.names) == (3, 3, 3, [])
    assert held.held_lists.sentence().endswith(f"tidesman approve {shop.run_id} --up-to 3")
    shop.approved = 2
    assert shop.deliver()["fake"].waiting == 3
    shop.approved = 3
    assert shop.deliver()["fake"].lists == {"joined": 3, "left": 0}
    shop.approved = None
    # who comes later joins without being asked for, but not a list that is new
    later = shop.day([*days(kit, "At Risk", "At Risk", "Lost", "Lost", "Promising")])
    assert (later.lists, later.waiting) == ({"joined": 1, "left": 0}, 1)


def test_more_than_a_few_leave_only_when_a_person_lets_them(shop, kit):
    shop.brake = Brake(customers=1, share=1.0)
    shop.day(days(kit, *["At Risk"] * 30))
    moving = days(kit, *["Lost"] * 2, *["At Risk"] * 28)
    shop.publish([*moving, kit.row("new", "Lost")])
    held = shop.deliver()["fake"]
    # both sides of a move wait together; who is new joins
    assert (held.held_lists.leaves, held.held_lists.ceiling, held.waiting) == (2, 1, 4)
    assert shop.lists.members[LOST] == {"new"}
    shop.approved = 2
    assert shop.deliver()["fake"].lists == {"joined": 3, "left": 2}
    assert shop.lists.members[LOST] == {"c0", "c1", "new"}


def test_whose_move_is_held_stays_on_his_list(shop, kit):
    shop.day(days(kit, *["At Risk"] * 4))
    shop.brake = Brake(customers=1, share=0.1)
    shop.publish(days(kit, *["Lost"] * 2, *["At Risk"] * 2))
    result = shop.deliver()["fake"]
    # for each of the two: the profile, the event, and both sides of the change of lists
    assert (result.waiting, result.held_back) == (8, 8)
    # two moves and two who leave: let go together or not at all
    assert result.held.sentence().endswith("--up-to 4")
    assert result.held_lists.sentence().endswith("--up-to 4")
    assert len(shop.lists.members[RISK]) == 4


def test_a_list_that_others_made_is_left_alone_unless_the_operator_says_so(shop, kit):
    shop.lists.names.append(RISK)
    shop.lists.members[RISK] = {"theirs"}
    shop.publish(days(kit, "At Risk", "Lost"))
    result = shop.deliver()["fake"]
    assert "was not made by Tidesman" in result.stopped_because
    assert shop.lists.members == {RISK: {"theirs"}, LOST: {"c1"}}
    shop.chosen = replace(CHOSEN, adopt=True)
    shop.deliver()
    shop.day(days(kit, "Lost", "Lost"))
    # only whom we added was taken off
    assert shop.lists.members == {RISK: {"theirs"}, LOST: {"c0", "c1"}}


def test_a_list_that_was_about_to_be_made_is_ours(shop, kit, monkeypatch):
    from sync import lists

    class Killed(Exception):
        pass

    def die(_: str) -> None:
        raise Killed

    monkeypatch.setattr(lists, "reach", lambda name: die(name) if name == "lists.made" else None)
    shop.publish(days(kit, "At Risk"))
    with pytest.raises(Killed):
        shop.deliver()
    assert shop.lists.names == [RISK]
    monkeypatch.undo()
    assert shop.deliver()["fake"].delivered == 2
    assert lists_of(shop.store, "fake")[RISK].vendor_id == "L0"


def test_whose_profile_is_refused_joins_nothing_and_is_not_tried_each_day(shop, kit):
    shop.vendor.poison = {"c0"}
    rows = days(kit, "At Risk", "At Risk")
    first = shop.day(rows)
    assert (first.rejected, first.waiting, shop.lists.members) == (1, 1, {RISK: {"c1"}})
    assert shop.day(rows).planned == 0
    shop.vendor.poison = set()
    moved = [kit.row("c0", "Lost"), rows[1]]
    shop.day(moved)
    shop.day(moved)
    assert shop.lists.members[LOST] == {"c0"}


def test_a_lost_answer_is_asked_for_again_and_the_other_way_if_he_moved_meanwhile(shop, kit):
    shop.pace = replace(shop.pace, attempts=1)
    shop.vendor.faults.extend(["ok", "lost"])
    result = shop.day(days(kit, "At Risk"))
    assert (result.unsure, shop.lists.members) == (1, {RISK: {"c0"}})
    result = shop.day(days(kit, "Lost"))
    assert shop.lists.members == {RISK: set(), LOST: {"c0"}}
    assert result.unsure == 0


def test_who_vanished_stays_and_a_list_that_is_gone_is_told_once(shop, kit):
    shop.day(days(kit, "At Risk", "At Risk"))
    assert shop.day(days(kit, "At Risk")).planned == 0
    assert shop.lists.members[RISK] == {"c0", "c1"}
    shop.lists.names[0] = "renamed by somebody"
    gone = shop.day(days(kit, "Lost", "At Risk"))
    assert "not there any more" in gone.stopped_because
    assert (gone.rejected, gone.lists) == (1, {"joined": 1, "left": 0})
    assert shop.day(days(kit, "Lost", "At Risk")).planned == 0


def test_what_a_list_refused_is_named_and_tried_again_on_request(shop, kit):
    shop.day(days(kit, "At Risk", "Lost"))
    shop.lists.names[0] = "renamed by somebody"
    rows = days(kit, "Lost", "Lost")
    assert shop.day(rows).rejected == 1
    words = Names({"lifecycle": {"At Risk": "Nearly gone"}})
    [told] = undelivered(shop.store, ["fake"], words)
    assert (told.customer_id, told.mark) == ("c0", "refused")
    assert told.what == f"leave {RISK} (Nearly gone)"
    assert "not there any more" in told.reason
    now = shop.clock.now()
    assert refused_again(shop.store, ["fake"], ["c1"], now, since=now) == 0
    assert refused_again(shop.store, ["fake"], None, now, since=now) == 1
    shop.lists.names[0] = RISK
    assert shop.day(rows).lists == {"joined": 0, "left": 1}
    assert shop.lists.members[RISK] == set()
    assert undelivered(shop.store, ["fake"]) == []


def test_marks_of_lists_are_kept_apart_from_those_of_profiles(shop, kit):
    shop.day(days(kit, "At Risk"))
    with shop.store.read() as connection:
        rows = connection.execute(sa.select(ledger.c.channel, ledger.c.wanted)).all()
    assert {row[0] for row in rows} == {"attributes", f"audience:{RISK}"}


def test_an_id_that_is_somebody_elses_leaves_but_not_the_one_who_took_his_address(
    shop, kit, tmp_path: Path, listing, monkeypatch
):
    import pyarrow as pa
    import pyarrow.parquet as pq

    shop.day(days(kit, "At Risk", "At Risk", "Lost"))
    retired = tmp_path / "retired.parquet"
    emails = ["c0@example.com", "c1@example.com"]
    pq.write_table(pa.table({"customer_id": ["c0", "c1"], "email": emails}), retired)
    monkeypatch.setattr(listing, "by_address", lambda _: True)
    plain = shop.targets
    shop.targets = lambda: [replace(each, retired=retired) for each in plain()]
    # c0 is c2 by now, who takes his address and his segment; nobody took c1's
    result = shop.day([kit.row("c2", "At Risk", email="c0@example.com")])
    left = [ids for what, ids in writes(shop) if what == "exit"]
    assert left == [["c1"], ["c2"]]
    assert result.unsure == result.waiting == 0
