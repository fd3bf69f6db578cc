"""Reading back: lost, changed by others, not there; mending; and a state database that is gone."""

import json
from datetime import timedelta

import httpx
import pytest


@pytest.fixture
def loaded(shop):
    """Everybody is delivered everywhere; Braze knows them all."""
    ids = [f"c{n:04d}" for n in range(300)]
    httpx.post(f"{shop.urls['braze']}/sandbox/users", json=ids).raise_for_status()
    shop.report(*shop.as_of())
    return shop


def write(shop, address, **properties):
    """Somebody else writes onto a Klaviyo profile."""
    attributes = {"email": address, "properties": properties}
    httpx.post(
        f"{shop.urls['klaviyo']}/api/profile-import",
        json={"data": {"type": "profile", "attributes": attributes}},
        headers={"Authorization": "Klaviyo-API-Key k-canary", "revision": "2026-10-15"},
    ).raise_for_status()


def read(shop, *args, code=0):
    done = shop.here("reconcile", *args, "--json")
    assert done.exit_code == code, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("name", ["klaviyo", "iterable", "braze", "disk"])
def test_what_was_delivered_is_what_is_read_back(loaded, name):
    found, _ = read(loaded, name)
    assert (found["checked"], found["agree"], found["left"]) == (300, 300, 0)
    few, _ = read(loaded, name, "--sample", "7")
    assert (few["checked"], few["agree"]) == (7, 7)


def test_what_others_changed_is_told_and_mended_and_their_own_fields_stay(loaded):
    write(loaded, "c0001@example.com", lifecycle_segment="Hijacked", theirs="kept")
    write(loaded, "c0002@example.com", lifecycle_segment=None, clv_3y=None)
    write(loaded, "c0003@example.com", theirs="kept")
    found, said = read(loaded, "klaviyo", code=4)
    assert found["customers"] == {"lost": 1, "changed": 1, "absent": 0, "unreadable": 0}
    assert found["properties"] == {
        "changed": {"lifecycle_segment": 1},
        "lost": {"clv_3y": 1, "lifecycle_segment": 1},
    }
    assert found["sample"]["changed"] == ["c0001"]
    assert "theirs" not in json.dumps(found)
    assert "some minutes late" in said
    assert "--repair" in said

    mended, _ = read(loaded, "klaviyo", "--repair")
    assert mended["repaired"]["delivered"] == 2
    again, _ = read(loaded, "klaviyo")
    assert again["agree"] == 300
    people = httpx.get(f"{loaded.urls['klaviyo']}/sandbox/profiles/c0001@example.com").json()
    assert people["properties"]["theirs"] == "kept"
    assert loaded.report(*loaded.as_of())["destinations"]["klaviyo"]["planned"] == 0


def test_a_repair_that_mends_nothing_does_not_end_well(loaded):
    write(loaded, "c0001@example.com", lifecycle_segment="Hijacked")
    write(loaded, "c0002@example.com", lifecycle_segment="Hijacked")
    fault = {"kind": "poison", "times": None, "ids": ["c0001@example.com"]}
    httpx.post(f"{loaded.urls['klaviyo']}/sandbox/faults", json=fault).raise_for_status()
    found, _ = read(loaded, "klaviyo", "--repair", code=4)
    assert (found["repaired"]["delivered"], found["repaired"]["rejected"]) == (1, 1)
    assert found["left"] == 1


def test_files_with_an_old_address_or_a_double_are_not_taken_for_accepted(loaded):
    folder = next(loaded.folder.rglob("segments/lifecycle"))
    first, second = sorted(folder.glob("*.csv"), key=lambda path: -path.stat().st_size)[:2]
    lines = first.read_text().splitlines(keepends=True)
    doubled, moved = lines[1], lines[2].split(",")[0].strip('"')
    for path in folder.parent.rglob("*.csv"):
        text = path.read_text().replace(f"{moved}@example.com", "old@example.com")
        path.write_text(text)
    second.write_text(second.read_text() + doubled)
    for path in (loaded.folder / "data").glob("state.db*"):
        path.unlink()
    found, _ = read(loaded, "disk", "--rebuild", *loaded.as_of())
    assert found["rebuilt"] == {"asked": 300, "whole": 298, "partly": 2}
    done = loaded.report(*loaded.as_of())["destinations"]["disk"]
    assert done["planned"] == 2
    assert read(loaded, "disk")[0]["agree"] == 300


