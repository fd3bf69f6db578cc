"""From changes to receipts: cut into requests, check the outcomes, halve what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from connectors.base import Delivery, Destination
from connectors.errors import BrokenConnector, Refused
from connectors.http import encode
from connectors.types import Batch, Change, Outcome, Receipt, Rejected

#: What a request holds around its records (keys, list ids), in bytes; kept free in each.
ENVELOPE = 2_048

#: Changes that are weighed at a time.
WEIGHED = 100

Attempt = Callable[[Batch[Any]], Awaitable[Receipt]]


def cut(
    destination: Destination[Any], delivery: Delivery, changes: Iterable[Change]
) -> Iterator[Batch[Any]]:
    """Batches within the count and the bytes that one request may have, in the order given."""
    room = None if delivery.bytes is None else delivery.bytes - ENVELOPE
    left = iter(changes)
    batch: list[Change] = []
    weight = 0
    while some := list(islice(left, min(WEIGHED, delivery.size - len(batch)))):
        own = 0 if room is None else _weight(destination, some)
        light = room is None or weight + own <= room
        for part in [some] if light else ([change] for change in some):
            own = own if light else _weight(destination, part)
            if batch and room is not None and weight + own > room:
                yield Batch(tuple(batch))
                batch, weight = [], 0
            batch += part
            weight += own
        if len(batch) == delivery.size:
            yield Batch(tuple(batch))
            batch, weight = [], 0
    if batch:
        yield Batch(tuple(batch))


def _weight(destination: Destination[Any], changes: Sequence[Change]) -> int:
    """Bytes of JSON, a comma after each; several at a time, which takes half as long."""
    return len(encode([destination.wire(change) for change in changes])) - 1


async def exchange(
    batch: Batch[Any], attempt: Attempt
) -> AsyncIterator[tuple[Batch[Any], Receipt]]:
    """Send a batch and yield what became of each part of it, as soon as it is known.

    A refused request loses the culprits that the answer names; with none named it is halved, until
    the one bad record stands alone. With k bad records among n that takes at most 2·k·log2(n)
    further requests. Whole-request failures of ``attempt`` pass through: what was yielded stands.
    """
    waiting = [batch]
    while waiting:
        part = waiting.pop()
        try:
            receipt = await attempt(part)
        except Refused as refusal:
            known = named(part, refusal)
            if known is not None:
                yield known
            waiting.extend(reversed(remainder(part, refusal)))
        else:
            yield part, verified(part, receipt)


def named(part: Batch[Any], refusal: Refused) -> tuple[Batch[Any], Receipt] | None:
    """The changes whose fate a refusal tells: those it names, or the last one left."""
    outcomes: dict[str, Outcome] = dict(refusal.outcomes)
    if not outcomes and len(part) == 1:
        outcomes = {part.changes[0].id: Rejected(str(refusal))}
    if not outcomes:
        return None
    those = Batch(tuple(change for change in part if change.id in outcomes))
    return those, verified(those, Receipt(outcomes))


def remainder(part: Batch[Any], refusal: Refused) -> list[Batch[Any]]:
    """What is still to be sent after a refusal: the unnamed, or both halves if none was named."""
    if refusal.outcomes:
        rest = tuple(change for change in part if change.id not in refusal.outcomes)
        return [Batch(rest)] if rest else []
    if len(part) == 1:
        return []
    middle = len(part) // 2
    return [Batch(part.changes[:middle]), Batch(part.changes[middle:])]


def verified(batch: Batch[Any], receipt: Receipt) -> Receipt:
    """The receipt, if it accounts for exactly the changes of the batch; else BrokenConnector."""
    if receipt.ticket is not None:
        return receipt
    sent = {change.id for change in batch}
    missing, invented = sent - receipt.outcomes.keys(), receipt.outcomes.keys() - sent
    if missing or invented:
        raise BrokenConnector(
            f"a receipt misses {len(missing)} and invents {len(invented)} of {len(sent)} change ids"
        )
    return receipt
