"""Canaries in every key and address: through trouble of all kinds they come to light nowhere."""

import re
import sqlite3
from datetime import timedelta

import httpx
import pyarrow.parquet as pq

KEY = re.compile(r"[kib]-canary")
ADDRESS = re.compile(r"c\d{4}(@|%40|\\u0040)example", re.IGNORECASE)
#: Vendors repeat what they were sent.
ECHO = "{}-canary of c0001@example.com"
#: Files that are meant to hold addresses: what came in, the lake, what is published, what is sent.
MEANT = (
    *("orders", "data/lake", "data/identity", "data/snapshots", "data/set_aside", "data/state.db"),
    "out",
)
#: Columns of the state that hold whom and what was sent.
COLUMNS = {"ledger": {"wanted", "value", "accepted"}}


def trouble(shop, vendor, **fault):
    httpx.post(f"{shop.urls[vendor]}/sandbox/faults", json=fault).raise_for_status()


def calm(shop):
    for url in shop.urls.values():
        httpx.delete(f"{url}/sandbox/faults").raise_for_status()


def said_by(shop):
    """What every command says, on standard output and error, while things go wrong."""
    ids = [f"c{n:04d}{end}" for n in range(20) for end in ("", "@example.com")]
    shop.here("check", "--json")
    shop.here("plan", *shop.as_of())
    for vendor in shop.urls:
        trouble(shop, vendor, kind="poison", times=None, ids=ids, code=ECHO.format(vendor[0]))
    said = [shop.here("run", *shop.as_of()), shop.here("status", "--undelivered")]
    calm(shop)
    new = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 180.0) for n in range(0, 60, 4)]
    shop.write_orders("july-1", [*new, ("bad", "c0001", "c0001@example.com", 1.0)])
    trouble(shop, "klaviyo", kind="lost", times=2)
    trouble(shop, "iterable", kind="status", status=401, times=None)
    trouble(shop, "braze", kind="wrong_json", times=1, body=ECHO.format("b"))
    said += [shop.here("run", "--json", *shop.as_of(1)), shop.here("check")]
    said += [shop.here("reconcile", "iterable", "--debug"), shop.here("forget", "c0005")]
    calm(shop)
    said += [shop.here("reconcile", name, "--json") for name in ("klaviyo", "braze", "disk")]
    said += [shop.here(*words) for words in (("status", "--json"), ("retry",), ("forget",))]
    for path in (shop.folder / "data" / "snapshots").glob("*.parquet"):
        path.write_bytes(b"c0001@example.com k-canary")
    # a traceback, and the log of a process of its own
    said += [shop.here("customer", "c0007", "--debug")]
    daemon = shop.start("daemon", "--now")
    line = "".join(daemon.stderr.readline() for _ in range(2))
    daemon.terminate()
    out, err = daemon.communicate(timeout=60)
    return [*(f"{each.output}{each.stderr}" for each in said), line + out + err]


def test_no_key_and_no_address_comes_to_light(shop):
    said = said_by(shop)
    assert "tidesman retry" in "".join(said)
    assert "Traceback" in "".join(said)
    for text in said:
        assert not KEY.search(text), text
        assert not ADDRESS.search(text), text
    looked = 0
    for path in shop.folder.rglob("*"):
        if path.is_file():
            looked += 1
            name = str(path.relative_to(shop.folder))
            text = path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".parquet" and "snapshots" not in name:
                text = str(pq.read_table(path).to_pylist())
            damaged = name.startswith("data/snapshots")
            assert damaged or not KEY.search(text), name
            assert name.startswith(MEANT) or not ADDRESS.search(text), name
    assert looked > 10


def test_in_the_state_addresses_stand_in_the_ledger_alone(shop):
    trouble(shop, "klaviyo", kind="poison", times=None, ids=["c0001"], code="c0001@example.com")
    shop.here("run", *shop.as_of())
    base = sqlite3.connect(shop.folder / "data" / "state.db")
    tables = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        rows = base.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in rows.description]
        for row in rows:
            for name, value in zip(names, row, strict=True):
                meant = name in COLUMNS.get(table, ())
                assert meant or not ADDRESS.search(str(value)), (table, name, value)
                assert not KEY.search(str(value)), (table, name)
    base.close()
