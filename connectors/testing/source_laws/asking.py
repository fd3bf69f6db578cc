"""Laws of what is asked, of whom, and what must come to light nowhere."""

from __future__ import annotations

import asyncio

import httpx

from connectors.errors import ConnectorError, Misconfigured, Unauthorized
from connectors.testing import wire
from connectors.testing.law import Can, law, require, same
from connectors.testing.laws.secrets import canaries, credentials, logged, origin
from connectors.testing.source_bench import SourceBench, address, refusal
from connectors.testing.source_law import Has, SourceLaws
from connectors.testing.vendor import ADDRESS, KEY

WRONG = "wrong_key_canary_0123456789abcdef"
ELSEWHERE = "https://elsewhere.test"
YEAR = 366 * 86_400


class AskingLaws(SourceLaws):
    """The check, the probe, and who is told what."""

    @law()
    async def test_check_passes_with_the_right_key(self, bench: SourceBench) -> None:
        """With the right options, ``check`` raises nothing."""
        bench.sell_many(3)
        await bench.it.check()

    @law(Can.KEY)
    async def test_a_wrong_key_is_unauthorized(self, bench: SourceBench) -> None:
        """With a wrong key, ``check`` and a pull raise Unauthorized, and nothing is brought."""
        bench.sell_many(3)
        wrong = bench.connect(WRONG)
        for call in (wrong.check, lambda: bench.pull(by=wrong)):
            error = await refusal(call)
            require(isinstance(error, Unauthorized), f"a wrong key must be Unauthorized: {error!r}")

    @law(Has.FORBIDS)
    async def test_a_missing_permission_is_unauthorized(self, bench: SourceBench) -> None:
        """A key that may not read orders is Unauthorized, and not an empty shop."""
        bench.sell_many(3)
        bench.vendor.forbid()
        for name, call in bench.calls():
            error = await refusal(call)
            require(isinstance(error, Unauthorized), f"{name} must be Unauthorized: {error!r}")

    @law(Can.HTTP)
    async def test_check_is_quick(self, bench: SourceBench) -> None:
        """``check`` asks the shop, and does not pull it."""
        bench.sell_many()
        await bench.it.check()
        asked = len(bench.wire.requests)
        require(1 <= asked <= self.check_requests, f"check made {asked} requests")

    @law()
    async def test_the_probe_is_honest(self, bench: SourceBench) -> None:
        """Orders as old as ``probe`` says can be seen are brought; what hides the rest is told."""
        old = bench.sell(customer=1)
        bench.vendor.wait(5 * YEAR)
        young = bench.sell(customer=2, email=address(2))
        coverage = await bench.it.probe()
        held = await bench.pull()
        require(young in held.standing(), "the young order was not brought")
        if coverage.history is None:
            require(old in held.standing(), "an order of five years ago is hidden, and not told")
        else:
            require(coverage.advice, "probe tells no way to see the rest")

    @law()
    async def test_it_says_that_it_brings_orders(self, bench: SourceBench) -> None:
        """``brings`` names orders."""
        require("orders" in bench.it.brings(), f"it brings {bench.it.brings()}")

    @law(Can.HTTP)
    async def test_nothing_is_asked_that_could_change_the_shop(self, bench: SourceBench) -> None:
        """Every request is a question."""
        await _everything(bench)
        for request in bench.wire.requests:
            said = f"{request.method} {request.url.path} is no question"
            require(bench.laws.is_read(request), said)

    @law(Can.HTTP)
    async def test_only_its_own_address_is_spoken_to(self, bench: SourceBench) -> None:
        """Every request goes to the address of the options."""
        await _everything(bench)
        for request in bench.wire.requests:
            same(origin(request.url), ADDRESS, "address")

    @law(Can.HTTP)
    async def test_a_redirect_is_not_followed(self, bench: SourceBench) -> None:
        """A redirect is an error for the operator: the key goes to nobody else."""
        for status in (301, 302, 307, 308):
            for name, call in bench.calls():
                bench.wire.suffer(wire.answer(status, headers={"Location": f"{ELSEWHERE}/x"}))
                error = await refusal(call)
                told = isinstance(error, Misconfigured)
                require(told, f"{name}: {status} must be Misconfigured, not {error!r}")
        require(all(origin(r.url) == ADDRESS for r in bench.wire.requests), "it was followed")

    @law(Can.HTTP)
    async def test_links_in_answers_lead_nowhere_else(self, bench: SourceBench) -> None:
        """A link to the next page, in body or header, never takes the key to another server."""
        bench.sell_many()
        for away in (_body_leads_away, wire.relinked(ADDRESS, ELSEWHERE)):
            bench.wire.suffer(away)
            try:
                await bench.pull()
            except ConnectorError:
                continue  # to stop is right too
            finally:
                told = [r for r in bench.wire.requests if origin(r.url) != ADDRESS]
                require(not any(credentials(r) for r in told), "the key went to another server")
                require(not any(KEY in str(r.url) for r in told), "the key went to another server")

    @law(Can.HTTP)
    async def test_every_request_has_a_time_limit(self, bench: SourceBench) -> None:
        """No request can wait for ever."""
        await _everything(bench)
        for request in bench.wire.requests:
            limits = request.extensions.get("timeout") or {"read": None}
            require(None not in limits.values(), f"{request.method} {request.url.path}: {limits}")

    @law(Can.HTTP, Can.RATES)
    async def test_rates_cover_every_request(self, bench: SourceBench) -> None:
        """Each request falls under one of the declared rates, so none goes uncounted."""
        await _everything(bench)
        for request in bench.wire.requests:
            covered = any(rate.matches(request) for rate in bench.it.limits())
            require(covered, f"no rate counts {request.method} {request.url.path}")

    @law(Can.HTTP, Can.KEY)
    async def test_the_key_and_addresses_stand_in_no_url(self, bench: SourceBench) -> None:
        """URLs end up in the logs of every proxy on the way."""
        await _everything(bench)
        for request in bench.wire.requests:
            told = canaries(httpx.URL(request.url).raw_path.decode("ascii"))
            require(not told, f"{request.method} {request.url.path} holds {told}")

    @law()
    async def test_no_log_holds_the_key_or_an_address(self, bench: SourceBench) -> None:
        """Whatever happens, nothing is logged that must not be told."""
        with logged() as records:
            await _everything(bench)
            for _name, call in bench.calls():
                bench.wire.suffer(_echo(500))
                await refusal(call)
        for record in records:
            told = canaries(record.getMessage() + str(record.exc_info or ""))
            require(not told, f"the logger {record.name} was told {told}")

    @law(Can.HTTP)
    async def test_errors_hold_no_key_and_no_address(self, bench: SourceBench) -> None:
        """An error masks the key and customers' addresses, wherever the vendor repeats them."""
        mishaps = [_echo(status) for status in (400, 401, 403, 404, 422, 429, 500)]
        mishaps.append(wire.error(httpx.ConnectError, f"{KEY} of {address(1)}"))
        for mishap in mishaps:
            for name, call in bench.calls():
                bench.wire.suffer(mishap)
                error = await refusal(call)
                require(error, f"{name} raised nothing")
                told = canaries(f"{error} {error!r}")
                require(not told, f"{name}: {told} in {error!r}")

    @law(Can.HTTP, Can.KEY)
    async def test_the_key_as_it_is_sent_is_masked(self, bench: SourceBench) -> None:
        """Where a key is sent in another form, as in Basic, ``secrets()`` names that form too."""
        await bench.it.check()
        sent = credentials(bench.wire.requests[-1])
        for name, call in bench.calls():
            bench.wire.suffer(wire.answer(422, text=f"you said {' and '.join(sent)}"))
            told = str(await refusal(call))
            require(not any(one in told for one in sent), f"{name}: the key as sent is in {told!r}")

    @law(Has.SPOILS)
    async def test_faults_name_no_address(self, bench: SourceBench) -> None:
        """What is told of rows that cannot be used names ids, and no address."""
        for order_id in bench.sell_many()[1:]:
            bench.vendor.spoil(order_id)
        told = canaries(" ".join((await bench.pull()).faults))
        require(not told, f"faults hold {told}")

    @law(Can.HTTP)
    async def test_building_it_asks_nothing(self, bench: SourceBench) -> None:
        """Making an instance makes no request."""
        for _ in range(10):
            await asyncio.sleep(0)  # what it may have begun on the side goes on
        same(len(bench.wire.requests), 0, "requests")

    @law()
    async def test_closing_it_gives_connections_back(self, bench: SourceBench) -> None:
        """``aclose`` closes the transport that it was given, also when called twice."""
        bench.sell_many(3)
        await bench.it.check()
        await bench.it.aclose()
        require(bench.it.client.is_closed, "the client is still open")
        await bench.it.aclose()


async def _everything(bench: SourceBench) -> None:
    """Ask all that can be asked: the check, the probe, all orders, and what is new."""
    bench.sell_many()
    await bench.it.check()
    await bench.it.probe()
    held = await bench.pull()
    bench.vendor.wait(3_600)
    bench.sell()
    await bench.pull(held)


def _echo(status: int) -> wire.Mishap:
    """The vendor repeats what it was told, as vendors do."""
    return wire.answer(status, text=f'{{"message": "{address(1)} may not, says {KEY}"}}')


_body_leads_away = wire.rewritten(lambda body: body.replace(ADDRESS.encode(), ELSEWHERE.encode()))
