"""Costs, service data and events of a shop's own, by a query on each database."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from connectors.errors import Misconfigured
from sync.engine import open_engine
from sync.tables import Where, read_events, read_figures

QUERY = "SELECT buyer, sum(total) AS cost, min(placed) AS at FROM orders GROUP BY buyer"


@pytest.fixture
def where(shop):
    """Where the rows of a query are."""

    def where(query: str = QUERY) -> Where:
        url = shop.place.get("url")
        return Where(shop.place.get("path"), None if url is None else SecretStr(url), query)

    return where


def orders(shop):
    day = "'2024-03-01 10:00:00+00'"
    shop.orders(
        f"'A', '007', NULL, {day}, {day}, 0.25, ''",
        f"'B', '007', NULL, {day}, {day}, 2, ''",
        f"'C', '8', NULL, {day}, {day}, NULL, ''",
        f"'D', NULL, NULL, {day}, {day}, 1, ''",
    )


def test_figures_come_as_numbers_and_ids_as_text(shop, where):
    orders(shop)
    engine = open_engine("Europe/London")
    found = read_figures(engine, where=where(), customer_id="buyer", wanted=("cost", "orders"))
    rows = found.order_by("customer_id").to_pyarrow().to_pylist()
    assert rows == [{"customer_id": "007", "cost": 2.25}, {"customer_id": "8", "cost": None}]
    engine.disconnect()


def test_events_come_with_their_moments(shop, where):
    orders(shop)
    engine = open_engine("Europe/London")
    asked = where("SELECT buyer, placed, 'site_click' AS kind FROM orders WHERE total = 2")
    names = {"customer_id": "buyer", "kind": "kind", "occurred_at": "placed"}
    [event] = read_events(engine, where=asked, **names).to_pyarrow().to_pylist()
    assert (event["customer_id"], event["kind"]) == ("007", "site_click")
    assert event["occurred_at"].astimezone(UTC) == datetime(2024, 3, 1, 10, tzinfo=UTC)
    engine.disconnect()


def test_what_is_wrong_is_told_and_no_password_is(shop, where):
    orders(shop)
    engine = open_engine("UTC")

    def said(query: str, wanted: str = "cost") -> str:
        with pytest.raises(Misconfigured) as caught:
            read_figures(engine, where=where(query), customer_id="buyer", wanted=(wanted,))
        assert "ss%2Fword" not in str(caught.value)
        return str(caught.value)

    assert "has no column 'costs'; did you mean 'cost'?" in said(QUERY, "costs")
    assert "customer 007 has 2 rows" in said("SELECT buyer, total AS cost FROM orders")
    assert "must be one SELECT" in said("DELETE FROM orders")
    assert "nowhere" in said("SELECT * FROM nowhere")
    engine.disconnect()
