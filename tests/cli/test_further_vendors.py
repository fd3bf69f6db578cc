"""The whole way to HubSpot, Mailchimp and Customer.io: a first load, moves, and once more."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from connectors.sandbox import serve
from connectors.sandbox.run import look_alikes

VENDORS = ("hubspot", "mailchimp", "customerio")
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
destinations:
  hubspot: {{type: hubspot, access_token: {{env: KLAVIYO_API_KEY}}, base_url: {hubspot}}}
  mailchimp:
    type: mailchimp
    api_key: {{env: ITERABLE_API_KEY}}
    base_url: {mailchimp}
    audience: a1b2c3d4e5
    rename: {{lifecycle_segment: SEGMENT}}
  customerio:
    {{type: customerio, site_id: site, api_key: {{env: BRAZE_API_KEY}}, base_url: {customerio}}}
"""
#: What the vendors call the property.
SEGMENT = {
    "hubspot": "lifecycle_segment",
    "mailchimp": "SEGMENT",
    "customerio": "lifecycle_segment",
}


@pytest.fixture
def further(shop):
    made = look_alikes(limits=False)
    with serve({name: made[name] for name in VENDORS}) as urls:
        shop.urls |= urls
        shop.write_config(CONFIG)
        yield shop


def heads(shop, vendor):
    url = f"{shop.urls[vendor]}/sandbox/state?by={SEGMENT[vendor]}"
    return httpx.get(url).raise_for_status().json()


def test_the_segments_arrive_and_only_who_moved_is_told_again(further):
    assert further.here("check").exit_code == 0
    first = further.report(*further.as_of())
    there = {name: n for name, n in first["segments"]["lifecycle"].items() if n}
    for vendor in VENDORS:
        result = first["destinations"][vendor]
        assert (result["planned"], result["delivered"]) == (300, 300), vendor
        state = heads(further, vendor)
        assert state["by"][SEGMENT[vendor]] == there
        assert (state["events"], state["consent_writes"]) == (0, 0)

    new = [(f"n{n}", f"c{n:04d}", further.day + timedelta(1), 180.0) for n in range(0, 60, 4)]
    further.write_orders("july-1", new)
    second = further.report(*further.as_of(1))
    there = {name: n for name, n in second["segments"]["lifecycle"].items() if n}
    moved = sum(m["customers"] for m in second["moves"] if m["scheme"] == "lifecycle")
    assert 0 < moved < 100
    events = {"hubspot": 0, "mailchimp": 0, "customerio": moved}
    for vendor in VENDORS:
        result = second["destinations"][vendor]
        assert result["delivered"] == result["planned"] >= moved + events[vendor]
        state = heads(further, vendor)
        assert (state["by"][SEGMENT[vendor]], state["events"]) == (there, events[vendor])

    again = further.report(*further.as_of(1))
    assert {d["requests"] for d in again["destinations"].values()} == {0}
