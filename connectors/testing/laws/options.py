"""Laws of the options, and of building and closing."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from pydantic import SecretStr, ValidationError

from connectors.exchange import ENVELOPE
from connectors.testing.bench import Bench
from connectors.testing.changes import change
from connectors.testing.law import Can, Laws, law, require, same
from connectors.testing.vendor import KEY

#: Names that an option with a secret bears.
SECRET: Final = re.compile(r"(^|_)(key|secret|token|password|passphrase|credentials?)$")


class OptionLaws(Laws):
    """What an operator may rely on before anything is sent."""

    @law()
    async def test_every_option_is_described(self, bench: Bench) -> None:
        """Each option has a description, of which the reference page and the errors are made."""
        for name, field in type(bench.it.options).model_fields.items():
            require(field.description, f"option {name} has no description")

    @law()
    async def test_every_secret_option_is_a_secret(self, bench: Bench) -> None:
        """An option whose name says key, secret, token or password is a SecretStr."""
        for name, field in type(bench.it.options).model_fields.items():
            secret = "SecretStr" in str(field.annotation)
            require(secret or not SECRET.search(name), f"option {name} must be a SecretStr")

    @law()
    async def test_an_unknown_option_is_refused(self, bench: Bench) -> None:
        """A misspelt option is an error, and not passed over."""
        given = {**bench.vendor.options(KEY), "no_such_option": 1}
        try:
            type(bench.it.options)(**given)
        except ValidationError as error:
            require("no_such_option" in str(error), "the error does not name the unknown option")
            return
        raise AssertionError("an unknown option was taken")

    @law(Can.KEY)
    async def test_a_mistake_in_the_options_does_not_repeat_the_key(self, bench: Bench) -> None:
        """The error about one option shows none of the others."""
        given = {**bench.vendor.options(KEY), "no_such_option": KEY}
        try:
            type(bench.it.options)(**given)
        except ValidationError as error:
            require(KEY not in f"{error}{error!r}", "the key stands in the error")

    @law(Can.KEY)
    async def test_the_key_is_in_no_repr(self, bench: Bench) -> None:
        """Neither the options nor the destination show the key when printed or dumped."""
        options = bench.it.options
        shown = (repr(options), str(options), options.model_dump_json(), repr(bench.it))
        require(not any(KEY in text for text in shown), "the key can be read in a repr")

    @law(Can.KEY)
    async def test_the_key_is_among_the_secrets(self, bench: Bench) -> None:
        """``secrets()`` names the key, so that errors can be masked by it."""
        require(KEY in bench.it.secrets(), "secrets() does not hold the key")

    @law()
    async def test_options_cannot_be_changed(self, bench: Bench) -> None:
        """Options are frozen: what was checked is what is used."""
        name = next(iter(type(bench.it.options).model_fields), None)
        if name is None:
            return
        try:
            setattr(bench.it.options, name, getattr(bench.it.options, name))
        except ValidationError:
            return
        raise AssertionError(f"option {name} could be changed")

    @law()
    async def test_sizes_are_positive_and_leave_room(self, bench: Bench) -> None:
        """A request takes at least one change, and more bytes than its envelope needs."""
        require(bench.kinds, "it has no method marked with @delivers")
        for kind in bench.kinds:
            delivery = bench.delivery(kind)
            require(delivery.size >= 1, f"{kind.__name__}: size is {delivery.size}")
            room = delivery.bytes is None or delivery.bytes > ENVELOPE
            require(room, f"{kind.__name__}: bytes must be more than {ENVELOPE}")

    @law(Can.RATES)
    async def test_rates_are_positive(self, bench: Bench) -> None:
        """Each rate allows at least one call in more than no time, below a path."""
        for rate in (*bench.it.limits(), *bench.it.read_limits()):
            require(rate.calls >= 1 and rate.seconds > 0, f"{rate} can never be kept")
            require(rate.path.startswith("/"), f"{rate} matches nothing: a path begins with /")
            upper = all(method.isupper() for method in rate.methods)
            require(upper, f"{rate} matches nothing: methods are in capitals")

    @law()
    async def test_building_it_sends_nothing(self, bench: Bench) -> None:
        """Making an instance makes no request and no customer."""
        for _ in range(10):
            await asyncio.sleep(0)  # what it may have begun on the side goes on
        same(len(bench.wire.requests), 0, "requests")
        same(bench.vendor.people(), 0, "people at the vendor")

    @law()
    async def test_closing_it_gives_connections_back(self, bench: Bench) -> None:
        """``aclose`` closes the transport that it was given, also when called twice."""
        await bench.deliver(change(bench.kinds[0], 1))
        await bench.it.aclose()
        require(bench.it.client.is_closed, "the client is still open")
        await bench.it.aclose()

    @law(Can.KEY)
    async def test_no_option_is_kept_on_the_class(self, bench: Bench) -> None:
        """The key of one instance cannot be found on its class."""
        await bench.deliver(change(bench.kinds[0], 1))
        for cls in type(bench.it).__mro__:
            held = repr({name: value for name, value in vars(cls).items() if name != "__doc__"})
            secret = any(isinstance(value, SecretStr) for value in vars(cls).values())
            require(KEY not in held and not secret, f"{cls.__name__} holds the key")
