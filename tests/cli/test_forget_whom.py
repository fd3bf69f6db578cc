"""Whom an id, an address or a number means: him in everything, and nobody else in anything."""

import json
import signal
import sqlite3
from datetime import date
from hashlib import sha256

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

DAY = date(2025, 6, 30)
CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
identity: {phone_region: GB}
sources:
  shop: {type: files, path: ./shop.csv, columns: &columns
    {order_id: order, customer_id: customer, email: mail, phone: tel, ordered_at: day,
      amount: total}}
  outlet: {type: files, path: ./outlet.csv, columns: *columns}
destinations:
  disk: {type: files, path: ./out}
"""
HEADER = "order,customer,mail,tel,day,total\n"
SHOP = [
    "s1,9001,sara@example.com,,2025-05-01,20.00",
    "s2,Ab12,upper@example.com,,2025-05-02,20.00",
    "s3,AB12,other@example.com,,2025-05-03,20.00",
    "s4,,,020 7946 0018,2025-05-04,20.00",
    "s5,,n/a,+44 20 7946 0018,2025-05-05,20.00",
]
OUTLET = [
    "t1,9001,otto@example.com,,2025-05-01,30.00",
    "t2,77,,,2025-05-02,30.00",
    "t3,78,,0161 496 0018,2025-05-02,30.00",
]


@pytest.fixture
def two(shop):
    """Two small sources, in which 9001 is two people, and one folder for files."""
    write(shop)
    (shop.folder / "tidesman.yaml").write_text(CONFIG)
    shop.report(*shop.as_of())
    return shop


def write(shop, note=""):
    for name, rows in (("shop", SHOP), ("outlet", OUTLET)):
        (shop.folder / f"{name}.csv").write_text(HEADER + "\n".join(rows) + "\n" + note)


def orders(shop):
    files = (shop.folder / "data" / "lake").rglob("*.parquet")
    return {row["order_id"] for path in files for row in pq.read_table(path).to_pylist()}


def customers(shop):
    """Who stands in the destination's files."""
    files = (shop.folder / "out" / "segments").rglob("*.csv")
    return {line.split(",")[0].strip('"') for f in files for line in f.read_text().splitlines()[1:]}


ALL = {row.split(",")[0] for row in SHOP + OUTLET}
#: What is given, the orders that go with it, and the customer's id in our files.
WHO = {
    "outlet:9001": ({"t1"}, "outlet:9001"),
    "shop:9001": ({"s1"}, "9001"),
    "77": ({"t2"}, "outlet:77"),
    "Ab12": ({"s2"}, "Ab12"),
    "+442079460018": ({"s4", "s5"}, "+442079460018"),
    "OTTO@example.com": ({"t1"}, "outlet:9001"),
}


def test_whatever_names_somebody_takes_all_of_him_and_nobody_else(two):
    gone, there = set(), customers(two)
    assert there == {
        "9001",
        "outlet:9001",
        "Ab12",
        "AB12",
        "+442079460018",
        "outlet:77",
        "outlet:78",
    }
    for who, (theirs, key) in WHO.items():
        if theirs <= gone:
            again = two.here("forget", who)
            assert (again.exit_code, two.here("export", who).exit_code) == (0, 2), who
            continue
        given = two.here("export", who)
        assert given.exit_code == 0, (who, given.stderr)
        exported = json.loads(given.stdout)
        assert {row["order_id"] for row in exported["orders"]} == theirs, who
        done = two.here("forget", who)
        assert done.exit_code == 0, (who, done.stderr)
        gone |= theirs
        there -= {key}
        assert orders(two) == ALL - gone, who
        assert customers(two) == there, who
    assert there == {"AB12", "outlet:78"}
    # the sources still have them all
    write(two, "\n")
    two.report(*two.as_of(1))
    assert orders(two) == ALL - gone
    assert customers(two) == there


def test_an_id_of_two_sources_is_asked_back(two):
    asked = two.here("forget", "9001")
    assert asked.exit_code == 2
    assert "outlet:9001 or shop:9001" in " ".join(asked.stderr.split())
    assert two.here("forget", "9001", "--everybody").exit_code == 0
    assert orders(two) == ALL - {"s1", "t1"}


def test_what_was_hashed_without_a_source_is_still_known(two):
    """As an older version left it: one plain text, in small letters."""
    with sqlite3.connect(two.folder / "data" / "state.db") as base:
        base.execute("INSERT INTO salt VALUES ('grain')")
        digest = sha256(b"grainab12").hexdigest()
        base.execute(
            "INSERT INTO forgotten VALUES (?, '2025-06-30T00:00:00.000000+00:00')", [digest]
        )
    base.close()
    write(two, "\n")
    assert two.report(*two.as_of(1))["customers"] == 7 - 2


def test_nothing_is_ended_while_a_row_is_still_theirs(two, monkeypatch):
    """Whatever is missed by the rule by which rows are erased."""
    monkeypatch.setattr("sync.erase.theirs", lambda batch, _: pa.repeat(False, batch.num_rows))
    done = two.here("forget", "77")
    assert done.exit_code == 4
    assert "Nothing is left" not in done.stdout
    assert "the lake (1)" in done.stdout
    monkeypatch.undo()
    assert two.here("forget").exit_code == 0
    assert orders(two) == ALL - {"t2"}


def held(shop, address):
    """What Iterable holds of ours under an address."""
    found = httpx.get(f"{shop.urls['iterable']}/sandbox/profiles/{address}")
    fields = found.json().get("dataFields", {}) if found.is_success else {}
    return {k for k, v in fields.items() if v is not None and k.endswith("_segment")}


def test_each_address_that_may_have_arrived_is_cleared(two):
    more = (
        "  iterable: {{type: iterable, api_key: {{env: ITERABLE_API_KEY}}, base_url: {iterable}}}\n"
    )
    (two.folder / "tidesman.yaml").write_text(CONFIG + more.format(**two.urls))
    two.report(*two.as_of())
    assert held(two, "sara@example.com")
    # as a run leaves it that was killed after it had sent a new address
    with sqlite3.connect(two.folder / "data" / "state.db") as base:
        base.execute(
            "UPDATE ledger SET mark = 'unsure', value = replace(accepted, 'sara@', 'sarah@') "
            "WHERE destination = 'iterable' AND customer_id = '9001'"
        )
    base.close()
    left = two.folder / "data" / "snapshots" / ".dead.parquet.1.part"
    left.write_text("sara@example.com")
    # killed between the two clearings, it still knows of both addresses
    dead = two.tidesman("forget", "sara@example.com", TIDESMAN_FAILPOINT="forget.round:2")
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert held(two, "sara@example.com") == set()
    done = two.here("forget")
    assert done.exit_code == 0, done.stderr
    assert held(two, "sara@example.com") == held(two, "sarah@example.com") == set()
    assert "iterable: what we wrote is cleared, as reading back confirms" in done.stdout
    assert not left.exists()
