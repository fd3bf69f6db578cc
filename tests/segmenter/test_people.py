"""Who is who: laws on random shops, held against a slow and simple way of joining."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from segmenter.cards import CARDS, attributed, seen_in, under, unknown
from segmenter.people import Joining, changed_hands, join, retired

START = datetime(2024, 1, 1, 9, tzinfo=UTC)
WIDE = Joining(phone_region="GB", most=1000)
CARD = {"id": "string", "email": "string", "phone": "string", "number": "string"}

order = st.builds(
    dict,
    source=st.sampled_from(["shop", "outlet"]),
    customer_id=st.sampled_from([None, "", "1", "2", "3", "4"]),
    email=st.sampled_from([None, "a@x.org", " A@X.ORG", "b@x.org", "c@x.org", "none"]),
    phone=st.sampled_from([None, "020 7946 0000", "+44 20 7946 0000", "020 7946 0001", "call me"]),
    hour=st.integers(0, 400),
)
orders_of_a_shop = st.lists(order, min_size=1, max_size=14)
LAW = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class People:
    """Orders that come in day by day; after each ``come`` everybody's canonical id is known."""

    def __init__(self, engine: Any, orders_in: Any, joining: Joining = WIDE) -> None:
        self.engine, self.orders_in, self.joining = engine, orders_in, joining
        self.rows: list[dict[str, Any]] = []
        self.cards: Any = None
        self.found: Any = None
        self.gone: set[tuple[str, str]] = set()

    def come(self, rows: Iterable[dict[str, Any]]) -> dict[str, str | None]:
        fresh = [
            {
                **{k: v for k, v in row.items() if k != "hour"},
                "order_id": row.get("order_id", f"o{len(self.rows) + n}"),
                "ordered_at": START + timedelta(hours=row.get("hour", 0)),
                "amount": 1,
            }
            for n, row in enumerate(rows)
        ]
        self.rows += fresh
        home = "shop"
        new = seen_in(self.orders_in(self.engine, fresh), home)
        new = new.mutate(number=ibis.null("string"))
        was, given_before = self.cards, None
        columns = [*CARD, "since"]
        if was is not None:
            new = ibis.union(was.select(*columns), unknown(new, was).select(*columns))
            given_before = was.select(customer_id="customer")
        self.found = join(self.engine, new, self.joining, given_before)
        self.cards = self.found.cards
        hands = changed_hands(self.engine, was, self.cards).to_pyarrow().to_pylist()
        self.gone = {(row["customer_id"], row["survivor"]) for row in hands}
        return self.whose()

    def whose(self) -> dict[str, str | None]:
        table = self.orders_in(self.engine, self.rows)
        found = attributed(self.engine, table, self.cards, "shop").to_pyarrow().to_pylist()
        return {row["order_id"]: row["customer_id"] for row in found}


@pytest.fixture
def people(engine: Any, orders_in: Any) -> Any:
    return lambda joining=WIDE: People(engine, orders_in, joining)


def slowly(rows: list[dict[str, Any]]) -> set[frozenset[int]]:
    """Orders of one person each, by joining any two that share a key until nothing changes."""

    def keys(row: dict[str, Any]) -> set[str]:
        found = {f"{row['source']}:{row['customer_id']}"} if row["customer_id"] else set()
        if row["email"] and "@" in row["email"]:
            found.add(row["email"].strip().lower())
        if row["phone"] and row["phone"][-1].isdigit():
            found.add(row["phone"][-4:])
        return found

    groups: list[tuple[set[str], set[int]]] = []
    for number, row in enumerate(rows):
        mine, members = keys(row), {number}
        if not mine:
            continue
        apart = []
        for other, theirs in groups:
            if other & mine:
                mine, members = mine | other, members | theirs
            else:
                apart.append((other, theirs))
        groups = [*apart, (mine, members)]
    return {frozenset(members) for _, members in groups}


