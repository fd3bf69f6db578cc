"""Orders that name nobody, or only by a number that nobody can dial without its country."""

import json
from datetime import timedelta

import pytest

CONFIG = """\
timezone: Europe/London
currency: GBP
data_dir: ./data
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {order_id: order, customer_id: customer, phone: tel, ordered_at: day, amount: total}
destinations:
  disk: {type: files, path: ./out}
"""
REGION = "identity: {phone_region: GB}\n"


@pytest.fixture
def counter(shop):
    """90 customers with an id, 60 guests who leave a local number, and one who only gave back."""
    (shop.folder / "orders" / "until-june.csv").unlink()
    (shop.folder / "tidesman.yaml").write_text(CONFIG)
    lines = ["order,customer,tel,day,total"]
    for n in range(450):
        who = f"c{n % 150},"
        if n % 150 >= 90:
            who = f",020 7946 {n % 150:04}"
        lines.append(f"o{n},{who},{shop.day - timedelta(7 * n % 390)},{20 + n % 70}")
    lines += [f"back,only-back,,{shop.day},-5.00"]
    (shop.folder / "orders" / "all.csv").write_text("\n".join(lines) + "\n")
    return shop


def test_guests_whom_only_a_local_number_names_are_counted_and_can_be_named(counter):
    done = counter.here("run", *counter.as_of())
    told = " ".join((done.stdout + done.stderr).split())
    assert "90 customers" in told
    assert "180 orders name nobody" in told
    assert "180 of them have a phone number without a country code" in told
    assert "identity.phone_region" in told
    assert "ranking: " in told

    (counter.folder / "tidesman.yaml").write_text(CONFIG + REGION)
    done = counter.here("run", *counter.as_of())
    told = " ".join((done.stdout + done.stderr).split())
    assert "150 customers" in told
    assert "name nobody" not in told
    assert json.loads(counter.here("status", "--json").stdout)["ranking"]


def test_a_replay_knows_who_is_who_before_the_first_run(counter):
    (counter.folder / "tidesman.yaml").write_text(CONFIG + REGION)
    done = counter.here("replay", "--json", "--scheme", "rfm")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["customers"] == 150
    assert not (counter.folder / "data").exists()


def test_a_customer_with_refunds_alone_is_not_unknown(counter):
    counter.report(*counter.as_of())
    told = counter.here("customer", "only-back")
    assert told.exit_code != 0
    assert "only refunds" in " ".join(told.stderr.split())
    assert "nobody is known" in counter.here("customer", "stranger").stderr
