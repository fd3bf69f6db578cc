"""From answers to errors: what is read of headers and bodies, and what is hidden."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Misconfigured, Unavailable
from connectors.http import (
    dig,
    encode,
    failure,
    mask,
    patience,
    read,
    retry_after,
    send,
    web_address,
)

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def answer(status=200, **more):
    request = httpx.Request("POST", "https://vendor.example/api/users/a%40example.com?key=x")
    return httpx.Response(status, request=request, **more)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("12", 12),
        ("1.5", 1.5),
        ("-3", 0),
        ("Fri, 01 Mar 2024 12:00:30 GMT", 30),
        ("Fri, 01 Mar 2024 11:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("Fri, 01 Mar 2024", None),
    ],
)
def test_retry_after_in_each_of_its_dresses(header, seconds):
    assert retry_after(header, now=NOW) == seconds


def test_a_date_needs_the_date_of_the_answer():
    wait = {"Retry-After": "Fri, 01 Mar 2024 12:00:30 GMT"}
    assert retry_after(wait["Retry-After"], now=None) is None
    assert patience(answer(429, headers=wait)) is None
    assert patience(answer(429, headers=wait | {"Date": "no date"})) is None
    dated = wait | {"Date": "Fri, 01 Mar 2024 12:00:10 GMT"}
    assert patience(answer(429, headers=dated)) == 20


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "Ada.B+shop@mail.example.co.uk",
        "ada%40example.com",
        "ada\\u0040example.com",
        "ädä@exämple.com",
        "o'neil@example.com",
        "+44 7911 123456",
        "+447911123456",
        "+1-202-555-0143",
    ],
)
@pytest.mark.parametrize("around", ['{{"email":"{}"}}', "user {} is bad", "<{}>", "{},x", "({})"])
def test_addresses_and_numbers_are_hidden(address, around):
    masked = mask(around.format(address))
    for piece in ("ada", "ädä", "neil@", "7911", "0143", "example.com"):
        assert piece not in masked.casefold()


@given(
    st.text(max_size=5_000),
    st.sampled_from(["a.canary@example.com", "A.CANARY%40example.com"]),
    st.text(max_size=5_000),
)
def test_an_address_is_hidden_wherever_it_stands(before, address, after):
    masked = mask(f"{before} {address} {after}")
    assert "canary" not in masked.casefold()
    assert len(masked) <= 300
    assert "\n" not in masked


@pytest.mark.parametrize("length", range(3_960, 4_010))
def test_an_address_at_the_cut_is_hidden(length):
    text = "{" + "[1]," * 10_000
    masked = mask(f"{text[:length]}canary@example.com is bad")
    assert "canary" not in masked
    # so much is masked that the cut shows in what is kept
    many = " ".join(["b" * 240 + "@example.com"] * 20)
    assert "canary" not in mask(f"{many[:length]} canary@example.com")
    assert "bbb" not in mask(many[:length] + "b" * 100)


def test_a_long_word_is_masked_in_no_time():
    # quadratic search would take minutes here
    assert len(mask("a" * 2_000_000)) <= 300


def test_secrets_are_hidden_first():
    assert mask('key "pk_1234" is bad', ["pk_1234"]) == 'key "[secret]" is bad'
    assert mask("a 12 b", ["", "12"]) == "a 12 b"


def test_the_path_of_a_request_hides_addresses_and_the_query_is_left_out():
    error = failure(answer(422))
    assert str(error) == "POST /api/users/[address] answered 422"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": [{"id": "x", "title": "Bad", "detail": "Wrong key."}]}, "Wrong key."),
        ({"errors": [{"title": "One"}, {"title": "Two"}, {"title": "One"}]}, "One; Two"),
        ({"errors": ["The name is too long"], "message": "no"}, "The name is too long"),
        ({"errors": [], "message": "Invalid API Key"}, "Invalid API Key"),
        ({"msg": "Too many fields", "code": "BadParams", "params": {"a": 1}}, "Too many fields"),
        ({"error": {"message": "No such user", "code": 7}}, "No such user"),
        ({"error": True, "detail": "Not so"}, "Not so"),
        ("just text", "just text"),
        ({"message": "ada@example.com is bad"}, "[address] is bad"),
        ({"message": "the key pk_1234"}, "the key [secret]"),
    ],
)
def test_of_a_json_answer_the_words_are_told(body, said):
    error = failure(answer(422, json=body), secrets=("pk_1234",))
    assert str(error) == f"POST /api/users/[address] answered 422: {said}"


@pytest.mark.parametrize("text", ['{"params":{"a":1}}', "<html>no</html>", "[" * 50_000, "7"])
def test_an_answer_without_words_is_told_as_it_is(text):
    assert f"422: {text[:200]}" in str(failure(answer(422, text=text)))


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_reads_what_to_check(status):
    error = failure(answer(status, json={"errors": [{"detail": "No such key."}]}))
    assert str(error) == (
        f"POST /api/users/[address] answered {status}: No such key; "
        "check the key and its permissions"
    )


def test_json_is_compact_and_keeps_what_values_are():
    east = timezone(timedelta(hours=3))
    body = {
        "a": 0,
        "b": False,
        "c": None,
        "d": "",
        "e": 120.0,
        "f": Decimal("1.50"),
        "g": date(2024, 2, 29),
        "h": datetime(2024, 2, 29, 1, tzinfo=east),
        "i": "ü",
    }
    assert encode(body).decode() == (
        '{"a":0,"b":false,"c":null,"d":"","e":120.0,"f":1.5,"g":"2024-02-29",'
        '"h":"2024-02-28T22:00:00+00:00","i":"ü"}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"x"])
def test_what_json_cannot_hold_is_no_request(value):
    with pytest.raises((ValueError, TypeError)):
        encode({"x": value})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"1", b"\xff\xfe", b"null"])
def test_an_answer_without_an_object_is_no_answer(content):
    with pytest.raises(Unavailable):
        read(answer(content=content))


def test_a_missing_part_of_an_answer_is_named():
    whole = answer(content=json.dumps({"data": {"id": 0, "none": None}}))
    assert dig(whole, "data", "id") == 0
    for path in (("data", "none"), ("data", "id", "x"), ("other",)):
        with pytest.raises(Unavailable, match=r"without " + r"\.".join(path)):
            dig(whole, *path)


@pytest.mark.parametrize("text", ["https://a.example", "http://127.0.0.1:9001/x"])
def test_web_addresses(text):
    assert str(web_address(text)) == text


@pytest.mark.parametrize("text", ["", "a.example", "file:///x", "https://", "http://a:x"])
def test_other_addresses(text):
    with pytest.raises(ValueError, match="must be an address"):
        web_address(text)


def test_a_key_that_cannot_be_sent_is_a_mistake_and_is_not_repeated():
    def refuses(_):
        raise httpx.LocalProtocolError("Illegal header value b'key-canary\\n'")

    async def asked():
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuses)) as client:
            await send(client, httpx.Request("GET", "https://vendor.example/"))

    with pytest.raises(Misconfigured, match="cannot be sent") as told:
        asyncio.run(asked())
    assert "canary" not in str(told.value)
    assert told.value.__cause__ is None
