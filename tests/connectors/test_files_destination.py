"""Segments on disk: each person in one file of each scheme, whatever the history of batches."""

import asyncio
import csv
from collections.abc import Callable
from datetime import date

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import registry
from connectors.destinations.files import Files, FilesOptions
from connectors.errors import Misconfigured
from connectors.types import Batch, Delivered, Identify, Person, Rejected


def destination(path, **options) -> Files:
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    return Files(FilesOptions(path=str(path), **options), transport=transport)


def change(person, known=None, email=None, phone=None, **properties) -> Identify:
    return Identify(f"attributes:{person}", Person(person, email, phone), properties, known)


@pytest.fixture
def send(tmp_path) -> Callable:
    def send(*changes, run="2020-06-01", **options):
        files = destination(tmp_path, run=run, **options)
        return asyncio.run(files.identify(Batch(changes)))

    return send


@pytest.fixture
def members(tmp_path) -> Callable:
    """Who stands in the files of a scheme: ids by segment."""

    def members(scheme="lifecycle"):
        return {
            path.stem: [row["customer_id"] for row in rows(path)]
            for path in sorted((tmp_path / "segments" / scheme).iterdir())
        }

    return members


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_segment_has_a_file_of_its_members(send, members, tmp_path):
    receipt = send(
        change(
            "2",
            email="b@x.org",
            lifecycle_segment="Can't Lose Them",
            clv_3y=0.0,
            since=date(2020, 6, 1),
        ),
        change("1", lifecycle_segment="Lost", clv_3y=None, since=None),
        change("3", lifecycle_segment="Lost", rfm_segment="Loyal"),
    )
    assert set(receipt.outcomes.values()) == {Delivered()}
    assert members() == {"Can't Lose Them": ["2"], "Lost": ["1", "3"]}
    assert members("rfm") == {"Loyal": ["3"]}
    [row] = rows(tmp_path / "segments/lifecycle/Can't Lose Them.csv")
    assert row == {
        "customer_id": "2", "email": "b@x.org", "phone": "", "lifecycle_segment": "Can't Lose Them",
        "clv_3y": "0.0", "since": "2020-06-01", "rfm_segment": "",
    }  # fmt: skip


def test_who_moves_leaves_the_old_file_and_enters_the_new(send, members):
    send(change("1", lifecycle_segment="Lost"), change("2", lifecycle_segment="Lost"))
    send(change("1", {"lifecycle_segment": "Lost"}, lifecycle_segment="Champions"))
    assert members() == {"Champions": ["1"], "Lost": ["2"]}
    send(change("2", {"lifecycle_segment": "Lost"}, lifecycle_segment=None))
    assert members() == {"Champions": ["1"], "Lost": []}


def test_a_change_of_numbers_alone_is_worked_in(send, tmp_path):
    send(
        change("1", lifecycle_segment="Lost", clv_3y=1),
        change("2", lifecycle_segment="Lost", clv_3y=2),
    )
    send(change("1", {"lifecycle_segment": "Lost"}, lifecycle_segment="Lost", clv_3y=5), run="next")
    assert [r["clv_3y"] for r in rows(tmp_path / "segments/lifecycle/Lost.csv")] == ["5", "2"]
    assert not (tmp_path / "changes/next.csv").exists()


def test_a_run_has_one_file_of_changes(send, tmp_path):
    known = {"lifecycle_segment": "Lost", "rfm_segment": "Loyal"}
    send(change("2", lifecycle_segment="Lost"))
    send(change("1", known, email="a@x.org", lifecycle_segment="Champions", rfm_segment="Loyal"))
    send(change("1", known, lifecycle_segment="Champions", rfm_segment="New"), run="2020-06-02")
    first, second = (rows(tmp_path / f"changes/2020-06-0{day}.csv") for day in (1, 2))
    assert [(r["customer_id"], r["email"], r["scheme"], r["from"], r["to"]) for r in first] == [
        ("1", "a@x.org", "lifecycle", "Lost", "Champions"), ("2", "", "lifecycle", "", "Lost"),
    ]  # fmt: skip
    assert [(r["scheme"], r["from"], r["to"]) for r in second] == [
        ("lifecycle", "Lost", "Champions"), ("rfm", "Loyal", "New"),
    ]  # fmt: skip


