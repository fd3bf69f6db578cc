"""Every order of a real Vendure shop is found to the cent."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Misconfigured, Unauthorized
from connectors.sources.vendure import Vendure, VendureOptions
from sync.app import open_app
from sync.clock import SystemClock
from sync.progress import Silent
from sync.pull import pull as pull_into

# the first of them waits for npm
pytestmark = pytest.mark.timeout(700)
LARGE = 124950
SHIPPING = 495


@pytest.fixture
def source(vendure, network):
    """The connector, told where the shop is, with a cursor that overlaps nothing."""

    def source(**options: Any) -> Vendure:
        way_in = {"username": "superadmin", "password": "i-canary"}
        given = {"base_url": vendure.url, "overlap_minutes": 0, **way_in, **options}
        given = {name: value for name, value in given.items() if value is not None}
        return Vendure(VendureOptions.model_validate(given), transport=network())

    return source


@pytest.fixture
def pull(source, pages):
    """All rows since a cursor by id, the later version of each, and the cursor at the end."""

    def pull(since: str | None = None, **options: Any) -> tuple[dict[str, Any], str]:
        found = pages(source(**options), since)
        rows = [row for page in found for row in page.rows.to_pylist()]
        return {row["order_id"]: row for row in rows}, found[-1].cursor

    return pull


def net(rows: dict[str, Any], email: str) -> Decimal:
    """What somebody spent, by all rows."""
    hers = [row for row in rows.values() if row["email"] == email and row["kind"] != "void"]
    return sum((row["amount"] for row in hers), Decimal(0))


def dollars(units: int) -> Decimal:
    return Decimal(units) / 100


def test_what_is_paid_after_a_pull_is_found_by_the_next(vendure, pull):
    before = vendure.place("first@example.com", items={vendure.small: 1})
    cart = vendure.cart("late@example.com", items={vendure.small: 1, vendure.large: 2})
    rows, cursor = pull()
    assert before.id in rows
    assert "late@example.com" not in {row["email"] for row in rows.values()}
    paid = cart.pay()
    assert paid.units > 2 * LARGE + SHIPPING
    rows, cursor = pull(cursor)
    row = rows[paid.id]
    assert (row["amount"], row["currency"], row["kind"]) == (dollars(paid.units), "USD", "order")
    assert (row["customer_id"], row["email"], row["phone"]) == (None, "late@example.com", "+491")
    promised = vendure.place("later@example.com", items={vendure.small: 1}, method="later")
    rows, _ = pull(cursor)
    assert rows[promised.id]["amount"] == dollars(promised.units)


def test_who_has_an_account_keeps_its_id(vendure, pull):
    member = vendure.member("member@example.com")
    ids = set()
    for _ in range(2):
        member.fill({vendure.small: 1})
        order = member.pay()
        rows, _ = pull()
        assert rows[order.id]["email"] == "member@example.com"
        ids.add(rows[order.id]["customer_id"])
    assert len(ids) == 1
    assert None not in ids


def test_a_refund_is_found_when_all_is_pulled_anew(vendure, pull):
    order = vendure.place("back@example.com", items={vendure.large: 1})
    changed = vendure.changed(order)
    refund = vendure.refund(order, 1234)
    rows, _ = pull()
    # what is promised is not given back yet
    assert net(rows, "back@example.com") == dollars(order.units)
    vendure.settle(refund)
    rows, _ = pull()
    assert rows[f"refund-{refund}"]["amount"] == Decimal("-12.34")
    assert rows[f"refund-{refund}"]["kind"] == "refund"
    assert rows[f"refund-{refund}"]["ordered_at"] >= rows[order.id]["ordered_at"]
    assert net(rows, "back@example.com") == dollars(order.units - 1234)
    # why all has to be pulled anew each day; once this fails, it need not be
    assert vendure.changed(order) == changed
    assert Vendure.recheck_days == 1


def test_what_is_cancelled_goes_with_its_refunds(vendure, pull):
    order = vendure.place("gone@example.com", items={vendure.small: 2})
    vendure.settle(vendure.refund(order, order.units))
    _, cursor = pull()
    assert vendure.cancel(order) == "Cancelled"
    rows, _ = pull(cursor)
    assert {row["kind"] for row in rows.values() if row["email"] == "gone@example.com"} == {"void"}
    assert len([row for row in rows.values() if row["email"] == "gone@example.com"]) == 2


def test_lines_that_are_cancelled_and_paid_back_count_once(vendure, pull):
    order = vendure.place("part@example.com", items={vendure.small: 1, vendure.large: 1})
    small = order.lines[0]
    assert vendure.cancel(order, [{"orderLineId": small["id"], "quantity": 1}]) != "Cancelled"
    rows, _ = pull()
    assert net(rows, "part@example.com") == dollars(order.units)
    vendure.settle(vendure.refund(order, 2000))
    rows, _ = pull()
    assert net(rows, "part@example.com") == dollars(order.units - 2000)


def test_yen_are_kept_in_hundredths_as_well(vendure, pull):
    vendure.sell_in_yen(150_000)
    order = vendure.place("yen@example.com", items={vendure.large: 1}, currency="JPY")
    rows, _ = pull()
    assert order.units > 150_000
    assert (rows[order.id]["amount"], rows[order.id]["currency"]) == (dollars(order.units), "JPY")


def test_a_kill_at_any_page_loses_nothing_while_the_shop_goes_on(vendure, source, pages):
    mine = [vendure.place("many@example.com", items={vendure.small: 1}) for _ in range(12)]
    found, cursor = {}, None
    for step in range(40):
        (page,) = pages(source(page_size=10), cursor, most=1)
        cursor = page.cursor
        found |= {row["order_id"]: row for row in page.rows.to_pylist()}
        if step < 3:
            # it leaves its place in the list of changes, and its kind changes after it was read
            assert vendure.cancel(mine[step]) == "Cancelled"
            mine.append(vendure.place("many@example.com", items={vendure.small: 1}))
        if '"reading":""' in cursor:
            break
    assert {order.id for order in mine} <= set(found)
    void = {order.id for order in mine if found[order.id]["kind"] == "void"}
    assert void == {order.id for order in mine[:3]}
    standing = sum(order.units for order in mine[3:])
    assert net(found, "many@example.com") == dollars(standing)


def test_a_key_that_may_only_read_orders_is_enough(vendure, pull, source):
    order = vendure.place("key@example.com", items={vendure.small: 1})
    key = vendure.key("ReadOrder")
    only = {"username": None, "password": None, "api_key": key}
    asyncio.run(checked(source(**only)))
    rows, _ = pull(**only)
    assert rows[order.id]["amount"] == dollars(order.units)
    assert rows[order.id]["email"] == "key@example.com"


@pytest.mark.parametrize("way", ["key", "permission", "password", "path"])
def test_what_is_wrong_is_told_without_a_secret(vendure, source, way):
    given, kind = {
        "key": ({"api_key": "k-canary"}, Unauthorized),
        "permission": ({"api_key": vendure.key("ReadCatalog")}, Unauthorized),
        "password": ({"username": "superadmin", "password": "b-canary"}, Unauthorized),
        "path": ({"username": "superadmin", "password": "i-canary", "path": "/api"}, Misconfigured),
    }[way]
    with pytest.raises(kind) as raised:
        asyncio.run(checked(source(**{"username": None, "password": None, **given})))
    assert "canary" not in str(raised.value)


CONFIG = """\
timezone: Europe/London
currency: USD
currencies: {{JPY: 0.0065}}
data_dir: ./data
sources:
  shop:
    type: vendure
    base_url: {url}
    username: superadmin
    password: {{env: SHOP_PASSWORD}}
    overlap_minutes: 0
destinations:
  disk: {{type: files, path: ./out}}
"""


class Clock(SystemClock):
    """The machine's, so much ahead."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


def test_a_day_later_the_lake_is_what_the_shop_is(vendure, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "i-canary")
    config = tmp_path / "tidesman.yaml"
    config.write_text(CONFIG.format(url=vendure.url))
    clock = Clock()

    def lake() -> dict[str, int]:
        with open_app(config, clock=clock) as app:
            pull_into(app, "run", Silent())
            engine = app.engine()
            rows = app.lake().orders(engine).to_pyarrow().to_pylist()
            engine.disconnect()
        return {row["order_id"].rpartition(":")[2]: int(row["amount"] * 100) for row in rows}

    mine = [vendure.place("lake@example.com", items={vendure.small: n}) for n in (1, 2, 3)]
    assert lake() == vendure.books()
    vendure.settle(vendure.refund(mine[0], 700))
    vendure.cancel(mine[1])
    vendure.place("lake@example.com", items={vendure.small: 1})
    clock.ahead = timedelta(days=1)
    assert lake() == vendure.books()


async def checked(source: Vendure) -> None:
    try:
        await source.check()
    finally:
        await source.aclose()
