"""Laws of the check that an operator makes before the first run."""

from __future__ import annotations

from connectors.errors import Unauthorized
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import change, person
from connectors.testing.law import Can, Laws, law, require, same

WRONG = "wrong_key_canary_0123456789abcdef"


class CheckLaws(Laws):
    """What ``check`` tells, and what it must not do."""

    @law()
    async def test_check_passes_with_the_right_key(self, bench: Bench) -> None:
        """With the right options, ``check`` raises nothing."""
        await bench.it.check()

    @law(Can.KEY, Can.HTTP)
    async def test_check_finds_a_wrong_key(self, bench: Bench) -> None:
        """With a wrong key, ``check`` raises Unauthorized."""
        error = await failing(bench.connect(WRONG).check)
        require(isinstance(error, Unauthorized), f"a wrong key must be Unauthorized: {error!r}")

    @law()
    async def test_check_leaves_no_trace(self, bench: Bench) -> None:
        """``check`` makes nobody and changes nothing."""
        await bench.deliver(change(bench.kinds[0], 1))
        before = bench.state([person(1)])
        await bench.it.check()
        same(bench.state([person(1)]), before, "state after the check")

    @law(Can.HTTP)
    async def test_check_is_one_request(self, bench: Bench) -> None:
        """``check`` asks the vendor, and asks once."""
        await bench.it.check()
        same(len(bench.wire.requests), 1, "requests")

    @law(Can.KEY, Can.HTTP)
    async def test_a_wrong_key_delivers_nothing(self, bench: Bench) -> None:
        """With a wrong key, every kind of change raises Unauthorized and nobody is made."""
        wrong = bench.connect(WRONG)
        for kind in bench.kinds:
            one = change(kind, 1)
            error = await failing(bench.once, [one], wrong)
            require(isinstance(error, Unauthorized), f"{kind.__name__} with a wrong key: {error!r}")
        same(bench.vendor.people(), 0, "people at the vendor")