def test_the_same_batch_twice_leaves_the_same_files(send, tmp_path):
    def contents():
        return {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    batch = [
        change(str(i), {"lifecycle_segment": "A"}, lifecycle_segment="AB"[i % 2]) for i in range(9)
    ]
    send(*batch)
    once = contents()
    send(*reversed(batch))
    assert contents() == once


def test_what_a_spreadsheet_would_run_is_made_harmless_and_still_found_again(
    send, members, tmp_path
):
    evil = '=HYPERLINK("http://x","y")'
    send(
        change(evil, email="@sum", phone="+44 20 7946 0000", lifecycle_segment="=Lost", clv_3y=-1.5)
    )
    path = tmp_path / "segments/lifecycle/=Lost.csv"
    [row] = rows(path)
    assert (row["customer_id"], row["email"], row["lifecycle_segment"]) == (
        "'" + evil,
        "'@sum",
        "'=Lost",
    )
    assert (row["phone"], row["clv_3y"]) == ("+44 20 7946 0000", "-1.5")
    send(change(evil, lifecycle_segment="Won"))
    assert members() == {"=Lost": [], "Won": ["'" + evil]}


def test_any_segment_has_a_file_inside_the_folder(send, tmp_path):
    for i, name in enumerate(["../../up", "a/b", "con:*?", ".hidden", "50 % off", "Zoë"]):
        send(change(str(i), lifecycle_segment=name))
        send(change(str(i), lifecycle_segment=name))
    found = [p for p in tmp_path.rglob("*.csv") if p.parent.name != "changes"]
    assert {p.parent for p in found} == {tmp_path / "segments/lifecycle"}
    assert len(found) == 6
    assert all(len(rows(p)) == 1 for p in found)


def test_which_properties_are_segments_can_be_said(send, members):
    send(change("1", lc="Lost", colour_segment="red"), segment_properties=("lc",))
    assert members("lc") == {"Lost": ["1"]}
    with pytest.raises(FileNotFoundError):
        members("colour")


def test_a_change_without_a_segment_is_rejected_and_the_others_go_on(send, members):
    receipt = send(change("1", lc="Lost"), change("2", lifecycle_segment="Lost"))
    rejected = receipt.outcomes["attributes:1"]
    assert isinstance(rejected, Rejected)
    assert "set segment_properties" in rejected.reason
    assert members() == {"Lost": ["2"]}


def test_check_makes_nothing_and_tells_what_is_in_the_way(tmp_path):
    asyncio.run(destination(tmp_path / "a/b").check())
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="file/out cannot be written to"):
        asyncio.run(destination(tmp_path / "file/out").check())


def test_a_path_that_cannot_be_is_to_be_mended(send, tmp_path):
    (tmp_path / "segments").write_text("in the way")
    with pytest.raises(Misconfigured, match="cannot be written to"):
        send(change("1", lifecycle_segment="Lost"))


def test_a_file_that_somebody_changed_is_named(send, tmp_path):
    send(change("1", lifecycle_segment="Lost"))
    (tmp_path / "segments/lifecycle/Lost.csv").write_text("nonsense\n1\n")
    with pytest.raises(Misconfigured, match=r"Lost\.csv is not as it was written"):
        send(change("1", lifecycle_segment="Champions"))


def test_it_is_registered_as_files():
    assert registry.destination("files") is Files


segments = st.sampled_from(["A", "B", "C", None])
moves = st.dictionaries(st.sampled_from("123456"), segments, min_size=1)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(moves, min_size=1, max_size=6))
def test_the_files_hold_where_each_person_was_put_last(tmp_path_factory, history):
    root = tmp_path_factory.mktemp("law")
    last: dict[str, str | None] = {}
    for batch in history:
        files = destination(root)
        changes = [change(p, lifecycle_segment=s, rfm_segment="R") for p, s in batch.items()]
        asyncio.run(files.identify(Batch(tuple(changes))))
        last.update(batch)
    found = [
        (row["customer_id"], path.stem)
        for path in sorted((root / "segments/lifecycle").glob("*.csv"))
        for row in rows(path)
    ]
    assert sorted(found) == sorted((p, s) for p, s in last.items() if s is not None)
    everyone = [row["customer_id"] for row in rows(root / "segments/rfm/R.csv")]
    assert everyone == sorted(last)


def test_who_is_cleared_leaves_no_trace_of_other_names_or_of_a_kill(send, tmp_path):
    """The prefix of the properties was another one once, so the schemes had other folders."""
    send(change("1", email="a@x.org", old_lifecycle_segment="Lost"))
    send(
        change("1", email="a@x.org", lifecycle_segment="Lost"),
        change("2", email="b@x.org", lifecycle_segment="Lost"),
    )
    (tmp_path / "segments" / "lifecycle" / ".Lost.csv.1.part").write_text("1,a@x.org")
    send(change("1", email="a@x.org", lifecycle_segment=None))
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in kept} == {"Lost.csv", "2020-06-01.csv"}
    assert not any("a@x.org" in path.read_text() for path in kept)
    assert any("b@x.org" in path.read_text() for path in kept)
