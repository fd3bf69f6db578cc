"""Faults of the options, of building and closing, and of the check."""

import asyncio
from typing import Any

from good import Good, GoodOptions
from pydantic import ConfigDict, Field

from connectors.base import Rate, delivers
from connectors.types import Track


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


class NoRoom(Good):
    breaks = "test_sizes_are_positive_and_leave_room"

    @delivers(Track, size=10, bytes=2_000)
    async def track(self, batch):
        return await super().track(batch)


class NeverAllowed(Good):
    breaks = "test_rates_are_positive"
    rates = (Rate(0, 1),)


class HalfCounted(Good):
    breaks = "test_rates_cover_every_request"
    rates = (Rate(10, 1, "/imports"),)


class EagerToAsk(Good):
    breaks = "test_building_it_sends_nothing"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.task = asyncio.get_running_loop().create_task(self.check())


class NeverCloses(Good):
    breaks = "test_closing_it_gives_connections_back"

    async def aclose(self) -> None:
        pass


class KeyOnTheClass(Good):
    breaks = "test_no_option_is_kept_on_the_class"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        type(self).key = self.options.api_key


class AsksNobody(Good):
    breaks = "test_check_finds_a_wrong_key"

    async def check(self) -> None:
        pass


class AsksTwice(Good):
    breaks = "test_check_is_one_request"

    async def check(self) -> None:
        await super().check()
        await super().check()


class AsksForTooMuch(Good):
    breaks = "test_check_passes_with_the_right_key"

    async def check(self) -> None:
        await self.page("job-0", "1")


class Telemetry(Good):
    breaks = "test_only_its_own_address_is_spoken_to"

    async def check(self) -> None:
        await super().check()
        await self.call("GET", "https://telemetry.test/me")


class WaitsForEver(Good):
    breaks = "test_every_request_has_a_time_limit"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client.timeout = None
