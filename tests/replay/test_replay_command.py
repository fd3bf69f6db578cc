"""``tidesman replay`` on a shop in files, before and after its first run."""

import math

import pytest

STRETCH = ("--from", "2025-01-10", "--to", "2025-01-25")


@pytest.fixture
def told(shop):
    return shop.told("replay", *STRETCH)


def test_it_adds_up(told):
    assert (told["from"], told["to"], told["refits"]) == ("2025-01-10", "2025-01-25", 2)
    for scheme in ("lifecycle", "rfm", "risk_value"):
        part = told["schemes"][scheme]
        assert len(part["days"]) == 16
        assert part["days"][0]["moves"] == 0
        assert part["moves"] == sum(day["moves"] for day in part["days"]) > 0
        assert part["moves"] == sum(cause["moves"] for cause in part["causes"].values())
        assert part["flaps"] == sum(day["flaps"] for day in part["days"])
        assert part["worst_day"]["share"] == max(day["share"] for day in part["days"])
        shares = [day["share"] for day in part["days"][1:]]
        assert part["share_a_day"] == pytest.approx(sum(shares) / 15)


def test_requests_follow_from_the_sizes_of_the_destination(shop):
    told = shop.told("replay", *STRETCH, "--scheme", "lifecycle")
    days = told["schemes"]["lifecycle"]["days"]
    first, *later = days
    klaviyo, disk = told["destinations"]["klaviyo"], told["destinations"]["disk"]
    assert klaviyo["first_load_requests"] == math.ceil(first["customers"] / 10_000)
    changed = [day["moves"] + day["new"] for day in later]
    assert klaviyo["profiles"] == sum(changed) == disk["profiles"]
    assert klaviyo["events"] == sum(day["moves"] for day in later)
    assert klaviyo["requests"] == sum(
        math.ceil(c / 10_000) + math.ceil(d["moves"] / 1_000)
        for c, d in zip(changed, later, strict=True)
    )


def test_nothing_is_written_before_the_first_run(shop):
    before = sorted(shop.folder.rglob("*"))
    shop.tidesman("replay", *STRETCH)
    assert sorted(shop.folder.rglob("*")) == before


def test_what_it_says_reads_well(shop):
    said = shop.tidesman("replay", *STRETCH, "--scheme", "lifecycle")
    assert "of customers" in said
    assert "lifecycle: most moves" in said
    assert "rfm" not in said
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--from", "2019-01-01", "--to", "2019-03-01"), "the orders go from 2024-01-01 to"),
        (("--from", "2024-05-01", "--to", "2024-05-01"), "--from must lie in there"),
        ((*STRETCH, "--scheme", "rules"), "rules cannot be replayed"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_a_sentence(shop, args, sentence):
    assert sentence in shop.tidesman("replay", *args, code=2)
