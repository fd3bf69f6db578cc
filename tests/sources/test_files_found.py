"""Kinds of files, where they are looked for, and what is read again."""

import asyncio
import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import registry
from connectors.errors import Misconfigured
from connectors.sources.files import Files

HEADER = "order,customer,at,amount\n"


def rows(*ids, amount=1):
    return "".join(f"{i},7,2020-01-02,{amount}\n" for i in ids)


def test_every_kind_of_file_means_the_same(pull, tmp_path):
    text = HEADER + rows("1", "2", amount="2.55")
    records = [
        dict(zip(HEADER.strip().split(","), r.split(","), strict=True))
        for r in text.splitlines()[1:]
    ]
    jsonl = "".join(json.dumps({**r, "amount": 2.55, "customer": 7}) + "\n\n" for r in records)
    contents = {
        "a.csv": text.encode(),
        "b.csv.gz": gzip.compress(text.encode()),
        "c.tsv": text.replace(",", "\t").encode(),
        "d.txt": text.replace(",", ";").encode(),
        "e.csv": text.replace("\n", "\r\n").encode("utf-8-sig"),
        "f.jsonl": jsonl.encode(),
        "g.ndjson.gz": gzip.compress(jsonl.encode()),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "h.parquet")
    pages = pull([str(tmp_path), str(tmp_path / "*.txt")])
    assert len(pages) == 8
    assert all(page.orders == pages[0].orders and page.faults == {} for page in pages)


def test_a_delimiter_can_be_said(read):
    text = "order;customer,x;at;amount\n1;7;2020-01-02;1\n"
    columns = {
        "order_id": "order",
        "customer_id": "customer,x",
        "ordered_at": "at",
        "amount": "amount",
    }
    assert len(read(text, columns=columns).orders) == 1
    with pytest.raises(Misconfigured, match="there is no column"):
        read(text, columns=columns, delimiter=",")


def test_a_path_a_pattern_a_folder_or_a_list(pull, tmp_path):
    inner = tmp_path / "2020"
    inner.mkdir()
    for path in (tmp_path / "a.csv", tmp_path / "b[1].csv", inner / "a.csv"):
        path.write_text(HEADER + rows(path.stem))
    (tmp_path / ".c.csv").write_text("half an upload")
    (tmp_path / "_d.csv").write_text("half an upload")
    (tmp_path / "notes.md").write_text("not orders")

    def units(path):
        return [os.path.relpath(page.unit, tmp_path) for page in pull(path)]

    assert units(str(tmp_path / "b[1].csv")) == ["b[1].csv"]
    assert units(str(tmp_path)) == units(str(tmp_path / "*.csv")) == ["a.csv", "b[1].csv"]
    assert units(str(tmp_path / "**/*.csv")) == ["2020/a.csv", "a.csv", "b[1].csv"]
    assert units([str(inner), str(tmp_path / "a.csv"), str(tmp_path / "a*")]) == [
        "2020/a.csv",
        "a.csv",
    ]


def test_other_files_in_a_folder_are_counted_and_stop_nothing(pull, source, tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(HEADER + rows(name))
    for name in ("readme.txt", "letter.pdf", "notes.txt.gz", ".hidden", "_half.csv"):
        (tmp_path / name).write_text("When will it be there?, asked nobody")
    asyncio.run(source(str(tmp_path)).check())
    first, second = pull(str(tmp_path))
    assert (first.counts(), second.counts()) == ({"files of another type": 3}, {})
    assert first.faults["files of another type"].example.startswith("letter.pdf is no .csv")
    with pytest.raises(Misconfigured, match=r"readme\.txt, row 1: there is no column"):
        pull(str(tmp_path / "*.txt"))


def test_a_text_file_is_read_when_it_is_named_or_meant_by_a_pattern(pull, tmp_path):
    inner = tmp_path / "shop"
    inner.mkdir()
    (inner / "orders.txt").write_text(HEADER + rows("1"))
    for path in (str(inner / "orders.txt"), str(inner / "*.txt")):
        [page] = pull(path)
        assert (len(page.orders), page.faults) == (1, {})
    with pytest.raises(Misconfigured, match=r"only orders\.txt .* set path to .*shop/\*\.txt"):
        pull(str(inner))


def test_a_file_that_was_read_is_not_read_again_until_it_changes(pull, tmp_path):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text(HEADER + rows("1"))
    b.write_text(HEADER + rows("2"))
    first, second = pull(str(tmp_path))
    assert pull(str(tmp_path), second.cursor) == []
    assert [page.unit for page in pull(str(tmp_path), first.cursor)] == [str(b)]
    a.touch()
    assert pull(str(tmp_path), second.cursor) == []
    a.write_text(HEADER + rows("1", "3"))
    [again] = pull(str(tmp_path), second.cursor)
    assert (again.unit, len(again.orders)) == (str(a), 2)
    (tmp_path / "c.csv").write_text(HEADER + rows("4"))
    assert [page.unit for page in pull(str(tmp_path), again.cursor)] == [str(tmp_path / "c.csv")]


def test_other_options_read_everything_again(pull, tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + rows("1"))
    [page] = pull(str(tmp_path))
    [again] = pull(str(tmp_path), page.cursor, timezone="Asia/Tokyo")
    assert again.orders[0]["ordered_at"] != page.orders[0]["ordered_at"]
    assert pull(str(tmp_path), again.cursor, timezone="Asia/Tokyo") == []


def test_the_same_files_give_the_same_cursor_and_the_same_pages(pull, tmp_path):
    for name in "cab":
        (tmp_path / f"{name}.csv").write_text(HEADER + rows(name))
    assert pull(str(tmp_path)) == pull(str(tmp_path))


def test_check_names_what_is_missing(source, tmp_path):
    (tmp_path / "a.csv").write_text("order,customer,when,amount\n" + rows("1"))
    with pytest.raises(Misconfigured, match=r"no column 'at'"):
        asyncio.run(source(str(tmp_path)).check())
    assert asyncio.run(source(str(tmp_path), columns={
        "order_id": "order", "customer_id": "customer", "ordered_at": "when", "amount": "amount",
    }).check()) is None  # fmt: skip


def test_it_is_registered_as_files():
    assert registry.source("files") is Files
