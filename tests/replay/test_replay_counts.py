"""What is counted over the days of a replay, and what is in the log that they are read from."""

from datetime import date, timedelta
from importlib.resources import files

import numpy as np

from segmenter.replay import Day, Moved, Tally, read_log, replay
from segmenter.settings import Settings

START = date(2024, 1, 1)


def day(ahead, *moves):
    """A day on which (customer, from, to, cause) moved in the lifecycle scheme, among 10."""
    columns = list(zip(*moves, strict=True)) or [(), (), (), ()]
    who, was, to = (np.array(column, np.int64) for column in columns[:3])
    moved = Moved(who, was.astype(np.int8), to.astype(np.int8), tuple(columns[3]))
    return Day(START + timedelta(ahead), 10, 0, False, {"lifecycle": moved})


def flaps(*days):
    tally = Tally(10)
    return [tally.count(each).schemes["lifecycle"].flaps for each in days]


def test_who_is_back_within_seven_days_has_flapped():
    away, back = (4, 0, 3, "silence"), (4, 3, 0, "purchase")
    assert flaps(day(0, away), day(7, back)) == [0, 1]
    assert flaps(day(0, away), day(8, back)) == [0, 0]


def test_a_way_round_over_a_third_segment_is_a_flap_and_another_customer_is_none():
    assert flaps(
        day(0, (4, 0, 3, "silence"), (5, 3, 0, "silence")),
        day(2, (4, 3, 5, "silence")),
        day(5, (4, 5, 0, "purchase"), (6, 3, 0, "silence")),
    ) == [0, 0, 1]


def test_causes_are_counted_and_a_customer_once():
    moves = [(1, 0, 1, "silence"), (2, 0, 1, "silence"), (3, 0, 1, "purchase")]
    counted = Tally(10).count(day(0, *moves))
    assert counted.schemes["lifecycle"].causes == {"silence": 2, "purchase": 1}
    assert (counted.schemes["lifecycle"].moves, counted.changed) == (3, 3)


def test_the_order_of_rows_does_not_matter(engine, orders_of, lively):
    ends = START + timedelta(399)
    one = read_log(engine, orders_of(lively), ends)
    two = read_log(engine, orders_of(lively[::-1]), ends)
    assert one.names == two.names
    for name in ("first", "day", "who", "orders", "sold", "rest"):
        assert (getattr(one, name) == getattr(two, name)).all()


def test_who_never_ordered_is_no_customer_and_nobody_counts_before_his_first_order(
    engine, orders_of, lively
):
    first, last = START + timedelta(393), START + timedelta(396)
    log = read_log(engine, orders_of(lively), last)
    assert "never" not in log.names
    told = list(replay(engine, log, first, last, Settings()))
    everybody = {c for c, d, amount in lively if d <= last and not amount.startswith("-")}
    assert told[-1].customers == len(everybody) == told[0].new + sum(d.new for d in told[1:])
    assert all(not moved.who.size for moved in told[0].moved.values())


def test_a_real_shop_is_calm(engine, orders_of):
    text = (files("lifetimes") / "datasets" / "CDNOW_master.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line.strip()[:1].isdigit()]
    orders = orders_of((w[-4], date.fromisoformat(w[-3]), w[-1]) for w in lines)
    first, last = date(1998, 2, 1), date(1998, 4, 2)
    log = read_log(engine, orders, last)
    tally, settings = Tally(len(log.names)), Settings(schemes=("lifecycle",))
    told = [tally.count(d) for d in replay(engine, log, first, last, settings)][1:]
    shares = [each.schemes["lifecycle"].moves / each.customers for each in told]
    moves = sum(each.schemes["lifecycle"].moves for each in told)
    assert 0.0005 < np.mean(shares) <= 0.0035
    assert max(shares) <= 0.02
    assert sum(each.schemes["lifecycle"].flaps for each in told) <= 0.02 * moves


def test_no_day_is_skipped_where_nothing_came_in(engine, orders_of, lively):
    quiet = [row for row in lively if row[1] < START + timedelta(380)]
    first, last = START + timedelta(379), START + timedelta(410)
    log = read_log(engine, orders_of(quiet), last)
    told = list(replay(engine, log, first, last, Settings()))
    assert [each.day for each in told] == [first + timedelta(n) for n in range(32)]
    causes = {c for each in told[2:] for moved in each.moved.values() for c in moved.because}
    assert causes <= {"silence", "model"}
    assert "silence" in causes
    assert [each.refitted for each in told].count(True) == 4
