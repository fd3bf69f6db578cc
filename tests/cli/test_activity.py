"""Clicks and openings of two sources move customers, and reach where segments go."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

MORE = """\
  mail: {{type: klaviyo_events, api_key: {{env: KLAVIYO_API_KEY}}, base_url: {klaviyo}}}
  site:
    type: files_events
    path: ./site/*.csv
    columns: {{event_id: id, customer_id: user, kind: event, occurred_at: at}}
    kinds: {{Product Viewed: site_click}}
destinations:
  iterable: {{type: iterable, api_key: {{env: ITERABLE_API_KEY}}, base_url: {iterable}}}
"""
CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {{order_id: order, customer_id: customer, email: mail, ordered_at: day, amount: total}}
"""
SEGMENTATION = "segmentation: {{schemes: [lifecycle, affinity]}}\n"
HEADERS = {"Authorization": "Klaviyo-API-Key k-canary", "revision": "2026-07-15"}


@pytest.fixture
def clicking(shop):
    """A shop whose affinity counts what Klaviyo and the website tell."""
    shop.write_config(SEGMENTATION + CONFIG + MORE)
    visit(shop, "first", [("c0000", 3)])
    click(shop, "c0001", 3)
    return shop


def moment(shop, ago, hour):
    return f"{shop.day - timedelta(days=ago)}T{hour:02d}:00:00Z"


def visit(shop, name, visits):
    """A file of visits: customer, and days before the first run."""
    (shop.folder / "site").mkdir(exist_ok=True)
    rows = [
        f"{name}-{n},{who},Product Viewed,{moment(shop, ago, 12)}"
        for n, (who, ago) in enumerate(visits)
    ]
    (shop.folder / "site" / f"{name}.csv").write_text("\n".join(["id,user,event,at", *rows]) + "\n")


def click(shop, who, ago, times=1):
    """Clicks in e-mails, an hour apart, known by address alone and in other letters."""
    url = f"{shop.urls['klaviyo']}/api/events"
    with httpx.Client(headers=HEADERS) as client:
        for hour in range(times):
            profile = {"type": "profile", "attributes": {"email": f"{who}@Example.com"}}
            event = {
                "time": moment(shop, ago, hour),
                "properties": {},
                "metric": {"data": {"type": "metric", "attributes": {"name": "Clicked Email"}}},
                "profile": {"data": profile},
            }
            body = {"data": {"type": "event", "attributes": event}}
            client.post(url, json=body).raise_for_status()


def segments(shop):
    """By customer, the segment that the destination holds."""
    asked = {"limit": "1000"}
    found = httpx.get(f"{shop.urls['iterable']}/sandbox/profiles", params=asked).raise_for_status()
    return {
        each["email"].partition("@")[0]: each["dataFields"]["affinity_segment"]
        for each in found.json()["profiles"]
    }


def test_a_click_moves_a_customer_by_engagement_and_reaches_the_destination(clicking):
    shop = clicking
    shop.report(*shop.as_of())
    placed = segments(shop)
    quiet = [who for who in sorted(placed) if placed[who] in ("Unscored", "Negative")]
    mailed, visiting, *_ = quiet
    click(shop, mailed, -1, times=24)
    visit(shop, "second", [(visiting, -1)] * 40 + [("nobody we know", -1)])
    moves = shop.report(*shop.as_of(1))["moves"]
    placed = segments(shop)
    assert {placed[who] for who in (mailed, visiting)} == {"Positive"}
    lifted = [m for m in moves if (m["scheme"], m["to"]) == ("affinity", "Positive")]
    assert [(m["cause"], m["customers"]) for m in lifted] == [("engagement", 2)]
    again = shop.report(*shop.as_of(1))
    assert (again["moves"], again["destinations"]["iterable"]["planned"]) == ([], 0)
    told = shop.here("customer", mailed).stdout
    assert "engagement" in told or "click" in told, told


def test_a_forgotten_person_leaves_no_event_and_none_comes_back(clicking):
    shop = clicking
    shop.report(*shop.as_of())
    for who in ("c0000", "c0001", "new@lead.org"):
        click(shop, who.split("@")[0], -1)
    given = shop.here("export", "c0001")
    assert [row["kind"] for row in json.loads(given.stdout)["activity"]] == ["email_click"]
    for who in ("c0000", "c0001"):
        done = shop.here("forget", who)
        assert done.exit_code == 0, done.stderr
    visit(shop, "first", [("c0000", 3), ("c0002", 2)])  # told again, with somebody else
    shown = shop.here("run", *shop.as_of(1))
    assert "mail: forgotten people: " in shown.stdout
    assert "site: forgotten people: 1" in shown.stdout
    for path in (shop.folder / "data" / "lake").rglob("*.parquet"):
        assert b"c0000" not in path.read_bytes()
        assert b"c0001" not in path.read_bytes()
    for who in ("c0000", "c0001@example.com"):
        gone = shop.here("export", who)
        assert gone.exit_code != 0
