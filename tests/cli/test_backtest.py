"""``tidesman backtest``: what it prints, as a table, as JSON, and as a page."""

import json
import re
import xml.etree.ElementTree as ET
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
