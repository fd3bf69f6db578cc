"""Laws of what is said, to whom, and what must come to light nowhere."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import httpx

from connectors.errors import ConnectorError, Misconfigured
from connectors.testing import wire
from connectors.testing.bench import Bench, failing
from connectors.testing.changes import changes, identify, person
from connectors.testing.law import Can, Laws, expect, law, require, same
from connectors.testing.vendor import ADDRESS, KEY
from connectors.types import Identify, Rejected

#: Words of the fields and calls by which vendors keep what a person agreed to.
CONSENT: Final = re.compile(r"(un)?subscri|suppress|opt[_-]?(in|out)|consent", re.IGNORECASE)
ELSEWHERE: Final = "https://elsewhere.test"
LIBRARIES: Final = ("httpx", "httpcore", "asyncio", "hypothesis")


class SecretLaws(Laws):
    """Who is spoken to, and what is never told."""

    @law(Can.HTTP)
    async def test_only_its_own_address_is_spoken_to(self, bench: Bench) -> None:
        """Every request goes to the address of the options."""
        await _everything(bench)
        for request in bench.wire.requests:
            same(origin(request.url), ADDRESS, "address")

    @law(Can.HTTP)
    async def test_a_redirect_is_not_followed(self, bench: Bench) -> None:
        """A redirect is an error for the operator: the key goes to nobody else."""
        for status in (301, 302, 307, 308):
            away = wire.answer(status, headers={"Location": f"{ELSEWHERE}/x"})
            for name, call in bench.calls():
                bench.wire.suffer(away)
                error = await failing(call)
                told = isinstance(error, Misconfigured)
                require(told, f"{name}: {status} must be Misconfigured, not {error!r}")
        require(all(origin(r.url) == ADDRESS for r in bench.wire.requests), "it was followed")

    @law(Can.HTTP)
    async def test_links_in_answers_lead_nowhere_else(self, bench: Bench) -> None:
        """A link in an answer, to the next page or to a job, is never a way to another server."""
        away = wire.rewritten(lambda body: body.replace(ADDRESS.encode(), ELSEWHERE.encode()))
        for kind in bench.kinds:
            sent = changes(kind, bench.many(kind))
            bench.poison([one.person for one in sent])
            bench.wire.suffer(away)
            try:
                await bench.send(sent)
            except ConnectorError:
                continue  # to stop is right too
            finally:
                require(all(origin(r.url) == ADDRESS for r in bench.wire.requests), "it left")

    @law(Can.HTTP)
    async def test_every_request_has_a_time_limit(self, bench: Bench) -> None:
        """No request can wait for ever."""
        await _everything(bench)
        for request in bench.wire.requests:
            limits = request.extensions.get("timeout") or {"read": None}
            require(None not in limits.values(), f"{request.method} {request.url.path}: {limits}")

    @law(Can.HTTP, Can.RATES)
    async def test_rates_cover_every_request(self, bench: Bench) -> None:
        """Each request falls under one of the declared rates, so none goes uncounted."""
        await _everything(bench)
        for request in bench.wire.requests:
            covered = any(rate.matches(request) for rate in bench.it.limits())
            require(covered, f"no rate counts {request.method} {request.url.path}")

    @law(Can.HTTP, Can.KEY)
    async def test_the_key_and_addresses_stand_in_no_url(self, bench: Bench) -> None:
        """URLs end up in the logs of every proxy on the way."""
        await _everything(bench)
        for request in bench.wire.requests:
            told = canaries(httpx.URL(request.url).raw_path.decode("ascii"))
            require(not told, f"{request.method} {request.url.path} holds {told}")

    @law()
    async def test_no_log_holds_the_key_or_an_address(self, bench: Bench) -> None:
        """Whatever happens, nothing is logged that must not be told."""
        with logged() as records:
            await _everything(bench)
            for _name, call in bench.calls():
                bench.wire.suffer(_echo(500))
                await failing(call)
        for record in records:
            told = canaries(record.getMessage() + str(record.exc_info or ""))
            require(not told, f"the logger {record.name} was told {told}")

    @law()
    async def test_nothing_speaks_of_consent(self, bench: Bench) -> None:
        """No path and no field by which a vendor keeps consent is ever used."""
        await _everything(bench)
        for request in bench.wire.requests:
            words = [request.url.path, *wire.keys(request)]
            said = (word for word in words if word not in self.no_consent)
            found = next((word for word in said if CONSENT.search(word)), None)
            require(found is None, f"{request.method} {request.url.path} says {found}")

    @law(Can.IDENTIFY, Can.CONSENT)
    async def test_a_property_named_like_consent_is_refused(self, bench: Bench) -> None:
        """A property that would be written onto a field of consent is Misconfigured, not sent."""
        for name in self.consent_fields:
            one = identify(1, {name: "opted_in"})
            error = await failing(bench.once, [one])
            require(isinstance(error, Misconfigured), f"{name} must be Misconfigured: {error!r}")
        same(len(bench.wire.requests), 0, "requests")

    @law(Can.HTTP)
    async def test_errors_hold_no_key_and_no_address(self, bench: Bench) -> None:
        """An error masks the key and customers' addresses, wherever the vendor repeats them."""
        for status in (400, 401, 403, 404, 409, 422, 429, 500):
            await _told(bench, _echo(status))
        for kind in (httpx.ConnectError, httpx.ReadTimeout):
            await _told(bench, wire.error(kind, f"{KEY} of {person(1).email}"))

    @law(Can.HTTP, Can.KEY)
    async def test_the_key_as_it_is_sent_is_masked(self, bench: Bench) -> None:
        """Where a key is sent in another form, as in Basic, ``secrets()`` names that form too."""
        await bench.it.check()
        sent = credentials(bench.wire.requests[-1])
        for name, call in bench.calls():
            bench.wire.suffer(wire.answer(422, text=f"you said {' and '.join(sent)}"))
            told = str(await failing(call))
            require(not any(one in told for one in sent), f"{name}: the key as sent is in {told!r}")

    @law(Can.REJECT)
    async def test_reasons_hold_no_key_and_no_address(self, bench: Bench) -> None:
        """The reason of a rejection is short, readable, and names neither key nor address."""
        for kind in bench.kinds:
            sent = changes(kind, min(3, bench.many(kind)))
            await bench.prepare(sent)
            bench.poison([sent[0].person])
            outcome = (await bench.send(sent)).outcomes[sent[0].id]
            reason = expect(outcome, Rejected, f"{kind.__name__}, poisoned").reason
            require(reason.strip() and len(reason) <= 500, f"{kind.__name__}: reason {reason!r}")
            require(not canaries(reason), f"{kind.__name__}: {canaries(reason)} in {reason!r}")
            bench.poison([])


