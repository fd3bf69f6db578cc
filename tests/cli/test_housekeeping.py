"""What a run leaves on the disk: everything that is read, and nothing else."""

from datetime import timedelta

import pytest

from sync import housekeeping
from sync.app import open_app
from sync.progress import Silent
from sync.pull import pull
from sync.run import run

CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
destinations:
  disk: {type: files, path: ./out}
"""


@pytest.fixture
def days(shop):
    """Run the small shop on disk for so many days, a file of orders replaced on each."""
    (shop.folder / "tidesman.yaml").write_text(CONFIG)
    (shop.folder / "orders" / "until-june.csv").unlink(missing_ok=True)

    def run_days(count):
        for number in range(count):
            day = shop.day + timedelta(number)
            rows = [(f"o{n}", f"c{n}", shop.day - timedelta(n), 10.0 + number) for n in range(9)]
            shop.write_orders("orders", rows)
            with open_app(shop.folder / "tidesman.yaml") as app:
                report = run(app, day)
                assert report.status == "done"
        return report

    return run_days


def files(folder, pattern):
    return sorted(path.name for path in folder.rglob(pattern) if path.is_file())


def test_replaced_parts_and_old_snapshots_go(shop, days, monkeypatch):
    monkeypatch.setattr(housekeeping, "KEPT", 2)
    days(4)
    with open_app(shop.folder / "tidesman.yaml") as app:
        kept = [snapshot.path for snapshot in app.store.recent_snapshots(2)]
        read = {part.path for part in app.store.parts()}
        engine = app.engine()
        money = engine.to_pyarrow(app.lake().orders(engine).amount.sum()).as_py()
    data = shop.folder / "data"
    assert files(data / "snapshots", "*.parquet") == sorted(p.rpartition("/")[2] for p in kept)
    assert files(data / "lake", "*.parquet") == sorted(p.rpartition("/")[2] for p in read)
    assert float(money) == 9 * 13.0


def test_what_the_next_causes_need_stays(shop, days):
    days(1)
    shop.write_orders("orders", [("o0", "c0", shop.day, 99.0)])
    with open_app(shop.folder / "tidesman.yaml") as app:
        published = app.store.latest_snapshot()
        pull(app, "tomorrow", Silent())
        housekeeping.tidy(app)
        engine = app.engine()
        then = app.lake().orders(engine, up_to=published.lake_version)
        assert app.lake().version() > published.lake_version
        assert float(engine.to_pyarrow(then.amount.sum()).as_py()) == 9 * 10.0
        assert (shop.folder / "data" / published.path).is_file()


def test_leftovers_of_a_kill_go(shop, days):
    days(1)
    data = shop.folder / "data"
    orphans = [data / "lake" / "shop" / "00000009-dead.parquet", data / "snapshots" / "no.parquet"]
    for orphan in orphans:
        orphan.write_bytes(b"half a file")
    days(1)
    assert not any(orphan.exists() for orphan in orphans)
