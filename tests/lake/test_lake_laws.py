"""The lake against a plain dictionary, for any history of pages, and for a kill at any place."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.engine import open_engine
from sync.lake import Lake
from sync.store import Store

AT = datetime(2020, 6, 1, tzinfo=UTC)

ids = st.sampled_from("abcd")
amounts = st.one_of(st.none(), st.integers(0, 9))
pages = st.tuples(
    st.sampled_from(["shop", "other"]),
    st.sampled_from([None, "u", "v"]),
    st.dictionaries(ids, amounts, max_size=4),
)


def expected(history):
    """What counts after a history: units in the place of their latest, then the latest version."""
    standing = []
    for source, unit, orders in history:
        standing = [s for s in standing if unit is None or s[:2] != (source, unit)]
        standing.append((source, unit, orders))
    latest = {(source, i): amount for source, _, orders in standing for i, amount in orders.items()}
    return {key: amount for key, amount in latest.items() if amount is not None}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pages, max_size=7))
def test_the_lake_is_a_dictionary_of_latest_versions(tmp_path_factory, page, history):
    root = tmp_path_factory.mktemp("law")
    store = Store(f"sqlite:///{root / 'state.db'}")
    lake, engine = Lake(root / "lake", store), open_engine("UTC", threads=1)

    def amounts_at(version):
        rows = lake.orders(engine, up_to=version).to_pyarrow().to_pylist()
        assert len({(r["source"], r["order_id"]) for r in rows}) == len(rows)
        return {(r["source"], r["order_id"]): int(r["amount"]) for r in rows}

    versions = []
    for source, unit, orders in history:
        lake.write(source, page(orders, unit=unit), None, AT)
        versions.append(lake.version())
    assert amounts_at(None) == expected(history)
    for n, version in enumerate(versions, 1):
        assert amounts_at(version) == expected(history[:n])
    store.close()
    engine.disconnect()


PULL = """
import asyncio, sys
from datetime import UTC, datetime
import httpx
from connectors.sources.files import Files, FilesOptions
from sync.lake import Lake
from sync.store import Store
from pathlib import Path

async def pull(root):
    store = Store(f"sqlite:///{root / 'state.db'}")
    lake = Lake(root / "lake", store)
    columns = {"order_id": "order", "customer_id": "customer", "ordered_at": "at"}
    columns["amount"] = "amount"
    options = FilesOptions(path=str(root / "orders"), columns=columns, timezone="UTC")
    source = Files(options, transport=httpx.MockTransport(lambda request: None))
    async for page in source.orders(store.cursor("shop")):
        lake.write("shop", page, None, datetime.now(UTC))
    store.close()

asyncio.run(pull(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("place", ["lake.written", "lake.renamed", "lake.committed"])
def test_a_kill_at_any_place_loses_nothing_and_doubles_nothing(tmp_path, place):
    (tmp_path / "orders").mkdir()
    for name, amount in (("a", 1), ("b", 2), ("c", 4)):
        text = f"order,customer,at,amount\n{name},7,2020-01-02,{amount}\nx,,2020-01-02,1\n"
        (tmp_path / "orders" / f"{name}.csv").write_text(text)

    def pull(**environment):
        command = [sys.executable, "-c", PULL, str(tmp_path)]
        return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode

    assert pull(TIDESMAN_FAILPOINT=f"{place}:2") == -signal.SIGKILL
    assert pull() == 0
    store = Store(f"sqlite:///{tmp_path / 'state.db'}")
    lake, engine = Lake(tmp_path / "lake", store), open_engine("UTC", threads=1)
    rows = lake.orders(engine).to_pyarrow().to_pylist()
    assert sorted((r["order_id"], int(r["amount"])) for r in rows) == [("a", 1), ("b", 2), ("c", 4)]
    assert len(list(lake.set_aside.rglob("*.csv"))) == 3
    lake.sweep()
    files = {p.relative_to(lake.root).as_posix() for p in lake.root.rglob("*") if p.is_file()}
    assert files == {part.path for part in store.parts()}
    assert not list(lake.set_aside.rglob(".*"))
    store.close()
    engine.disconnect()
