"""Lists at Klaviyo by the command line: held, let go, moved, quiet, and left when forgotten."""

import json
from collections import Counter
from datetime import timedelta

import httpx
import pytest

LISTS = """\
destinations:
  klaviyo:
    type: klaviyo
    api_key: {{env: KLAVIYO_API_KEY}}
    base_url: {klaviyo}
    audiences: [lifecycle]
"""


@pytest.fixture
def listed(shop):
    path = shop.folder / "tidesman.yaml"
    head, _, _ = path.read_text().partition("destinations:")
    path.write_text(head + LISTS.format(**shop.urls))
    return shop


def on_lists(shop) -> dict[str, list[str]]:
    """By segment, who is on its list."""
    found: dict[str, list[str]] = {}
    for profile in profiles(shop):
        for name in profile["lists"]:
            found.setdefault(name.removeprefix("Tidesman lifecycle: "), []).append(profile["email"])
    return found


def profiles(shop):
    ids = [f"c{n:04d}@example.com" for n in range(300)]
    with httpx.Client(base_url=shop.urls["klaviyo"]) as client:
        return [client.get(f"/sandbox/profiles/{one}").json() for one in ids]


def segments(report) -> dict[str, int]:
    return {name: n for name, n in report["segments"]["lifecycle"].items() if n}


def test_lists_are_filled_when_a_person_says_so_and_follow_the_segments(listed):
    shop = listed
    held = shop.report(*shop.as_of(), code=3)
    told = held["destinations"]["klaviyo"]
    assert (told["delivered"], told["waiting"]) == (300, 300)
    assert on_lists(shop) == {}

    plan = shop.here("plan", *shop.as_of())
    assert "300 customers would join lists for the first time" in " ".join(plan.stdout.split())
    run = f"{shop.day}-1"
    assert shop.here("approve", run, "--up-to", "300").exit_code == 0
    first = shop.report(*shop.as_of())
    assert first["destinations"]["klaviyo"]["lists"] == {"joined": 300, "left": 0}
    assert {name: len(who) for name, who in on_lists(shop).items()} == segments(first)

    shop.write_orders(
        "july-1",
        [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 180.0) for n in range(0, 60, 4)],
    )
    done = shop.here("run", "--json", *shop.as_of(1))
    assert done.exit_code == 0, done.stderr
    moved = json.loads(done.stdout)
    moves = Counter(
        {m["from"]: m["customers"] for m in moved["moves"] if m["scheme"] == "lifecycle"}
    ).total()
    lists = moved["destinations"]["klaviyo"]["lists"]
    assert lists["joined"] == lists["left"] >= moves > 0
    assert {name: len(who) for name, who in on_lists(shop).items()} == segments(moved)

    again = shop.here("run", *shop.as_of(1))
    assert "0 write calls" in again.stdout

    whose = "c0004@example.com"
    assert any(whose in who for who in on_lists(shop).values())
    assert shop.here("forget", whose).exit_code == 0
    assert not any(whose in who for who in on_lists(shop).values())


def test_a_kill_at_any_place_leaves_one_list_of_each_name_with_the_right_people(listed):
    shop = listed
    with (shop.folder / "tidesman.yaml").open("a") as file:
        file.write("    load_audiences: true\n")
    for place in ("lists.begun", "lists.made:2", "deliver.ticketed:6"):
        assert shop.tidesman("run", *shop.as_of(), TIDESMAN_FAILPOINT=place).returncode == -9
    first = shop.report(*shop.as_of())
    assert {name: len(who) for name, who in on_lists(shop).items()} == segments(first)

    shop.write_orders(
        "july-1",
        [(f"n{n}", f"c{n:04d}", shop.day + timedelta(1), 180.0) for n in range(0, 60, 4)],
    )
    for place in ("deliver.settled:2",):
        assert shop.tidesman("run", *shop.as_of(1), TIDESMAN_FAILPOINT=place).returncode == -9
    moved = shop.report(*shop.as_of(1))
    assert {name: len(who) for name, who in on_lists(shop).items()} == segments(moved)
    names = [one["name"] for one in lists(shop)]
    assert len(names) == len(set(names))


def lists(shop):
    """Every list of the account, to its last page."""
    url, found = f"{shop.urls['klaviyo']}/api/lists", []
    headers = {"Authorization": "Klaviyo-API-Key k-canary", "revision": "2026-10-15"}
    while url is not None:
        page = httpx.get(url, headers=headers).raise_for_status().json()
        found += [one["attributes"] for one in page["data"]]
        url = page["links"]["next"]
    return found


def test_a_vendor_without_lists_is_refused_with_what_to_do_instead(shop):
    path = shop.folder / "tidesman.yaml"
    path.write_text(path.read_text().replace("type: braze,", "type: braze, audiences: [rfm],"))
    done = shop.here("check")
    assert done.exit_code != 0
    assert "make segments there on rfm_segment" in " ".join((done.stdout + done.stderr).split())
