"""Parts without an order in common are found, remembered, and never mistaken."""

from itertools import combinations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sync.overlap import Overlap

PARTS = {"a": ["1", "2"], "b": ["3"], "c": ["4", "5"], "d": ["5", "6"], "e": ["1", "9"]}


@pytest.fixture
def parts(tmp_path):
    """Five parts; c and d share an order, and so do a and e."""
    for name, ids in PARTS.items():
        pq.write_table(pa.table({"order_id": ids}), tmp_path / f"{name}.parquet")
    return lambda names: [tmp_path / f"{name}.parquet" for name in names]


def test_every_set_of_parts_is_judged_by_its_orders(tmp_path, parts):
    overlap = Overlap(tmp_path / "memory" / "shop.json")
    for _ in range(2):  # the second time from what is remembered
        for size in range(1, 6):
            for names in combinations(PARTS, size):
                ids = [i for name in names for i in PARTS[name]]
                assert overlap.none_among(parts(names)) == (len(ids) == len(set(ids))), names


def test_what_is_remembered_is_not_read_again(tmp_path, parts):
    overlap = Overlap(tmp_path / "shop.json")
    assert overlap.none_among(parts("abc"))
    for path in parts("abc"):
        path.unlink()
    assert Overlap(tmp_path / "shop.json").none_among(parts("ab"))


def test_a_memory_that_cannot_be_written_changes_no_answer(tmp_path, parts):
    (tmp_path / "memory").write_text("a file where the folder should be")
    overlap = Overlap(tmp_path / "memory" / "shop.json")
    assert overlap.none_among(parts("ab"))
    assert not overlap.none_among(parts("cd"))