def grouped(whose: dict[str, str | None]) -> set[frozenset[int]]:
    found: dict[str, set[int]] = {}
    for order_id, customer in whose.items():
        if customer is not None:
            found.setdefault(customer, set()).add(int(order_id[1:]))
    return {frozenset(group) for group in found.values()}


@LAW
@given(orders_of_a_shop, st.randoms(use_true_random=False))
def test_people_are_those_who_share_a_key_in_whatever_order_rows_come(
    people: Any, rows: list[dict[str, Any]], chance: Any
) -> None:
    numbered = [{**row, "order_id": f"o{n}"} for n, row in enumerate(rows)]
    whose = people().come(numbered)
    assert grouped(whose) == slowly(rows)
    chance.shuffle(numbered)
    assert people().come(numbered) == whose


@LAW
@given(orders_of_a_shop, st.lists(st.integers(0, 400), max_size=3))
def test_an_id_is_never_changed_but_by_a_merge_and_days_end_as_all_at_once(
    people: Any, rows: list[dict[str, Any]], cuts: list[int]
) -> None:
    rows = sorted(rows, key=lambda row: row["hour"])
    numbered = [{**row, "order_id": f"o{n}"} for n, row in enumerate(rows)]
    edges = [-1, *sorted(cuts), 500]
    slow, before = people(), {}
    for low, high in itertools.pairwise(edges):
        part = [row for row in numbered if low < row["hour"] <= high]
        if not part:
            continue
        now = slow.come(part)
        for order_id, customer in before.items():
            assert now[order_id] == customer or (customer, now[order_id]) in slow.gone
        before = now
    assert before == people().come(numbered)


@LAW
@given(orders_of_a_shop, st.lists(st.integers(0, 13), max_size=2))
def test_what_comes_late_takes_no_id_away(
    people: Any, rows: list[dict[str, Any]], late: list[int]
) -> None:
    """Older orders that arrive later do not give a known person another id."""
    numbered = [{**row, "order_id": f"o{n}"} for n, row in enumerate(rows)]
    first = [row for n, row in enumerate(numbered) if n not in late]
    if not first or len(first) == len(numbered):
        return
    both = people()
    before = both.come(first)
    then = set(before.values())
    now = both.come([row for n, row in enumerate(numbered) if n in late])
    for order_id, customer in before.items():
        assert now[order_id] == customer or now[order_id] in then


def test_equal_customer_ids_of_two_shops_are_two_people_until_something_joins_them(
    people: Any,
) -> None:
    both = people()
    one = {"source": "shop", "customer_id": "17850", "email": "a@x.org", "hour": 1}
    other = {"source": "outlet", "customer_id": "17850", "email": "b@x.org", "hour": 2}
    whose = both.come([one, other])
    assert whose == {"o0": "17850", "o1": "outlet:17850"}
    whose = both.come([{**other, "email": "a@x.org", "hour": 3}])
    assert set(whose.values()) == {"17850"}
    assert both.gone == {("outlet:17850", "17850")}


def test_a_changed_address_and_a_guest_before_are_the_same_customer(people: Any) -> None:
    shop = people()
    shop.come([{"email": "old@x.org", "hour": 1}])
    whose = shop.come([{"customer_id": "5", "email": "old@x.org", "hour": 30}])
    assert set(whose.values()) == {"old@x.org"}  # the id that he was given first
    whose = shop.come([{"customer_id": "5", "email": "new@x.org", "hour": 60}])
    whose = shop.come([{"email": "New@x.org ", "hour": 90}])
    assert set(whose.values()) == {"old@x.org"}


def test_a_join_outlives_the_order_that_made_it(people: Any) -> None:
    """A source that writes the newest address onto every old order parts nobody."""
    shop = people()
    shop.come([{"customer_id": "5", "email": "old@x.org", "hour": 1}, {"email": "old@x.org"}])
    rewritten = [{**row, "email": row["email"].replace("old", "new")} for row in shop.rows[:1]]
    shop.rows = [*rewritten, shop.rows[1]]
    whose = shop.come([{"customer_id": "5", "email": "new@x.org", "hour": 9}])
    assert len(set(whose.values())) == 1


