"""Options, rates, deliveries: what an adapter declares and what is made of it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from pydantic import Field, SecretStr, ValidationError

from connectors.base import Destination, HttpOptions, Options, Rate, delivers
from connectors.errors import Unauthorized
from connectors.types import Batch, Enter, Exit, Identify, Receipt, Track


class ShopOptions(HttpOptions):
    base_url: str = "https://shop.example"
    api_key: SecretStr = Field(min_length=8)
    second: SecretStr | None = None


class Shop(Destination[ShopOptions]):
    options_class = ShopOptions
    rates = (Rate(10, 1),)

    async def check(self) -> None:
        await self.call("GET", "/ping")

    @delivers(Identify, size=7, bytes=1_000)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        return batch.delivered()


class MoreOfShop(Shop):
    @delivers(Identify, size=3)
    async def identify(self, batch: Batch[Identify]) -> Receipt:
        return batch.delivered()

    @delivers(Track, size=5, idempotent=False)
    async def track(self, batch: Batch[Track]) -> Receipt:
        return batch.delivered()


def test_a_kind_is_supported_by_having_a_method_for_it():
    assert set(Shop.deliveries) == {Identify}
    declared = Shop.deliveries[Identify]
    assert (declared.method, declared.size, declared.bytes) == ("identify", 7, 1_000)
    assert declared.idempotent


def test_a_subclass_adds_and_replaces_without_changing_its_parent():
    assert MoreOfShop.deliveries[Identify].size == 3
    assert MoreOfShop.deliveries[Track].idempotent is False
    assert set(Shop.deliveries) == {Identify}
    assert Shop.deliveries[Identify].size == 7
    assert not {Enter, Exit} & set(MoreOfShop.deliveries)


@pytest.mark.parametrize(
    ("rate", "method", "path", "counts"),
    [
        (Rate(1, 1), "GET", "/x", True),
        (Rate(1, 1, "/api"), "POST", "/api/users", True),
        (Rate(1, 1, "/api"), "POST", "/other/api", False),
        (Rate(1, 1, "/api", ("POST",)), "GET", "/api", False),
        (Rate(1, 1, "/api", ("POST",)), "POST", "/api", True),
    ],
)
def test_a_rate_counts_by_path_and_method(rate, method, path, counts):
    assert rate.matches(httpx.Request(method, f"https://shop.example{path}?q=/api")) is counts


def test_options_are_checked_and_keep_their_secrets():
    for wrong in (
        {"api_key": "canary-1", "colour": "red"},
        {"api_key": "canary"},
        {"api_key": "canary-1", "base_url": "shop.example"},
    ):
        with pytest.raises(ValidationError) as caught:
            ShopOptions(**wrong)
        assert "canary" not in str(caught.value)
    right = ShopOptions(api_key="canary-1")
    assert "canary" not in f"{right!r}{right}"
    with pytest.raises(ValidationError):
        right.base_url = "https://other.example"


def test_a_vendor_that_repeats_a_secret_does_not_spread_it():
    def echo(_: httpx.Request) -> httpx.Response:
        return httpx.Response(401, text="neither canary-1 nor canary-2 may do that")

    async def ask() -> None:
        options = ShopOptions(api_key="canary-1", second="canary-2")
        shop = Shop(options, transport=httpx.MockTransport(echo))
        try:
            await shop.check()
        finally:
            await shop.aclose()

    with pytest.raises(Unauthorized) as caught:
        asyncio.run(ask())
    said = "GET /ping answered 401: neither [secret] nor [secret] may do that"
    assert str(caught.value) == f"{said}; check the key and its permissions"


def test_a_ticket_that_cannot_be_settled_says_so(identify, batch):
    async def settle() -> None:
        shop = Shop(
            ShopOptions(api_key="canary-1"),
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        )
        try:
            await shop.settle("job", batch(identify(1)))
        finally:
            await shop.aclose()

    with pytest.raises(NotImplementedError, match="Shop returned a ticket"):
        asyncio.run(settle())


def test_options_need_no_address():
    class Local(Options):
        path: str

    assert Local(path="x").path == "x"
