"""Faults in options, in the check, in what is asked of whom, and in what is told."""

import asyncio
import base64
import logging
from typing import Any

import httpx
from good_source import Good, GoodOptions
from pydantic import ConfigDict, Field

from connectors.base import Rate
from connectors.errors import Unauthorized, Unavailable
from connectors.http import read


class Undescribed(GoodOptions):
    region: str = "eu"


class NothingSaid(Good):
    breaks = "test_every_option_is_described"
    options_class = Undescribed


class Open(GoodOptions):
    access_token: str = Field("", description="A second key.")


class PlainSecret(Good):
    breaks = "test_every_secret_option_is_a_secret"
    options_class = Open


class Careless(GoodOptions):
    model_config = ConfigDict(extra="ignore")


class TakesAnything(Good):
    breaks = "test_an_unknown_option_is_refused"
    options_class = Careless


class Talkative(GoodOptions):
    model_config = ConfigDict(hide_input_in_errors=False)


class RepeatsTheInput(Good):
    breaks = "test_a_mistake_in_the_options_does_not_repeat_the_key"
    options_class = Talkative


class ShowsTheKey(Good):
    breaks = "test_the_key_is_in_no_repr"

    def __repr__(self) -> str:
        return f"Good({self.options.api_key.get_secret_value()})"


class KnowsNoSecret(Good):
    breaks = "test_the_key_is_among_the_secrets"

    def secrets(self):
        return ()


class Soft(GoodOptions):
    model_config = ConfigDict(frozen=False)


class Changeable(Good):
    breaks = "test_options_cannot_be_changed"
    options_class = Soft


class HalfCounted(Good):
    breaks = "test_rates_cover_every_request"
    rates = (Rate(10, 1, "/orders"),)


class EagerToAsk(Good):
    breaks = "test_building_it_asks_nothing"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.task = asyncio.get_running_loop().create_task(self.check())


class NeverCloses(Good):
    breaks = "test_closing_it_gives_connections_back"

    async def aclose(self) -> None:
        pass


class AsksNobody(Good):
    breaks = "test_check_is_quick"
    also = ("test_a_wrong_key_is_unauthorized", "test_a_missing_permission_is_unauthorized")

    async def check(self) -> None:
        pass


class ChecksEveryOrder(Good):
    breaks = "test_check_is_quick"

    async def check(self) -> None:
        async for _ in self.orders(None):
            pass


class AsksForTooMuch(Good):
    breaks = "test_check_passes_with_the_right_key"

    async def check(self) -> None:
        told = read(await self.call("GET", "/account"))
        if "may_write" not in told:
            raise Unauthorized("the key may not write")


class SaysNothingOfOrders(Good):
    breaks = "test_it_says_that_it_brings_orders"

    def brings(self):
        return frozenset({"events"})


class MarksWhatItRead(Good):
    """Tells the shop what it has, so that it need not be told again."""

    breaks = "test_nothing_is_asked_that_could_change_the_shop"

    async def listed(self, place):
        told = await super().listed(place)
        await self.call("POST", "/orders", params={"limit": "4"}, json={"read": told["next"]})
        return told


class Telemetry(Good):
    breaks = "test_only_its_own_address_is_spoken_to"

    async def check(self) -> None:
        await super().check()
        await self.call("GET", "https://telemetry.test/account")


class WaitsForEver(Good):
    breaks = "test_every_request_has_a_time_limit"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client.timeout = None


class FollowsRedirects(Good):
    breaks = "test_a_redirect_is_not_followed"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client.follow_redirects = True


class FollowsLinks(Good):
    breaks = "test_links_in_answers_lead_nowhere_else"

    async def listed(self, place):
        if str(place).startswith("http"):
            return read(await self.call("GET", place))
        return await super().listed(place)

    def following(self, told):
        return told["link"]

    def cursor(self, place):
        return httpx.URL(place).params["after"]


class KeyInTheQuery(Good):
    breaks = "test_the_key_and_addresses_stand_in_no_url"

    def authorize(self, request):
        key = self.options.api_key.get_secret_value()
        request.url = request.url.copy_merge_params({"key": key})
        return super().authorize(request)


class TellsTheLog(Good):
    breaks = "test_no_log_holds_the_key_or_an_address"

    def order(self, row):
        logging.getLogger("broken").debug("an order of %s", row["email"])
        return super().order(row)


class LeaksTheKey(Good):
    breaks = "test_errors_hold_no_key_and_no_address"

    def failure(self, response):
        if response.status_code == 401:
            return Unauthorized(f"the key {self.options.api_key.get_secret_value()} was refused")
        return super().failure(response)


class KeyInDisguise(Good):
    """Sends the key in Basic, and does not know that form for a secret."""

    breaks = "test_the_key_as_it_is_sent_is_masked"

    def authorize(self, request):
        key = self.options.api_key.get_secret_value()
        word = base64.b64encode(f"us:{key}".encode()).decode()
        request.headers["Authorization"] = f"Basic {word}"
        return super().authorize(request)


class NobodyIsRefused(Good):
    """Takes a missing permission for a shop that does not answer."""

    breaks = "test_403_is_unauthorized"
    also = ("test_401_is_unauthorized", "test_a_missing_permission_is_unauthorized")

    def failure(self, response):
        if response.status_code in (401, 403):
            return Unavailable("not now")
        return super().failure(response)