async def _everything(bench: Bench) -> None:
    """Say all that can be said: the check, and good and bad changes of each kind."""
    await bench.it.check()
    for kind in bench.kinds:
        sent = changes(kind, min(3, bench.many(kind)))
        await bench.prepare(sent)
        await bench.deliver(*sent)
        bench.poison([sent[0].person])
        await bench.send(changes(kind, len(sent)))
        bench.poison([])
    if Identify in bench.kinds:
        await bench.send([identify(9, {"lifecycle_segment": None})])


def _echo(status: int) -> wire.Mishap:
    """The vendor repeats what it was told, as vendors do."""
    said = f'{{"message": "{person(1).email} {person(0).email} may not, says {KEY}"}}'
    return wire.answer(status, text=said)


async def _told(bench: Bench, mishap: wire.Mishap) -> None:
    for name, call in bench.calls():
        bench.wire.suffer(mishap)
        error = await failing(call)
        # a check may be content with an answer of 400
        require(error or name == "check", f"{name} raised nothing")
        outcomes = getattr(error, "outcomes", {})
        told = canaries(f"{error} {error!r} {outcomes}")
        require(not told, f"{name}: {told} in {error!r}")


def credentials(request: httpx.Request) -> list[str]:
    """The words of the headers that are the key, or hold it in base 64."""
    found: list[str] = []
    for word in " ".join(request.headers.values()).split():
        try:
            plain = base64.b64decode(word, validate=True).decode()
        except ValueError:
            plain = ""
        if KEY in word or KEY in plain:
            found.append(word)
    return found


def canaries(text: str) -> list[str]:
    """What of the key and of customers' addresses a text holds."""
    addresses = re.findall(r"canary\d+(?:@|%40)example", text)
    return [*addresses, *(["the key"] if KEY in text else [])]


def origin(url: httpx.URL) -> str:
    """Scheme and host of a URL."""
    return f"{url.scheme}://{url.netloc.decode()}"


class _Keeper(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def logged() -> Generator[list[logging.LogRecord]]:
    """All that is logged at any level, but by libraries that the engine keeps quiet."""
    handler = _Keeper(logging.DEBUG)
    handler.addFilter(lambda record: record.name.partition(".")[0] not in LIBRARIES)
    root = logging.getLogger()
    level, disabled = root.level, root.manager.disable
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.disable(logging.NOTSET)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.disable(disabled)
