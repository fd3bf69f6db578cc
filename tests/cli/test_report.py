import io
import json
from dataclasses import replace
from datetime import date

from rich.console import Console

from sync.commands import show
from sync.report import Delivered, Move, Pulled, Report, Segment

REPORT = Report(
    run_id="2026-11-21-1",
    as_of=date(2026, 11, 21),
    status="done",
    orders=63_753,
    customers=23_570,
    pulled=(
        Pulled("shop", 120, (("unreadable dates", 2, "a.csv, row 7, column day: 'soon'"),)),
        Pulled("till", 3, set_aside="data/set_aside/till"),
    ),
    segments=(
        Segment("lifecycle", "Champions", 5_695, 0.64589),
        Segment("lifecycle", "Can't Lose Them", 469, 0.0549),
        Segment("rfm", "High-Spending New Customers", 12, 0.01),
        Segment("risk_value", "Retain Aggressively", 818, 0.0753),
    ),
    moves=(
        Move("lifecycle", "Champions", "At Risk", "silence", 12),
        Move("lifecycle", None, "Promising", "first seen", 3),
        Move("rfm", "Lost Best Customers", "High-Spending New Customers", "purchase", 1),
    ),
    destinations={
        "klaviyo": Delivered(16, 4, 13, 2, 1, reasons={"not an e-mail address": 2}),
        "braze": Delivered(16, 0, 0, 0, 0, 16, stopped="the key is not accepted"),
    },
    seconds={"ingest": 0.51234, "segment": 1.5},
    future_orders=4,
    notes=("no drop-out can be seen",),
)


def drawn(report: Report) -> str:
    out = Console(file=io.StringIO(), width=100)
    out.print(show.report(report))
    return out.file.getvalue()


def test_other_programs_get_exactly_these_keys():
    found = REPORT.to_json()
    assert list(found) == [
        "as_of",
        "orders",
        "customers",
        "segments",
        "moves",
        "destinations",
        "seconds",
    ]
    assert found["segments"]["lifecycle"] == {"Champions": 5_695, "Can't Lose Them": 469}
    assert found["moves"][1] == {
        "scheme": "lifecycle",
        "from": None,
        "to": "Promising",
        "cause": "first seen",
        "customers": 3,
    }
    assert found["destinations"]["klaviyo"] == {
        "planned": 16,
        "requests": 4,
        "delivered": 13,
        "rejected": 2,
        "unsure": 1,
        "waiting": 0,
        "unconfirmed": 0,
    }
    for told in found["destinations"].values():
        settled = told["delivered"] + told["rejected"] + told["unsure"] + told["waiting"]
        assert told["planned"] == settled
    assert found["seconds"] == {"ingest": 0.512, "segment": 1.5}


def test_what_is_stored_is_read_back_as_it_was():
    assert Report.from_dict(json.loads(json.dumps(REPORT.to_dict()))) == REPORT


def test_the_tables_tell_everything_within_100_columns():
    said = drawn(REPORT)
    assert max(map(len, said.splitlines())) <= 100
    for part in (
        "Saturday 2026-11-21   123 orders pulled, 63,753 orders in all, 23,570 customers",
        "orders in the future: 4",
        "shop: unreadable dates: 2; the first: a.csv, row 7, column day: 'soon'",
        "till: the rows that were set aside are in data/set_aside/till",
        "note: no drop-out can be seen",
        "64.6%",
        "(new)",
        "silence",
        "klaviyo: 2 with: not an e-mail address",
        "the key is not accepted",
        "waiting",
    ):
        assert part in said, part


def test_many_kinds_of_moves_are_summed_up():
    many = tuple(Move("rfm", f"a{n}", "b", "silence", n) for n in range(1, 31))
    said = drawn(_with_moves(()))
    assert "nobody moved" in said
    said = drawn(_with_moves(many))
    assert "24 further kinds" in said
    assert "300" in said  # 1 + 2 + ... + 24


def test_a_quiet_day_says_so():
    quiet = Report.from_dict(
        {**REPORT.to_dict(), "destinations": {"klaviyo": _nothing()}, "moves": []}
    )
    said = drawn(quiet)
    assert "nothing to send: 0 write calls" in said
    assert not quiet.undelivered()


def test_what_counts_as_undelivered():
    assert REPORT.undelivered()


def _nothing() -> dict:
    return {"planned": 0, "requests": 0, "delivered": 0, "rejected": 0, "unsure": 0}


def _with_moves(moves: tuple[Move, ...]) -> Report:
    return replace(REPORT, moves=moves)


def test_the_same_words_of_the_brake_are_told_once():
    words = "4 of 20 known customers would change; nothing of it is sent"
    told = {
        name: Delivered(4, 0, 0, 0, 0, 4, held=f"{name}: {words}", held_back=4)
        for name in ("klaviyo", "braze")
    }
    said = drawn(replace(REPORT, destinations=told))
    assert said.count(words) == 1
    assert f"klaviyo, braze: {words}" in said
    assert "nothing to send" not in said


def test_narrow_screens_have_one_table_below_the_other():
    out = Console(file=io.StringIO(), width=70)
    out.print(show.report(REPORT))
    lines = out.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 70
    assert not any("Champions" in line and "Retain" in line for line in lines)
    for whole in ("High-Spending New Customers", "Retain Aggressively", "still unsure"):
        assert any(whole in line for line in lines), whole


def test_what_delivered_leaves_open_is_said_and_counted():
    told = {
        "braze": Delivered(3, 1, 3, 0, 0, writes=1, unconfirmed="it does not tell", left_open=3)
    }
    found = replace(REPORT, destinations=told)
    assert "it does not tell" in drawn(found)
    assert found.to_json()["destinations"]["braze"]["unconfirmed"] == 3


def test_a_line_of_a_log_has_few_fields():
    assert REPORT.brief() == {
        "run": "2026-11-21-1",
        "as_of": "2026-11-21",
        "status": "done",
        "customers": 23_570,
        "planned": 32,
        "requests": 4,
        "delivered": 13,
        "rejected": 2,
        "unsure": 1,
        "waiting": 16,
        "seconds": 2.0,
    }
