"""From changes to requests: cut to size, and never two people with one address in the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connectors.base import Delivery, Destination
from connectors.exchange import cut
from connectors.types import Batch, Change, Person


def batches(
    destination: Destination[Any], delivery: Delivery, changes: Iterable[Change]
) -> Iterator[Batch[Any]]:
    """Batches for the wire, each in the order of its change ids.

    A vendor that names failures by address could not tell two people apart who share one: the
    second goes in a later request.
    """
    late: list[Change] = []
    for batch in cut(destination, delivery, changes):
        kept = _apart(batch.changes, late)
        yield Batch(tuple(sorted(kept, key=lambda change: change.id)))
    for turn in _turns(late):
        for batch in cut(destination, delivery, turn):
            yield Batch(tuple(sorted(batch, key=lambda change: change.id)))


def _apart(changes: Sequence[Change], late: list[Change]) -> list[Change]:
    """Those that can go together; the others are put to ``late``."""
    emails = [change.person.email for change in changes]
    phones = [change.person.phone for change in changes]
    given = [a.casefold() for both in (emails, phones) for a in both if a is not None]
    if len(set(given)) == len(given):
        return list(changes)
    owner: dict[str, str] = {}
    kept: list[Change] = []
    for change in changes:
        mine = change.person.id
        addresses = _addresses(change.person)
        if any(owner.get(address, mine) != mine for address in addresses):
            late.append(change)
            continue
        owner.update(dict.fromkeys(addresses, mine))
        kept.append(change)
    return kept


def _turns(late: Sequence[Change]) -> list[list[Change]]:
    """Groups without doubles, as few as can be: one pass, however often an address is shared."""
    free: dict[str, int] = {}
    turns: list[list[Change]] = []
    for change in late:
        addresses = _addresses(change.person)
        turn = max((free.get(address, 0) for address in addresses), default=0)
        free.update(dict.fromkeys(addresses, turn + 1))
        if turn == len(turns):
            turns.append([])
        turns[turn].append(change)
    return turns


def _addresses(person: Person) -> list[str]:
    both = (person.email, person.phone)
    return [address.casefold() for address in both if address is not None]
