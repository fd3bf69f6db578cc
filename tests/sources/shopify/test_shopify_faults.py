"""What goes wrong at Shopify or on the way, and that no order is lost or told twice by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    NotReady,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.http import encode
from connectors.sandbox.faults import Fault
from connectors.sandbox.shopify_shop import order, refund
from connectors.sources.shopify import ShopifyOptions
from connectors.sources.shopify_answers import trouble
from connectors.sources.shopify_bulk import fetch

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATELY = '{"seen": "2026-10-01T00:00:00Z"}'

Open = Callable[..., Any]


def orders(count: int) -> list[dict[str, Any]]:
    """Orders a minute apart, every third with a refund of a cent."""
    return [
        order(
            n,
            START + n * timedelta(minutes=1),
            Decimal(n),
            refunds=[refund(n, START, Decimal("0.01"))] if n % 3 == 0 else [],
        )
        for n in range(1, count + 1)
    ]


def of(count: int) -> Decimal:
    return Decimal(sum(range(1, count + 1))) - Decimal("0.01") * (count // 3)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sources.shopify.Shopify.bulk_page", 10)


@pytest.mark.parametrize("cursor", [None, LATELY], ids=["bulk", "pages"])
@pytest.mark.parametrize("killed", [(1, 2, 3, 4, 5), (3,)])
def test_killed_at_a_page_it_goes_on_from_there(
    open_shop: Open, cursor: str | None, killed: tuple[int, ...]
) -> None:
    shop = open_shop(orders(60))
    shop.cursor = cursor
    for pages in killed:
        shop.pull(pages=pages)
    shop.pull()
    assert len(shop.rows) == 80
    assert shop.total() == of(60)
    assert shop.alike.counts()["bulk_operations"] == (1 if cursor is None else 0)


def test_a_bulk_operation_is_asked_for_until_it_is_done(open_shop: Open) -> None:
    shop = open_shop(orders(5), seconds_a_bulk=20)
    shop.pull()
    assert shop.total() == of(5)
    assert {type(wait) for wait in shop.waits} == {NotReady}
    assert "5 objects so far" in str(shop.waits[0])
    assert sum(wait.retry_after for wait in shop.waits) == pytest.approx(20, abs=3)


def test_while_other_exports_of_the_app_run_it_waits_for_a_place(open_shop: Open) -> None:
    shop = open_shop(orders(5), seconds_a_bulk=40)
    for _ in range(5):
        shop.cursor = None
        shop.pull(pages=1)
        shop.pages = 0
    shop.cursor = None
    shop.pull()
    assert "other exports" in str(shop.waits[0])
    assert shop.total() == of(5)


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "EXPIRED"])
def test_an_operation_that_came_to_nothing_is_begun_anew(open_shop: Open, status: str) -> None:
    shop = open_shop(orders(5))
    shop.pull(pages=1)
    shop.alike.operations["gid://shopify/BulkOperation/1"].status = status
    shop.pull()
    assert shop.total() == of(5)
    assert shop.alike.counts()["bulk_operations"] == 2


def test_when_none_comes_to_an_end_the_run_ends_and_the_next_begins_again(open_shop: Open) -> None:
    shop = open_shop(orders(5))
    shop.alike.fails = "TIMEOUT"
    with pytest.raises(Refused, match=r"3 exports .* TIMEOUT"):
        shop.pull()
    shop.alike.fails = None
    shop.pull()
    assert shop.total() == of(5)
    assert shop.alike.counts()["bulk_operations"] == 4


def test_a_result_that_is_no_longer_kept_is_asked_for_anew(open_shop: Open) -> None:
    shop = open_shop(orders(30))
    shop.pull(pages=2)
    shop.clock.now += 8 * 86_400
    shop.pull()
    assert shop.total() == of(30)
    shop.cursor = None
    shop.alike.faults.add(Fault(kind="status", status=403, path="/store/*"))
    shop.pull()
    assert shop.total() == of(30)
    assert shop.alike.counts()["bulk_operations"] == 4


@pytest.mark.parametrize("kind", ["cut", "truncate", "lost", "drop"])
def test_a_result_that_breaks_off_is_never_taken_for_whole(open_shop: Open, kind: Any) -> None:
    shop = open_shop(orders(50))
    shop.alike.faults.add(Fault(kind=kind, path="/store/*"))
    with pytest.raises(Unavailable):
        shop.pull()
    assert shop.rows == {}
    shop.pull()
    assert shop.total() == of(50)
    assert shop.alike.counts()["bulk_operations"] == 1


def test_fewer_orders_than_shopify_counted_are_refused(open_shop: Open) -> None:
    whole = (
        b'{"id": "gid://shopify/Order/1", "createdAt": "2026-11-01T00:00:00Z", "totalPriceSet": '
    )
    whole += b'{"shopMoney": {"amount": "1.0", "currencyCode": "EUR"}}}\n'
    shop = open_shop([], export=(lambda: [whole], 2))
    with pytest.raises(Unavailable, match="2 orders, and 1 came"):
        shop.pull()


def test_an_order_that_was_written_down_twice_counts_as_last_changed(open_shop: Open) -> None:
    early = order(1, START, Decimal(1))
    late = {**order(1, START, Decimal(2)), "updatedAt": "2026-11-01T13:00:00Z"}
    for twice in ([early, late], [late, early]):
        lines = [encode(each) + b"\n" for each in twice]
        shop = open_shop([], export=(lambda lines=lines: lines, 2))
        shop.pull()
        assert {k: v["amount"] for k, v in shop.rows.items()} == {"1": 2}


def test_an_order_without_an_amount_that_can_be_read_is_named(open_shop: Open) -> None:
    line = b'{"id": "gid://shopify/Order/17", "createdAt": "2026-11-01T00:00:00Z"}\n'
    shop = open_shop([], export=(lambda: [line], 1))
    with pytest.raises(Unavailable, match="order 17"):
        shop.pull()


def test_refunds_on_lines_of_their_own_need_not_follow_their_order(open_shop: Open) -> None:
    parent = "gid://shopify/Order/1"
    objects = [
        {**refund(9, START, Decimal("0.4")), "__parentId": parent},
        {"id": "gid://shopify/LineItem/3", "__parentId": parent},
        {**order(1, START, Decimal(1)), "refunds": None},
    ]
    lines = [encode(each) + b"\n" for each in objects]
    shop = open_shop([], export=(lambda: lines, 1))
    shop.pull()
    assert {k: v["amount"] for k, v in shop.rows.items()} == {
        "1": 1,
        "refund-9": Decimal("-0.4"),
    }


def test_pages_wait_for_the_allowance_and_none_is_lost(open_shop: Open) -> None:
    shop = open_shop(orders(300))
    shop.cursor = LATELY
    shop.alike.spend(1_000)
    shop.pull()
    assert shop.total() == of(300)
    assert {type(wait) for wait in shop.waits} == {Throttled}
    assert all(0 < wait.retry_after <= 10 for wait in shop.waits)
    assert shop.alike.refusals["THROTTLED"] == 0


def test_an_allowance_that_is_spent_by_others_is_waited_for(open_shop: Open) -> None:
    shop = open_shop(orders(10))
    shop.cursor = LATELY
    shop.alike.spend(1_900)
    shop.pull()
    [wait] = shop.waits
    assert wait.retry_after == pytest.approx(8.66, abs=0.5)
    assert shop.alike.refusals["THROTTLED"] == 1
    assert shop.total() == of(10)


def test_a_page_that_costs_too_much_is_halved(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sandbox.shopify.MOST", 200)
    shop = open_shop(orders(30))
    shop.cursor = LATELY
    shop.pull()
    assert shop.total() == of(30)
    assert shop.alike.refusals["MAX_COST_EXCEEDED"] > 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="throttle", seconds=3), Throttled),
        (Fault(kind="status", status=500), Unavailable),
        (Fault(kind="status", status=502, applied=True), Unavailable),
        (Fault(kind="lost"), Unavailable),
        (Fault(kind="truncate"), Unavailable),
        (Fault(kind="wrong_json", body="[]"), Unavailable),
        (Fault(kind="wrong_json", body="{}"), Unavailable),
        (Fault(kind="wrong_json", body='{"data": {"orders": null}}'), Unavailable),
        (Fault(kind="status", status=404), Misconfigured),
        (Fault(kind="status", status=402), Refused),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_broken_answer_is_one_of_our_errors_and_costs_nothing(
    open_shop: Open, fault: Fault, error: type[ConnectorError]
) -> None:
    shop = open_shop(orders(10))
    shop.cursor = LATELY
    shop.alike.faults.add(fault.model_copy(update={"path": "*/graphql.json"}))
    if error is Throttled:
        shop.pull()
        assert [wait.retry_after for wait in shop.waits] == [3.0]
    else:
        with pytest.raises(error):
            shop.pull()
        shop.pull()
    assert shop.total() == of(10)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("THROTTLED", Throttled),
        ("INTERNAL_SERVER_ERROR", Unavailable),
        ("ACCESS_DENIED", Unauthorized),
        ("undefinedField", Misconfigured),
        (None, Misconfigured),
    ],
)
def test_errors_of_a_200_by_their_code(code: str | None, error: type[ConnectorError]) -> None:
    extensions = {} if code is None else {"extensions": {"code": code}}
    told = {"message": "No anna@example.com with shpat_secret.", **extensions}
    found = trouble({"errors": [told]}, ("shpat_secret",))
    assert type(found) is error
    assert "anna" not in str(found)
    assert "shpat" not in str(found)


def test_a_token_of_a_day_is_fetched_and_fetched_again_when_it_is_over(open_shop: Open) -> None:
    app = {"client_id": "ours", "client_secret": "right_key_canary", "access_token": None}
    shop = open_shop(orders(5), app=("ours", "right_key_canary"), **app)
    shop.pull()
    shop.clock.now += 86_400

    async def twice(source: Any) -> None:
        await source.check()
        shop.clock.now += 86_400
        await source.check()

    shop.do(twice)
    assert shop.total() == of(5)
    assert shop.alike.requests["POST", "/admin/oauth/access_token", 200] == 3
    assert shop.alike.requests["POST", "/admin/api/{version}/graphql.json", 401] == 1


def test_a_wrong_secret_is_told_without_telling_it(open_shop: Open) -> None:
    app = {"client_id": "ours", "client_secret": "wrong_key_canary", "access_token": None}
    shop = open_shop(orders(5), app=("ours", "right_key_canary"), **app)
    with pytest.raises(Unauthorized, match="client_id") as caught:
        shop.pull()
    assert "canary" not in str(caught.value)


def test_a_token_that_is_refused_stops(open_shop: Open) -> None:
    shop = open_shop(orders(5), access_token="wrong_key_canary")
    with pytest.raises(Unauthorized) as caught:
        shop.do(lambda source: source.check())
    assert "canary" not in str(caught.value)
    assert shop.alike.requests.total() == 1


def test_a_token_file_is_read_again_when_the_token_is_refused(
    open_shop: Open, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("wrong_key_canary\n")
    shop = open_shop(orders(5), access_token=None, token_file=file)

    async def renewed(source: Any) -> None:
        with pytest.raises(Unauthorized):
            await source.check()
        file.write_text("right_key_canary\n")
        await source.check()

    shop.do(renewed)
    file.unlink()
    with pytest.raises(Misconfigured, match="token_file"):
        shop.pull()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"client_id": "a"},
        {"access_token": "b", "client_id": "a", "client_secret": "c"},
        {"access_token": "b", "token_file": "c"},
        {"access_token": "b", "version": "latest"},
    ],
)
def test_options_name_one_way_to_a_token(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ShopifyOptions.model_validate({"base_url": "https://a.myshopify.com", **options})


def test_a_result_is_fetched_over_https_alone_and_without_the_token(tmp_path: Path) -> None:
    asked: list[httpx.Request] = []

    def store(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"{}\n")

    async def main(url: str) -> None:
        async with httpx.AsyncClient(
            base_url="https://a.myshopify.com",
            transport=httpx.MockTransport(store),
            auth=("never", "told"),
        ) as client:
            await fetch(client, url, tmp_path / "file")

    asyncio.run(main("https://storage.example.com/x?sign=1"))
    assert asked[0].url.host == "storage.example.com"
    assert "authorization" not in asked[0].headers
    for url in ("http://storage.example.com/x", "http://127.0.0.1/x", "file:///etc/passwd"):
        with pytest.raises(Unavailable):
            asyncio.run(main(url))
    assert len(asked) == 1


def test_a_cursor_that_cannot_be_read_begins_with_all_orders(open_shop: Open) -> None:
    shop = open_shop(orders(5))
    shop.cursor = "of another version"
    shop.pull()
    assert shop.total() == of(5)
