"""The lake: what was written is there once, in its latest version, now and as it was."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from connectors.errors import BrokenConnector
from connectors.types import ORDERS, Page
from sync import feeds, repeated
from sync.lake import Lake


def test_an_empty_lake_has_no_orders_and_version_0(lake, engine):
    orders = lake.orders(engine)
    assert lake.version() == 0
    assert orders.columns == tuple(feeds.ORDERS.kept.names)
    assert orders.count().execute() == 0


def test_orders_come_back_as_they_went_in(lake, engine, page, write):
    part = write(page({"1": 5}))
    [row] = lake.orders(engine).to_pyarrow().cast(feeds.ORDERS.kept).to_pylist()
    assert {k: v for k, v in row.items() if k in ORDERS.names} == page({"1": 5}).rows.to_pylist()[0]
    assert (row["source"], row["version"], part.rows, part.run_id) == ("shop", 1, 1, "run-1")
    assert lake.version() == part.seq == 1


def test_the_cursor_moves_with_the_orders(lake, page, write, store):
    assert store.cursor("shop") is None
    write(page({"1": 5}, cursor="a"))
    assert store.cursor("shop") == "a"
    assert write(page({}, cursor="b")) is None
    assert (store.cursor("shop"), lake.version()) == ("b", 1)


def test_the_latest_version_of_an_order_wins_within_its_source(page, write, current):
    write(page({"1": 5, "2": 6}))
    write(page({"2": 7, "3": 8}))
    write(page({"1": 9}), source="other")
    write(page({"2": 10}))
    assert current() == {
        ("shop", "1"): 5, ("shop", "2"): 10, ("shop", "3"): 8, ("other", "1"): 9,
    }  # fmt: skip


def test_a_void_takes_an_order_away_and_a_later_version_brings_it_back(page, write, current):
    write(page({"1": 5, "2": 6}))
    write(page({"1": None}))
    assert current() == {("shop", "2"): 6}
    write(page({"1": 4}))
    assert current() == {("shop", "1"): 4, ("shop", "2"): 6}


def test_writing_a_page_twice_changes_nothing(page, write, current):
    write(page({"1": 5, "2": 6}))
    before = current()
    write(page({"1": 5, "2": 6}))
    assert current() == before


def test_a_unit_is_replaced_as_a_whole(page, write, current):
    write(page({"1": 5, "2": 6}, unit="a.csv"))
    write(page({"3": 7}, unit="b.csv"))
    write(page({"1": 4}, unit="a.csv"), source="other")
    write(page({"2": 8}, unit="a.csv"))
    assert current() == {("shop", "2"): 8, ("shop", "3"): 7, ("other", "1"): 4}
    write(page({}, unit="a.csv"))
    assert current() == {("shop", "3"): 7, ("other", "1"): 4}


def test_the_lake_can_be_read_as_it_was(lake, page, write, current):
    states = []
    for orders, unit in [
        ({"1": 5, "2": 6}, "a"), ({"3": 7}, None), ({"2": 8}, "a"), ({"3": None}, None), ({}, "a"),
    ]:  # fmt: skip
        write(page(orders, unit=unit))
        states.append((lake.version(), current()))
    assert [current(up_to=seq) for seq, _ in states] == [state for _, state in states]
    assert current(up_to=0) == {}
    assert states[2][1] == {("shop", "2"): 8, ("shop", "3"): 7}


def test_a_stream_is_stored_without_being_held(page, write, current):
    table = page({str(i): i for i in range(10)}).rows
    stream = pa.RecordBatchReader.from_batches(ORDERS, iter(table.to_batches(max_chunksize=3)))
    write(Page(stream, "c", "unit"))
    assert current() == {("shop", str(i)): i for i in range(10)}


@pytest.mark.parametrize("others", [0, repeated.FEW])
def test_an_order_id_twice_in_a_page_is_refused_and_leaves_nothing(
    lake, page, write, store, others
):
    [first] = page({"1": 5}).rows.to_batches()
    ids = pa.array([f"x{number}" for number in range(others)], pa.string())
    many = [pa.repeat(column[0], others) for column in first.columns[1:]]
    rest = pa.table([ids, *many], schema=first.schema)
    twice = pa.concat_tables([page({"1": 5}).rows, rest, page({"1": 6}).rows])
    with pytest.raises(BrokenConnector, match=r"'shop' sent the order '1' twice in one page"):
        write(Page(twice, "c"))
    assert (lake.version(), store.cursor("shop")) == (0, None)
    assert not list(lake.root.rglob("*.*"))


def test_days_are_those_of_the_shop(lake, engine, page, write):
    write(page({"1": 5}))  # 2020-06-01 00:00 UTC is 01:00 in London
    late = page({"2": 5}).rows.set_column(
        4, "ordered_at", pa.array([datetime(2020, 6, 1, 23, 30, tzinfo=UTC)], ORDERS.field(4).type)
    )
    write(Page(late, "d"))
    orders = lake.orders(engine)
    days = orders.mutate(day=orders.ordered_at.date()).to_pyarrow().to_pylist()
    assert sorted((row["order_id"], str(row["day"])) for row in days) == [
        ("1", "2020-06-01"), ("2", "2020-06-02"),
    ]  # fmt: skip


def test_rows_set_aside_are_kept_beside_and_replaced_with_their_unit(lake, page):
    def written(*cells, unit="/orders/a=b.csv"):
        aside = pa.table(
            {"row": list(range(len(cells))), "problem": ["p"] * len(cells), "x": list(cells)}
        )
        orders = page({"1": 1}).rows
        lake.write(
            "my shop",
            Page(orders, "c", unit, (), aside if cells else None),
            None,
            datetime.now(UTC),
        )
        return {p.relative_to(lake.set_aside): p.read_text() for p in lake.set_aside.rglob("*.csv")}

    [(path, text)] = written("=1+1", "-5", "+44 20 7946", "@me", "'=x", None, "plain").items()
    assert path.parts[0] == "my%20shop"
    assert path.name.startswith("a%3Db.csv-")
    cells = [line.split(",", 2)[2] for line in text.splitlines()[1:]]
    assert cells == ['"\'=1+1"', '"-5"', '"+44 20 7946"', '"\'@me"', "\"''=x\"", "", '"plain"']
    assert list(written("other").values()) == ['"row","problem","x"\n0,"p","other"\n']
    assert written() == {}


def test_what_a_source_is_called_is_no_path(tmp_path, store, page, engine):
    lake = Lake(tmp_path / "lake", store)
    lake.write("../../etc", page({"1": 1}), None, datetime.now(UTC))
    assert all(tmp_path / "lake" in p.parents for p in tmp_path.rglob("*.parquet"))
    assert lake.orders(engine).count().execute() == 1


def test_many_parts_are_merged_without_changing_what_can_be_read(
    lake, engine, page, write, current
):
    for i in range(60):
        write(page({str(i % 7): i, f"x{i}": None if i % 2 else i}, cursor=str(i)))
    write(page({"1": 9}), source="other")
    before = {version: current(up_to=version) for version in (1, 30, 61, None)}
    part = lake.compact(engine, "shop", datetime.now(UTC))
    assert len(lake.store.parts("shop")) == 1
    assert lake.store.cursor("shop") == "59"
    assert {version: current(up_to=version) for version in (1, 30, 61, None)} == before
    write(page({"1": 100, "x0": None}))
    assert current()[("shop", "1")] == 100
    assert ("shop", "x0") not in current()
    assert lake.compact(engine, "shop", datetime.now(UTC)) is None
    assert lake.sweep(keep=part.seq) == 60
    assert current(up_to=part.seq) == before[None]


def test_units_are_not_merged(lake, engine, page, write):
    for i in range(55):
        write(page({str(i): i}, unit=str(i)))
    assert lake.compact(engine, "shop", datetime.now(UTC)) is None
