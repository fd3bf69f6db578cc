"""``tidesman backtest``: what it prints, as a table, as JSON, and as a page."""

import json
import random
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from html.parser import HTMLParser


class Page(HTMLParser):
    """What stands in a page, and everything that it would load from elsewhere."""

    VOID = ("meta", "link", "img", "br", "hr", "input")

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.ids, self.scripts = [], [], [], 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.scripts += tag == "script"
        self.ids += [given["id"]] if "id" in given else []
        self.loads += [
            given[name]
            for name in ("src", "href", "xlink:href", "srcset", "data")
            if not (given.get(name) or "#").startswith("#")
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_backtest_rolls_over_the_past_and_draws_a_page(shop):
    done = shop.here("backtest", "--json", "--html", str(shop.folder / "page.html"))
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["cutoffs"]) >= 2
    assert told["winner"] in {score["name"] for score in told["scores"]}
    assert told["verdict"] in re.sub(r"\s+", " ", done.stderr)
    text = (shop.folder / "page.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert (page.open, page.loads, page.scripts) == ([], [], 0)
    assert {"calibration", "tenths", "tracking"} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    assert "@import" not in text
    assert told["verdict"].replace("'", "&#x27;") in text
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) == 3
    for drawing in drawings:
        assert ET.fromstring(drawing).tag.endswith("svg")
        named = set(re.findall(r'\bid="([^"]+)"', drawing))
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', drawing)) <= named


def test_one_cut_off_can_be_named(shop):
    done = shop.here(
        "backtest", "--json", "--calibration-end", "2025-01-31", "--holdout-days", "60"
    )
    told = json.loads(done.stdout)
    assert [cut["calibration_end"] for cut in told["cutoffs"]] == ["2025-01-31"]
    assert told["holdout_days"] == 60
    refused = shop.here("backtest", "--calibration-end", "2031-01-31")
    assert refused.exit_code != 0
    assert "--calibration-end must lie between" in re.sub(r"\s+", " ", refused.stderr)


def test_a_page_that_cannot_be_written_is_said_in_a_sentence(shop):
    done = shop.here("backtest", "--html", str(shop.folder / "no" / "page.html"))
    assert done.exit_code != 0
    assert "cannot be written: No such file or directory" in re.sub(r"\s+", " ", done.stderr)


CONFIGURATION = """
timezone: UTC
currency: EUR
data_dir: ./data
state_url: sqlite:///./data/state.db
sources:
  shop:
    type: files
    path: ./orders.csv
    timezone: UTC
    columns: {{order_id: id, customer_id: who, email: mail, ordered_at: at, amount: paid}}
segmentation:
  schemes: [lifecycle, affinity]
  affinity:
    data: {{path: ./{events}.csv, customer_id: who, kind: what, occurred_at: at}}
"""


def test_engagement_counts_for_whom_its_customer_turned_out_to_be(cli, tmp_path):
    # everybody was a guest once, so his address is his id; those who click will order
    rng = random.Random(6)
    orders, by_id, by_address = ["id,who,mail,at,paid"], ["who,what,at"], ["who,what,at"]
    for n in range(400):
        day = rng.randrange(60)
        for turn in range(1 + rng.randrange(12)):
            on = date(2023, 1, 1) + timedelta(days=day)
            orders.append(f"{n}-{turn},{f'u{n}' if turn else ''},c{n}@example.com,{on},9")
            click = f"site_click,{on - timedelta(days=70)} 12:00:00"
            by_id.append(f"u{n},{click}")
            by_address.append(f"c{n}@example.com,{click}")
            day += 10 + rng.randrange(120)
    (tmp_path / "orders.csv").write_text("\n".join(orders))
    told = []
    for name, rows in (
        ("ids", by_id),
        ("addresses", by_address),
        ("strangers", [*by_id[:1], "x,site_click,2023-01-01"]),
    ):
        (tmp_path / f"{name}.csv").write_text("\n".join(rows))
        config = tmp_path / "tidesman.yaml"
        config.write_text(CONFIGURATION.format(events=name))
        done = cli("backtest", "--json", "--config", str(config))
        assert done.exit_code == 0, done.stderr
        told.append(json.loads(done.stdout)["scores"])
    assert told[0] == told[1] != told[2]
