"""What a real WooCommerce 10.2.4 was seen to answer, asked of its look-alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY, Client

from connectors.sandbox import Woocommerce

KEY = ("ck_1", "cs_1")
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC).timestamp()
BERLIN = "2026-03-27T13:00:00"  # noon in UTC
PATH = "https://shop.test/wp-json/wc/v3/orders"


@pytest.fixture
def time():
    return [NOON]


@pytest.fixture(params=[False, True], ids=["tables", "posts"])
def account(request, time):
    return Woocommerce(keys=["ck_1:cs_1"], clock=lambda: time[0], posts=request.param)


@pytest.fixture
def ask(account):
    """``ask(params)``: the answer to a list of orders."""

    def ask(path=PATH, auth=KEY, **params):
        async def one():
            transport = httpx.ASGITransport(account)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get(path, params=params or None, auth=auth)

        return asyncio.run(one())

    return ask


@pytest.fixture
def three(account, time):
    """Three orders, an hour apart, the first at noon in UTC."""
    for _ in range(3):
        account.shop.place("1.00")
        time[0] += 3600
    return list(account.shop.orders)


def ids(answer):
    return [row["id"] for row in answer.json()]


@pytest.mark.usefixtures("three")
def test_pages_of_1_to_100_with_their_number_and_the_next(ask):
    answer = ask(per_page="2")
    assert answer.headers["X-WP-Total"] == "3"
    assert answer.headers["X-WP-TotalPages"] == "2"
    assert httpx.URL(answer.links["next"]["url"]).params["page"] == "2"
    assert "next" not in ask(per_page="2", page="2").links
    refused = ask(per_page="101")
    assert refused.status_code == 400
    assert "between 1 (inclusive) and 100 (inclusive)" in refused.json()["message"]


@pytest.mark.usefixtures("three")
def test_a_page_past_the_end_is_empty_and_good(ask):
    answer = ask(page="9")
    assert (answer.status_code, answer.json()) == (200, [])


def test_by_default_the_newest_first_and_by_modification_as_asked(ask, three, account):
    assert ids(ask()) == three[::-1]
    account.shop.change(three[0], status="completed")
    assert ids(ask(orderby="modified", order="asc")) == [three[1], three[2], three[0]]


@pytest.mark.parametrize(
    ("bound", "flag", "expected"),
    [
        ("2026-03-27T12:00:00", True, 2),  # UTC; exclusive
        ("2026-03-27T11:59:59", True, 3),
        (BERLIN, False, 2),  # the site's own time
        ("2026-03-27T12:00:00Z", False, 2),  # UTC by its zone
        ("2026-03-27T13:00:00%2B01:00", False, 2),
        ("2026-03-27T11:59:59Z", True, 2),  # shifted twice: too few
        ("2026-03-27T13:59:59Z", True, 0),
    ],
)
@pytest.mark.usefixtures("three")
def test_the_time_zone_trap(ask, bound, flag, expected):
    flagged = {"dates_are_gmt": "true"} if flag else {}
    bound = bound.replace("%2B", "+")
    assert len(ids(ask(modified_after=bound, **flagged))) == expected


def test_west_of_utc_the_trap_brings_too_many(time):
    account = Woocommerce(clock=lambda: time[0], timezone="America/New_York")
    account.shop.place("1.00")
    assert account._bound(_Call("2026-03-27T12:00:00Z"), "modified_after") == datetime(
        2026, 3, 27, 8, tzinfo=UTC
    )


class _Call:
    def __init__(self, bound):
        self.query = {"modified_after": bound, "dates_are_gmt": "true"}


def test_what_moves_the_modification_and_what_does_not(ask, account, time):
    number = account.shop.place("20.00")

    def modified():
        return ask().json()[0]["date_modified_gmt"]

    made = modified()
    time[0] += 60
    account.shop.note(number)
    assert modified() == made
    account.shop.refund(number, "5.00")
    refunded = modified()
    assert refunded > made
    time[0] += 60
    account.shop.change(number, status="completed")
    assert modified() > refunded


def test_any_holds_drafts_of_a_checkout_and_no_trash(ask, account):
    draft = account.shop.place("1.00", status="checkout-draft")
    gone = account.shop.place("1.00")
    account.shop.trash(gone)
    assert ids(ask(status="any")) == ids(ask()) == [draft]
    assert ids(ask(status="trash")) == [gone]
    assert ask(status="nonsense").status_code == 400


def test_an_order_as_it_is_told(ask, account):
    account.shop.place("12.5", email="guest@example.com")
    (row,) = ask().json()
    assert (row["customer_id"], row["billing"]["email"]) == (0, "guest@example.com")
    assert (row["total"], row["currency"]) == ("12.50", "EUR")
    assert (row["date_created"], row["date_created_gmt"]) == (BERLIN, "2026-03-27T12:00:00")
    assert row["date_paid_gmt"] is None
    assert ask(_fields="id,total,billing.email").json() == [
        {"id": row["id"], "total": "12.50", "billing": {"email": "guest@example.com"}}
    ]


def test_refunds_leave_the_total_and_the_whole_of_them_sets_the_status(ask, account):
    number = account.shop.place("20.00")
    part = account.shop.refund(number, "5.00")
    (row,) = ask().json()
    assert (row["total"], row["status"]) == ("20.00", "processing")
    assert row["refunds"] == [{"id": part, "reason": "", "total": "-5.00"}]
    rest = account.shop.refund(number, "15.00")
    (row,) = ask().json()
    assert (row["total"], row["status"]) == ("20.00", "refunded")
    asked = ask(f"{PATH}/{number}/refunds").json()
    assert {one["id"]: one["amount"] for one in asked} == {part: "5.00", rest: "15.00"}
    assert asked[0]["date_created_gmt"] == "2026-03-27T12:00:00"
    assert ask(f"{PATH}/4711/refunds").status_code == 404


def test_keys_count_over_tls_alone(ask):
    assert ask().status_code == 200
    assert ask(auth=("ck_1", "cs_2")).status_code == 401
    assert ask(auth=None).status_code == 401
    plain = ask(PATH.replace("https", "http"))
    assert (plain.status_code, plain.json()["code"]) == (401, "woocommerce_rest_cannot_view")


def test_a_signature_counts_over_plain_http_for_15_minutes_and_once(ask):
    path = PATH.replace("https", "http") + "?_fields=id%2Ctotal&status=any"

    def signed(stamp, nonce="n", secret="cs_1"):
        how = {"signature_method": SIGNATURE_HMAC_SHA256, "signature_type": SIGNATURE_TYPE_QUERY}
        client = Client("ck_1", secret, nonce=nonce, timestamp=str(int(stamp)), **how)
        answer = ask(client.sign(path)[0], auth=None)
        good = answer.status_code == 200
        return answer.status_code, "" if good else answer.json()["message"]

    assert signed(NOON) == (200, "")
    assert signed(NOON)[1].startswith("Invalid nonce")
    assert signed(NOON, "m", secret="cs_2")[1].startswith("Invalid signature")
    assert signed(NOON - 901, "o")[1] == signed(NOON + 901, "p")[1] == "Invalid timestamp."
    assert signed(NOON - 899, "q") == (200, "")
