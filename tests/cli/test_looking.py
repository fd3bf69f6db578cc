"""What only looks: plan, customer, check, status. None of it changes anything."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import httpx
import pyarrow.parquet as pq


def everything(shop):
    return {
        str(path.relative_to(shop.folder)): path.read_bytes()
        for path in sorted(shop.folder.rglob("*"))
        if path.is_file() and path.suffix not in (".db-shm", ".db-wal")
    }


def test_a_plan_before_the_first_run_needs_no_key_and_leaves_nothing(shop):
    shop.keys = {}
    before = everything(shop)
    done = shop.here("plan", "--json", *shop.as_of())
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["customers"] == 300
    assert {(d["planned"], d["new"], d["moves"]) for d in found["destinations"].values()} == {
        (300, 300, 0)
    }
    assert "Nothing was written and nothing was sent" in done.stderr
    assert everything(shop) == before
    assert shop.state("braze")["requests"] == 0


def test_a_plan_tells_what_the_run_then_does(shop):
    shop.report(*shop.as_of())
    new = [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 180.0) for n in range(0, 60, 4)]
    new += [("m1", "new-one", shop.day + timedelta(1), 20.0)]
    shop.write_orders("july-1", new)
    before = everything(shop)
    planned = json.loads(shop.here("plan", "--json", *shop.as_of(1)).stdout)
    assert everything(shop) == before
    done = shop.report(*shop.as_of(1))
    for key in ("orders", "customers", "segments", "moves"):
        assert planned[key] == done[key]
    assert len(planned["sample"]) == 5
    kinds = {(m["scheme"], m["from"], m["to"], m["cause"]) for m in done["moves"]}
    for each in planned["sample"]:
        assert each["customer_id"]
        assert (each["scheme"], each["from"], each["to"], each["cause"]) in kinds
    for name, result in done["destinations"].items():
        would = planned["destinations"][name]
        # the files take no events: they are refused, and that is told
        assert would["planned"] == result["planned"], name
        # Braze bills each attribute that is set and each event; the others bill none
        points = would["data_points"]
        assert (points is None) == (name != "braze")
        assert points is None or points > would["events"] + would["moves"]
        assert would["requests"] <= result["requests"] <= would["requests"] + 2


def test_the_whole_view_of_a_customer(shop):
    shop.report(*shop.as_of())
    done = shop.here("customer", "c0004")
    assert done.exit_code == 0, done.stderr
    for part in ("c0004@example.com", "lifecycle", "first seen", "churn_probability", "klaviyo"):
        assert part in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    (person,) = json.loads(shop.here("customer", "C0004@Example.com", "--json").stdout)
    assert person["customer_id"] == "c0004"
    assert {each["told"] for each in person["placed"]} == {"seen for the first time"}
    assert {row["destination"] for row in person["accepted"]} == {
        "braze",
        "disk",
        "iterable",
        "klaviyo",
    }
    nobody = shop.here("customer", "who")
    assert nobody.exit_code == 2
    assert "nobody is known by that" in nobody.stderr


def test_the_last_move_of_a_customer_in_words_and_the_moves_to_come(shop):
    config = shop.folder / "tidesman.yaml"
    config.write_text(config.read_text() + "segmentation: {refit_days: 90}\n")
    shop.report(*shop.as_of())
    (published,) = (shop.folder / "data" / "snapshots").glob("*.parquet")
    gone = pq.read_table(published, filters=[("lifecycle_segment", "=", "Lost")])
    lost = gone["customer_id"][0].as_py()
    shop.write_orders("july-1", [("n1", lost, shop.day + timedelta(1), 900.0)])
    shop.report(*shop.as_of(1))
    bought = person(shop, lost)
    assert placed(bought)["cause"] == "purchase"
    number = r"(past|future) revenue rose from [\d,.]+ to [\d,.]+ and passed [\d,.]+"
    chance = r"churn probability fell from \.\d+ to \.\d+ and passed \.\d+"
    assert re.search(f"{number}|{chance}", placed(bought)["told"])
    # the first move that is foretold comes true on its day
    first = bought["coming"][0]
    day = (date.fromisoformat(first["day"]) - shop.day).days
    shop.here("run", *shop.as_of(day))
    said = shop.here("customer", lost).stdout
    assert f"{first['day']} {first['scheme']}" in said
    told = f"{first['from_segment']} to {first['to_segment']} (silence): "
    assert told in " ".join(said.split())
    assert "if nothing is bought" in said
    assert max(map(len, said.splitlines())) <= 100


def person(shop, who):
    (found,) = json.loads(shop.here("customer", who, "--json").stdout)
    return found


def placed(found, scheme="lifecycle"):
    return next(each for each in found["placed"] if each["scheme"] == scheme)


def test_before_the_first_run_there_is_nobody_to_look_at(shop):
    done = shop.here("customer", "c0004")
    assert done.exit_code == 2
    assert "a first run makes it" in done.stderr


def test_check_names_what_is_wrong_and_where(shop):
    before = sorted(shop.folder.rglob("*"))
    done = shop.here("check")
    assert done.exit_code == 0, done.stdout
    assert sorted(shop.folder.rglob("*")) == before, "check makes nothing"
    fault = {"kind": "status", "status": 401, "times": None}
    httpx.post(f"{shop.urls['klaviyo']}/sandbox/faults", json=fault).raise_for_status()
    done = shop.here("check", "--json")
    assert done.exit_code == 4
    found = json.loads(done.stdout)
    assert [name for name, each in found.items() if not each["ok"]] == ["klaviyo"]
    assert "401" in found["klaviyo"]["says"]


def test_status_as_json(shop):
    shop.report(*shop.as_of())
    found = json.loads(shop.here("status", "--json").stdout)
    assert found["published"] == "2025-06-30"
    assert found["last_run"]["id"] == "2025-06-30-1"
    assert found["destinations"]["disk"]["acked"] == 300
    assert found["next_run"].endswith("05:00:00+00:00") or found["next_run"].endswith("+01:00")


def test_the_configuration_may_be_named_by_the_environment(shop, cli, monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("TIDESMAN_CONFIG", str(shop.folder / "tidesman.yaml"))
    for name, key in shop.keys.items():
        monkeypatch.setenv(name, key)
    assert cli("check").exit_code == 0


def test_the_whole_configuration_may_come_from_the_environment(cli, monkeypatch, tmp_path):
    (tmp_path / "orders.csv").write_text("o,c,d,t\n1,anna,2025-01-01,10\n")
    for name, value in {
        "TIMEZONE": "UTC",
        "CURRENCY": "EUR",
        "SOURCES__SHOP__TYPE": "files",
        "SOURCES__SHOP__PATH": "orders.csv",
        "SOURCES__SHOP__COLUMNS": json.dumps(
            {"order_id": "o", "customer_id": "c", "ordered_at": "d", "amount": "t"}
        ),
        "DESTINATIONS__DISK__TYPE": "files",
        "DESTINATIONS__DISK__PATH": "out",
    }.items():
        monkeypatch.setenv(f"TIDESMAN_{name}", value)
    done = cli("run", "--as-of", "2025-01-02", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["destinations"]["disk"]["delivered"] == 1
    assert (tmp_path / "out" / "segments" / "lifecycle").is_dir()


def test_a_state_of_an_older_schema_can_be_looked_at_and_stays_as_it_is(shop):
    shop.report(*shop.as_of())
    with closing(sqlite3.connect(shop.folder / "data" / "state.db")) as state:
        state.executescript(
            "DROP TABLE alerts; DROP TABLE audiences; DROP TABLE pulls;"
            "ALTER TABLE parts DROP COLUMN stream;"
            "CREATE TABLE older AS SELECT source, cursor, updated_at FROM cursors;"
            "DROP TABLE cursors;"
            "CREATE TABLE cursors (source VARCHAR NOT NULL, cursor VARCHAR NOT NULL,"
            " updated_at VARCHAR NOT NULL, CONSTRAINT pk_cursors PRIMARY KEY (source));"
            "INSERT INTO cursors SELECT * FROM older; DROP TABLE older;"
            "UPDATE alembic_version SET version_num = '0004';"
            "PRAGMA wal_checkpoint(TRUNCATE);"
        )
    before = everything(shop)
    told = shop.here("customer", "c0001")
    assert told.exit_code == 0, told.stderr
    assert "c0001@example.com" in told.stdout
    planned = shop.here("plan", *shop.as_of())
    assert planned.exit_code == 0, planned.stderr
    assert everything(shop) == before
