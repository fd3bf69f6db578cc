"""Laws of sizes and rates, and of building and closing."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from connectors.exchange import ENVELOPE
from connectors.testing.bench import Bench
from connectors.testing.changes import change
from connectors.testing.law import Can, Laws, law, require, same
from connectors.testing.vendor import KEY


class OptionLaws(Laws):
    """What an operator may rely on before anything is sent."""

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