def test_a_tills_address_joins_nobody_and_is_named(people: Any) -> None:
    till = people(Joining(most=3))
    rows = [{"customer_id": str(n), "email": "till@x.org", "hour": n} for n in range(3)]
    assert set(till.come(rows).values()) == {"0"}
    whose = till.come(
        [{"customer_id": "3", "email": "till@x.org", "hour": 9}, {"email": "till@x.org"}]
    )
    # apart again, each under his own id; who gave nothing but the till's address is its customer
    assert list(whose.values()) == ["0", "1", "2", "3", "till@x.org"]
    assert till.found.shared.to_pyarrow().to_pylist() == [
        {"kind": "email", "key": "till@x.org", "beside": 4}
    ]


def test_a_guest_with_a_tills_address_is_known_by_his_own_phone(people: Any) -> None:
    till = people(Joining(phone_region="GB", most=3))
    rows = [
        {"email": "till@x.org", "phone": f"020 7946 00{n:02d}", "hour": n} for n in (0, 1, 2, 3, 3)
    ]
    assert [str(c)[-2:] for c in till.come(rows).values()] == ["00", "01", "02", "03", "03"]


def test_a_customer_id_with_many_addresses_joins_nobody(people: Any) -> None:
    rows = [{"customer_id": "walk-in", "email": f"p{n}@x.org", "hour": n} for n in range(5)]
    rows.append({"customer_id": "7", "email": "p1@x.org", "hour": 9})
    whose = people(Joining(most=3)).come(rows)
    assert list(whose.values()) == ["walk-in"] * 5 + ["7"]


def test_nothing_joins_unless_asked(people: Any) -> None:
    rows = [{"customer_id": "1", "email": "a@x.org"}, {"customer_id": "2", "email": "a@x.org"}]
    assert list(people(Joining(join_by=("phone",))).come(rows).values()) == ["1", "2"]


def test_a_switchboard_and_an_impossible_number_are_nobodys(people: Any) -> None:
    rows = [
        {"customer_id": "1", "phone": "020 7946 0000 ext. 12"},
        {"customer_id": "2", "phone": "020 7946 0000 ext. 12"},
        {"phone": "12"},
        {"phone": "020 7946 0000"},
    ]
    whose = people().come(rows)
    assert list(whose.values()) == ["1", "2", None, "+442079460000"]


def test_retired_ids_are_those_that_were_published(people: Any, engine: Any) -> None:
    shop = people()
    shop.come([{"customer_id": "1", "email": "a@x.org"}, {"email": "b@x.org", "hour": 2}])
    shop.come([{"customer_id": "1", "email": "b@x.org", "hour": 3}])
    ids = ibis.memtable({"customer_id": ["1", "b@x.org"]})
    found = retired(engine, shop.cards, ids).to_pyarrow().to_pylist()
    assert found == [{"customer_id": "b@x.org", "survivor": "1"}]
    nobody = ibis.memtable({"customer_id": ["1"]})
    assert retired(engine, shop.cards, nobody).to_pyarrow().num_rows == 0


def test_a_number_finds_its_owner_and_not_who_shares_its_last_digits() -> None:
    written = [("1", "+44 20 7946 0001"), ("2", "+44 161 7946 0001"), ("3", "020 7946 0001")]
    rows = [{"id": i, "phone": p, "own": i, "customer": i} for i, p in written]
    cards = ibis.memtable(pa.Table.from_pylist(rows, CARDS))
    found = under(cards, "(020) 7946 0001", "GB").to_pyarrow()["customer"].to_pylist()
    assert sorted(found) == ["1", "3"]
