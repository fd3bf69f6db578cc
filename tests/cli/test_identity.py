"""The whole run over two shops: guests, a changed address, a till, another currency."""

import json
from datetime import date, timedelta

import httpx
import pytest

DAY = date(2025, 6, 30)
SOURCES = """\
  outlet:
    type: files
    path: ./outlet/*.csv
    columns: {{order_id: Nr, customer_id: Client, email: Contact, phone: Tel, ordered_at: Date,
      amount: Sum, currency: Cur}}
destinations:
"""
MORE = "currencies: {{USD: 0.5}}\nidentity: {{phone_region: GB, shared_above: 3}}\n"


def _outlet(shop, name, rows):
    folder = shop.folder / "outlet"
    folder.mkdir(exist_ok=True)
    text = "\n".join(["Nr,Client,Contact,Tel,Date,Sum,Cur", *rows])
    (folder / f"{name}.csv").write_text(text + "\n")


@pytest.fixture
def two_shops(shop):
    """The shop has run once, alone; then it got an outlet."""
    first = shop.report(*shop.as_of())
    assert first["customers"] == 300
    config = (shop.folder / "tidesman.yaml").read_text()
    with_outlet = config.replace("destinations:\n", SOURCES.format(), 1) + MORE.format()
    (shop.folder / "tidesman.yaml").write_text(with_outlet)
    return shop


def _mine(shop, who):
    done = shop.here("customer", who, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_two_shops_are_joined_by_address_and_number_and_what_ended_is_cleared(two_shops):
    shop = two_shops
    # c0001 is a customer of both; the outlet's own c0002 is somebody else; a till's address
    rows = [f"a{n},c0001,c0001@example.com,020 7946 0001,{DAY},500.00,USD" for n in range(4)]
    rows += [f"b{n},c0002,other@example.org,,{DAY - timedelta(9)},10.00,GBP" for n in range(2)]
    rows += [f"t{n},t{n},till@example.org,,{DAY},5.00," for n in range(5)]
    # a guest, known by his number alone, and later by an address that c0003 turns out to have
    rows += [f"g1,,,+44 20 7946 0003,{DAY},40.00,GBP", f"g2,,guest@example.org,,{DAY},30.00,GBP"]
    _outlet(shop, "first", rows)
    second = shop.report(*shop.as_of(1))
    assert second["customers"] == 300 + 1 + 5 + 2  # c0002 of the outlet, five at the till, guests

    (mine,) = _mine(shop, "C0001@example.com")
    assert mine["customer_id"] == "c0001"
    spent = [o for o in mine["orders"] if o["source"] == "outlet"]
    assert len(spent) == 4
    before = sum(float(o["amount"]) for o in mine["orders"] if o["source"] == "shop")
    assert mine["numbers"]["past_revenue"] == pytest.approx(before + 4 * 250, abs=0.005)
    assert [p["customer_id"] for p in _mine(shop, "020 7946 0001")] == ["c0001"]
    assert [p["customer_id"] for p in _mine(shop, "outlet:c0002")] == ["outlet:c0002"]

    told = shop.here("status", "--shared-keys")
    assert "till@example.org" in told.stdout
    assert "5" in told.stdout
    assert "till@" not in shop.here("run", *shop.as_of(1)).stderr

    # the next day the guest turns out to be c0003, who has a new address
    shop.write_orders("july", [("n1", "c0003", DAY + timedelta(2), 20.0)])
    late = DAY + timedelta(1)
    _outlet(shop, "july", [f"g3,,c0003@example.com,020 7946 0003,{late},60.00,GBP"])
    _outlet(shop, "more", [f"g4,,guest@example.org,020 7946 0003,{late},900.00,GBP"])
    third = shop.report(*shop.as_of(2))
    assert third["customers"] == second["customers"] - 2
    (whole,) = _mine(shop, "guest@example.org")
    assert whole["customer_id"] == "c0003"
    assert {o["order_id"] for o in whole["orders"]} >= {"g1", "g2", "g3", "g4", "n1"}
    assert [p["customer_id"] for p in _mine(shop, "+442079460003")] == ["c0003"]
    for moves in third["moves"]:
        assert moves["cause"] != "first seen"

    # the guest's profile is still there, and holds nothing of ours any more
    assert not _held(shop, "guest@example.org")
    assert _held(shop, "c0003@example.com")["lifecycle_segment"]

    again = shop.report(*shop.as_of(2))
    assert all(d["planned"] == 0 for d in again["destinations"].values())


def _held(shop, email):
    """What Klaviyo holds of the one profile with that address."""
    headers = {"Authorization": "Klaviyo-API-Key k-canary", "revision": "2026-10-15"}
    asked = {"filter": f'equals(email,"{email}")'}
    url = f"{shop.urls['klaviyo']}/api/profiles"
    (found,) = httpx.get(url, headers=headers, params=asked).json()["data"]
    return found["attributes"]["properties"]


def test_a_currency_without_a_rate_stops_the_run_before_anything_is_published(two_shops):
    shop = two_shops
    _outlet(shop, "first", [f"x{n},9,,,{DAY},5.00,CHF" for n in range(3)])
    done = shop.here("run", *shop.as_of(1))
    assert done.exit_code != 0
    assert "outlet has 3 orders in CHF" in done.stderr
    assert "currencies: {CHF: 0.79}" in done.stderr
    assert "300 customers" in shop.here("status").stdout
