"""WooCommerce, against a look-alike that answers as the real server was seen to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from connectors.errors import Misconfigured, Throttled, Unauthorized, Unavailable
from connectors.sandbox import Fault, serve
from connectors.sandbox import Woocommerce as Account
from connectors.sources.woocommerce import Woocommerce, WoocommerceOptions

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)
KEY, SECRET = "ck_1", "cs_secret"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self):
        return self.now.timestamp()

    def on(self, **time):
        self.now += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def account(clock):
    return Account(keys=[f"{KEY}:{SECRET}"], clock=clock)


@pytest.fixture
def shop(account):
    return account.shop


@pytest.fixture
def connect(account):
    def make(transport=None, **options):
        given = {"base_url": "https://shop.test", "consumer_key": KEY, "consumer_secret": SECRET}
        made = WoocommerceOptions(**{**given, **options})
        return Woocommerce(made, transport=transport or httpx.ASGITransport(account))

    return make


async def pages(source, since=None, between=None):
    """All pages; ``between`` happens after each of them."""
    found = []
    try:
        async for page in source.orders(since):
            found.append(page)
            if between is not None:
                between(len(found))
    finally:
        await source.aclose()
    return found


def pull(source, since=None, between=None):
    """What a lake would hold after all pages, by id, and the last cursor."""
    held, cursor = {}, since
    for page in asyncio.run(pages(source, since, between)):
        held |= {row["order_id"]: row for row in page.rows.to_pylist()}
        cursor = page.cursor
    return held, cursor


def sums(held):
    """By kind, what the rows add up to."""
    kinds = {row["kind"] for row in held.values()}
    return {k: sum(r["amount"] for r in held.values() if r["kind"] == k) for k in kinds}


# -- what an order becomes


def test_an_order_of_a_customer_with_an_account(shop, connect):
    number = shop.place("19.90", customer_id=7, email="anna@example.com", phone="030 1234")
    held, _ = pull(connect())
    assert held == {
        str(number): {
            "order_id": str(number),
            "customer_id": "7",
            "email": "anna@example.com",
            "phone": "030 1234",
            "ordered_at": NOON,
            "amount": Decimal("19.9000"),
            "currency": "EUR",
            "kind": "order",
        }
    }


def test_a_guest_is_told_by_address(shop, connect):
    number = shop.place("5.00", email="guest@example.com")
    row = pull(connect())[0][str(number)]
    assert (row["customer_id"], row["email"], row["phone"]) == (None, "guest@example.com", None)


def test_an_order_stands_at_the_moment_when_it_was_made_and_not_paid(shop, connect):
    number = shop.place("5.00")
    good = shop.shown
    shop.shown = lambda order: {**good(order), "date_paid_gmt": "2027-01-01T00:00:00"}
    assert pull(connect())[0][str(number)]["ordered_at"] == NOON


def test_a_refund_is_a_row_at_its_own_moment_and_the_order_stays_whole(shop, connect, clock):
    number = shop.place("20.00", customer_id=7)
    clock.on(days=3)
    part = shop.refund(number, "5.00")
    clock.on(days=1)
    rest = shop.refund(number, "15.00")
    shop.refund(shop.place("1.00"), "0.00")  # stock alone
    held, _ = pull(connect())
    assert sums(held) == {"order": 21, "refund": -20}
    assert sum(row["kind"] == "refund" for row in held.values()) == 2
    assert held[str(part)]["ordered_at"] == NOON + timedelta(days=3)
    assert held[str(part)]["customer_id"] == "7"
    assert (held[str(rest)]["amount"], held[str(number)]["amount"]) == (-15, 20)


def test_more_refunds_than_a_page_holds(shop, connect):
    number = shop.place("200.00")
    for _ in range(130):
        shop.refund(number, "1.00")
    assert sums(pull(connect())[0]) == {"order": 200, "refund": -130}


@pytest.mark.parametrize("status", ["pending", "failed", "cancelled"])
def test_what_is_no_order_is_taken_away_with_its_refunds(shop, connect, status):
    number = shop.place("20.00")
    shop.refund(number, "5.00")
    held, cursor = pull(connect())
    shop.change(number, status=status)
    later, _ = pull(connect(), cursor)
    assert {row["kind"] for row in (held | later).values()} == {"void"}
    assert later.keys() == held.keys()


def test_drafts_of_a_checkout_are_left_out_until_they_are_orders(shop, connect):
    number = shop.place("20.00", status="checkout-draft")
    held, cursor = pull(connect())
    assert held == {}
    shop.change(number, status="processing")
    assert sums(pull(connect(), cursor)[0]) == {"order": 20}


def test_the_operator_says_which_statuses_count_and_a_change_begins_anew(shop, connect, clock):
    number = shop.place("20.00", status="on-hold")
    clock.on(days=2)
    shop.place("1.00")
    held, cursor = pull(connect())
    assert held[str(number)]["kind"] == "order"
    later, _ = pull(connect(not_orders=["on-hold"]), cursor)
    assert later[str(number)]["kind"] == "void"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"total": "-1"}, "orders of less than nothing"),
        ({"total": "?"}, "amounts that are no number"),
        ({"total": "NaN"}, "amounts finer than 0.0001"),
        ({"total": "0.00001"}, "amounts finer than 0.0001"),
        ({"date_created_gmt": None}, "orders without a date"),
    ],
)
def test_what_cannot_be_used_is_counted_by_name(shop, connect, values, fault):
    shop.place("1.00", email="anna@example.com")
    good = shop.shown
    shop.shown = lambda order: {**good(order), **values}
    (page,) = asyncio.run(pages(connect()))
    assert [(one.name, one.count, one.example) for one in page.faults] == [(fault, 1, "order 1001")]
    assert page.rows.num_rows == 0


# -- nothing is lost


def change_all(shop, clock, step=timedelta(seconds=1)):
    """Between pages, one order after the other is changed, so that it leaves its place."""
    waiting = list(shop.orders)

    def between(_page):
        for number in waiting[:2]:
            clock.now += step
            shop.change(number, total=shop.orders[number].total + 1)
        del waiting[:2]

    return between


@pytest.mark.parametrize("posts", [False, True])
@pytest.mark.parametrize("together", [1, 4, 25])
def test_orders_that_change_while_pages_are_read_are_not_lost(
    account, shop, connect, clock, posts, together
):
    account.posts = posts
    for number in range(25):
        shop.place("10.00")
        clock.on(seconds=int(number % together == together - 1))
    clock.on(hours=1)
    held, cursor = pull(connect(page_size=3), between=change_all(shop, clock))
    held |= pull(connect(page_size=3), cursor)[0]
    assert {k: r["amount"] for k, r in held.items()} == {
        str(k): order.total for k, order in shop.orders.items()
    }


def test_orders_that_vanish_while_pages_are_read_take_nobody_with_them(shop, connect):
    numbers = [shop.place("10.00") for _ in range(12)]  # all in one second
    gone = iter(numbers)
    held, _ = pull(connect(page_size=2), between=lambda _: shop.trash(next(gone)))
    assert {str(k) for k, one in shop.orders.items() if one.status != "trash"} <= held.keys()


def test_a_second_with_more_orders_than_a_page_is_gone_on_with_at_any_page(shop, connect, clock):
    for _ in range(3):
        shop.place("1.00")
        clock.on(minutes=30)
    for _ in range(250):
        shop.place("1.00")
    clock.on(minutes=30)
    shop.place("1.00")
    whole = asyncio.run(pages(connect(page_size=40)))
    assert {str(number) for number in shop.orders} == {
        row for page in whole for row in page.rows.column("order_id").to_pylist()
    }
    for stopped in range(len(whole)):
        held = {r for page in whole[: stopped + 1] for r in page.rows["order_id"].to_pylist()}
        later, _ = pull(connect(page_size=40), whole[stopped].cursor)
        assert held | later.keys() == {str(number) for number in shop.orders}


@pytest.mark.parametrize("posts", [False, True])
def test_the_hour_that_comes_twice_loses_nothing(account, shop, connect, clock, posts):
    """Summer time ends on 2026-10-25 at 01:00 UTC: 02:00 to 03:00 comes twice in Berlin."""
    account.posts = posts
    clock.now = datetime(2026, 10, 24, 23, tzinfo=UTC)
    for _ in range(60):
        shop.place("1.00")
        clock.on(minutes=3)
    held, cursor = pull(connect(page_size=4))
    assert held.keys() == {str(number) for number in shop.orders}
    shop.place("1.00")
    assert len(pull(connect(page_size=4), cursor)[0]) >= 1


def test_a_change_that_shows_late_is_asked_for_again(shop, connect, clock):
    shop.place("1.00")
    clock.on(minutes=8)
    shop.place("1.00")
    (_, cursor), (_, hasty) = pull(connect()), pull(connect(overlap_minutes=1))
    late = shop.place("1.00")
    shop.orders[late].modified = NOON + timedelta(minutes=1)
    assert str(late) in pull(connect(), cursor)[0]
    assert str(late) not in pull(connect(), hasty)[0]


def test_an_order_from_a_time_to_come_hides_no_change_of_today(shop, connect, clock):
    strange = shop.place("1.00")
    shop.orders[strange].modified = NOON + timedelta(days=365)
    _, cursor = pull(connect())
    clock.on(days=1)
    today = shop.place("2.00")
    assert str(today) in pull(connect(), cursor)[0]


def test_a_pull_of_nothing_new_moves_the_cursor_nowhere(shop, connect):
    shop.place("1.00")
    _, first = pull(connect())
    _, second = pull(connect(), first)
    assert first == second
    shop.trash(1001)
    assert pull(connect(), second) == ({}, second)


def test_a_trashed_order_leaves_no_trace_but_the_whole_lacks_it(shop, connect, clock):
    kept, gone = shop.place("1.00"), shop.place("2.00")
    _, cursor = pull(connect())
    clock.on(days=1)
    shop.trash(gone)
    assert str(gone) not in pull(connect(), cursor)[0]
    assert pull(connect())[0].keys() == {str(kept)}


def test_an_answer_that_is_not_sorted_is_refused(shop, connect, account, clock):
    shop.place("1.00")
    clock.on(days=1)
    shop.place("1.00")
    account._sorting = lambda _: lambda one: -one.id
    with pytest.raises(Misconfigured, match="does not list orders by the time"):
        pull(connect())


def test_a_shop_that_does_not_know_the_bound_is_told_and_not_asked_for_ever(
    shop, connect, account, clock
):
    for _ in range(9):
        shop.place("1.00")
        clock.on(days=1)
    account._bound = lambda *_: None
    with pytest.raises(Misconfigured, match="needs a WooCommerce that knows modified_after"):
        pull(connect(page_size=2))


# -- who is let in


def test_a_key_counts_over_tls_and_is_refused_with_a_word_to_the_operator(connect):
    asyncio.run(connect().check())
    with pytest.raises(Unauthorized):
        asyncio.run(connect(consumer_secret="cs_wrong").check())
    with pytest.raises(Unauthorized):
        asyncio.run(connect(consumer_key="ck_wrong").check())


def test_a_key_without_the_permission_to_read(account, shop, connect):
    shop.place("1.00")
    account.reads = False
    with pytest.raises(Unauthorized, match="does not have read permissions"):
        asyncio.run(connect().check())


def test_orders_that_the_keys_user_may_not_read_are_told(account, shop, connect):
    first, _ = shop.place("1.00"), shop.place("1.00")
    account.hidden = {first}
    (page,) = asyncio.run(pages(connect()))
    (fault,) = page.faults
    assert (fault.name, fault.count) == ("orders that the key's user may not read", 1)
    account.hidden = set(shop.orders)
    for asked in (connect().check(), pages(connect())):
        with pytest.raises(Unauthorized, match="may read none of them"):
            asyncio.run(asked)


@pytest.fixture
def plain(connect):
    """A connection over plain http, and the requests that go over it."""

    def make(account, **options):
        said = []

        async def answer(request):
            said.append(request)
            return await httpx.ASGITransport(account).handle_async_request(request)

        return connect(httpx.MockTransport(answer), base_url="http://shop.test", **options), said

    return make


def test_over_plain_http_each_request_is_signed_and_the_secret_never_sent(account, shop, plain):
    for _ in range(5):
        shop.refund(shop.place("2.00", email="a+b@example.com"), "1.00")
    source, said = plain(account, page_size=2)
    held, _ = pull(source)
    assert sums(held) == {"order": 10, "refund": -5}
    assert [request.method for request in said] == ["HEAD"] + ["GET"] * (len(said) - 1)
    assert not any(SECRET in f"{one.url}{one.headers}" for one in said)
    assert None not in [one.extensions["timeout"]["read"] for one in said]
    nonces = [one.url.params["oauth_nonce"] for one in said[1:]]
    assert len(set(nonces)) == len(nonces)


def test_over_plain_http_a_wrong_secret_is_unauthorized(account, plain):
    with pytest.raises(Unauthorized, match="signature"):
        asyncio.run(plain(account, consumer_secret="cs_wrong")[0].check())


def test_a_signature_that_waited_too_long_is_made_anew(account, shop, plain, clock):
    for _ in range(6):
        shop.place("2.00")
        clock.on(seconds=5)
    source, said = plain(account, page_size=2)
    held, _ = pull(source, between=lambda _: clock.on(hours=1))
    assert sums(held) == {"order": 12}
    # the same question again, with another signature
    asked = [
        str(
            one.url.copy_merge_params(
                {"oauth_nonce": "", "oauth_timestamp": "", "oauth_signature": ""}
            )
        )
        for one in said
    ]
    assert max(map(asked.count, asked)) == 2


def test_a_host_that_is_down_is_not_asked_twice(account, plain):
    account.faults.add(Fault(kind="status", status=503, times=None))
    source, said = plain(account)
    with pytest.raises(Unavailable):
        asyncio.run(source.check())
    assert len(said) == 1


def test_plain_http_is_warned_of(connect):
    assert asyncio.run(connect().probe()).advice == ""
    told = asyncio.run(connect(base_url="http://shop.test").probe())
    assert told.history is None
    assert "plain http" in told.advice


# -- on the wire


@pytest.mark.parametrize("kind", ["truncate", "cut", "wrong_json", "lost", "drop"])
def test_over_a_real_connection_a_broken_answer_is_unavailable(account, shop, kind):
    account.tls = True
    shop.place("1.00")

    async def asked(url):
        given = {"base_url": url, "consumer_key": KEY, "consumer_secret": SECRET}
        source = Woocommerce(WoocommerceOptions(**given), transport=httpx.AsyncHTTPTransport())
        source.client.auth = httpx.BasicAuth(KEY, SECRET)  # as behind a proxy that ends TLS
        account.faults.add(Fault(kind=kind, body='{"not": "a list"}'))
        with pytest.raises(Unavailable):
            await pages(source)

    with serve({"woocommerce": account}) as urls:
        asyncio.run(asked(urls["woocommerce"]))


def test_a_host_that_throttles_says_how_long(account, connect):
    account.faults.add(Fault(kind="throttle", seconds=7))
    with pytest.raises(Throttled) as told:
        pull(connect())
    assert told.value.retry_after == 7


def test_a_proxy_that_takes_the_counts_away_is_noticed(shop, connect):
    shop.place("1.00")
    bare = httpx.MockTransport(lambda _: httpx.Response(200, json=[]))
    with pytest.raises(Unavailable, match="X-WP-Total"):
        pull(connect(bare))


def test_a_shop_that_leaves_fields_out_is_noticed(shop, connect):
    shop.place("1.00")
    good = shop.shown
    shop.shown = lambda order: {k: v for k, v in good(order).items() if k != "billing"}
    with pytest.raises(Unavailable, match="billing"):
        pull(connect())


def test_only_what_is_needed_is_asked_for(account, shop, connect):
    shop.place("1.00", email="anna@example.com")
    asked = []

    async def answer(request):
        asked.append(request)
        return await httpx.ASGITransport(account).handle_async_request(request)

    pull(connect(httpx.MockTransport(answer)))
    assert {request.method for request in asked} == {"GET"}
    (first, *_) = asked
    assert "Anna" not in json.dumps(asyncio.run(httpx_get(account, first)))


async def httpx_get(account, request):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(account)) as client:
        return (
            await client.send(httpx.Request("GET", request.url, headers=request.headers))
        ).json()


@pytest.mark.parametrize("cursor", ["", "[]", "{}", "7", '{"left_out": [], "after": 1}', "x"])
def test_a_cursor_of_somebody_else_is_told(connect, cursor):
    with pytest.raises(Misconfigured, match="cannot be read"):
        pull(connect(not_orders=[]), cursor)