def test_a_destination_that_lost_everybody_is_held_by_the_brake(loaded):
    httpx.post(f"{loaded.urls['klaviyo']}/sandbox/reset").raise_for_status()
    found, said = read(loaded, "klaviyo", "--repair", code=4)
    assert found["customers"]["absent"] == 300
    assert "tidesman approve" in said
    status = json.loads(loaded.here("status", "--json").stdout)
    run = status["last_run"]["id"]
    assert status["last_run"]["status"] == "held"
    loaded.here("approve", run, "--up-to", "300")
    done = loaded.report(*loaded.as_of())
    assert done["destinations"]["klaviyo"]["delivered"] == 300
    assert read(loaded, "klaviyo")[0]["agree"] == 300


def test_with_the_state_gone_the_ledgers_are_rebuilt_and_nothing_is_sent(loaded):
    events = {name: loaded.state(name) for name in loaded.urls}
    for path in (loaded.folder / "data").glob("state.db*"):
        path.unlink()
    for name in ("klaviyo", "iterable", "braze", "disk"):
        found, said = read(loaded, name, "--rebuild", *loaded.as_of())
        assert found["rebuilt"] == {"asked": 300, "whole": 300, "partly": 0}, name
        assert "no event was made" in said
    done = loaded.report(*loaded.as_of())
    assert {name: each["planned"] for name, each in done["destinations"].items()} == dict.fromkeys(
        ("klaviyo", "iterable", "braze", "disk"), 0
    )
    report = json.loads(loaded.here("status", "--json").stdout)
    assert report["last_run"]["status"] == "done"
    for name in loaded.urls:
        assert loaded.state(name).get("events") == events[name].get("events"), name
    # and it goes on as if nothing had happened: who moves is sent, with his event
    new = [(f"n{n}", f"c{n:04d}", loaded.day + timedelta(1), 180.0) for n in range(0, 60, 4)]
    loaded.write_orders("july-1", new)
    later = loaded.report(*loaded.as_of(1))
    assert 0 < later["destinations"]["klaviyo"]["planned"] < 300


def test_a_rebuilt_ledger_knows_who_holds_something_else_and_who_is_not_there(loaded):
    write(loaded, "c0001@example.com", lifecycle_segment="Hijacked")
    for path in (loaded.folder / "data").glob("state.db*"):
        path.unlink()
    loaded.write_orders("more", [("x1", "stranger", loaded.day, 20.0)])
    found, _ = read(loaded, "klaviyo", "--rebuild", *loaded.as_of())
    assert found["rebuilt"] == {"asked": 301, "whole": 299, "partly": 1}
    # what was looked up once is not looked up again
    again, _ = read(loaded, "klaviyo", "--rebuild")
    assert again["rebuilt"]["asked"] == 1
    planned = json.loads(loaded.here("plan", "--json", *loaded.as_of()).stdout)["destinations"]
    assert (planned["klaviyo"]["new"], planned["klaviyo"]["moves"]) == (1, 1)


def test_what_cannot_be_reconciled_is_said(loaded):
    done = loaded.here("reconcile", "nowhere")
    assert done.exit_code == 2
    assert "there is no destination 'nowhere'; there are klaviyo, iterable" in done.stderr
    fault = {"kind": "status", "status": 401, "times": None}
    httpx.post(f"{loaded.urls['klaviyo']}/sandbox/faults", json=fault).raise_for_status()
    done = loaded.here("reconcile", "klaviyo")
    assert done.exit_code == 4
    assert "check the key" in done.stderr
    config = (loaded.folder / "tidesman.yaml").read_text()
    hook = "  hook: {type: webhook, url: {env: HOOK}, secret: {env: WORD}, allow_private: true}\n"
    (loaded.folder / "tidesman.yaml").write_text(config + hook)
    loaded.keys |= {"HOOK": "http://127.0.0.1:1/x", "WORD": "0123456789abcdef"}
    done = loaded.here("reconcile", "hook")
    assert done.exit_code == 2
    assert "hook cannot be read back" in done.stderr
