"""Order ids that stand in several units of a source, and what is told of them."""

from datetime import UTC, datetime

import pytest

from connectors.errors import Misconfigured

AT = datetime(2020, 6, 1, tzinfo=UTC)


def test_an_order_that_a_later_unit_holds_otherwise_is_found(lake, page, write):
    write(page({"1": 5, "2": 6, "3": 7}, unit="/in/a.csv"))
    write(page({"2": 8, "3": 9, "4": 1}, unit="/in/b.csv"))
    assert lake.in_several("shop", "run-1") == (2, "2", ("/in/a.csv", "/in/b.csv"))


def test_the_same_in_both_is_no_loss_and_a_void_is_another_kind(lake, page, write):
    write(page({"1": 5, "2": 0}, unit="a"))
    write(page({"1": 5}, unit="b"))
    assert lake.in_several("shop", "run-1") is None
    write(page({"2": None}, unit="c"))
    assert lake.in_several("shop", "run-1") == (1, "2", ("a", "c"))


def test_only_what_this_run_wrote_is_told(lake, page, write):
    write(page({"1": 5}, unit="a"))
    write(page({"1": 6}, unit="b"))
    lake.write("shop", page({"2": 1}, unit="c"), "run-2", AT)
    assert lake.in_several("shop", "run-2") is None
    lake.write("shop", page({"1": 4}, unit="a"), "run-3", AT)
    assert lake.in_several("shop", "run-3") == (1, "1", ("b", "a")), "the one read last counts"


def test_a_part_whose_file_is_gone_is_told_in_a_sentence(lake, page, write):
    part = write(page({"1": 5}, unit="a"))
    write(page({"1": 6}, unit="b"))
    (lake.root / part.path).unlink()
    with pytest.raises(Misconfigured, match="is gone"):
        lake.in_several("shop", "run-1")


def test_a_changed_unit_other_sources_and_pages_are_no_several_files(lake, page, write):
    write(page({"1": 5}, unit="a"))
    write(page({"1": 6}, unit="a"))
    write(page({"1": 7}, unit="a"), source="other")
    assert lake.in_several("shop", "run-1") is None
    write(page({"1": 5}), source="pages")
    write(page({"1": 6}), source="pages")
    assert lake.in_several("pages", "run-1") is None
