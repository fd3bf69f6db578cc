"""What a destination still holds under names or an address that are a customer's no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sync.ledger import Entry, Mark, Standing
from sync.values import Sent, dump, load

#: Of these e-mail addresses those that a customer of today has, casefolded.
Taken = Callable[[Iterable[str]], set[str]]

ON_THE_WAY = "the old address is cleared, and the new one has not been written yet"


def cleared(entry: Entry, before: Standing | None) -> Entry:
    """The entry, with a null for each property that stands there by a name that is ours no more.

    A prefix, a new name or a scheme that was switched off leaves such names behind. Once they are
    accepted as null they stand no more.
    """
    if before is None:
        return entry
    wanted = load(entry.value)
    stands = [load(text) for text in _may_hold(before)]
    old = {n for each in stands for n, value in each.properties.items() if value is not None}
    gone = old - wanted.properties.keys()
    if not gone:
        return entry
    properties = {**wanted.properties, **dict.fromkeys(sorted(gone))}
    return replace(entry, value=dump(replace(wanted, properties=properties)))


def departures(
    entries: Sequence[Entry], standing: Mapping[str, Standing], taken: Taken
) -> dict[str, Entry]:
    """By customer id: what clears the profile at an address that a customer has left.

    Where somebody of today has the address the profile is his, and stays. Of an id that has ended
    nothing is wanted, so that its own entry is sent to where it was known.
    """
    left: dict[str, tuple[Entry, Sent]] = {}
    for entry in entries:
        before = standing.get(entry.customer_id)
        texts = [] if before is None else _may_hold(before)
        if texts and not at(texts[0], entry.value):
            was = load(texts[0])
            if any(value is not None for value in was.properties.values()):
                left[entry.customer_id] = (entry, was)
    used = taken({was.email for _, was in left.values() if was.email is not None})
    return {
        key: Entry(
            key, _leaves(entry), dump(replace(was, properties=dict.fromkeys(was.properties)))
        )
        for key, (entry, was) in left.items()
        if was.email is None or was.email.casefold() not in used
    }


def at(one: str, other: str) -> bool:
    """Whether both texts of ``sync.values`` are of one address; none is like none."""
    mine, theirs = load(one).email, load(other).email
    return (mine and mine.casefold()) == (theirs and theirs.casefold())


def left(customer_id: str) -> str:
    """The ``wanted`` of somebody who is being cleared where he was; no customer has it."""
    return json.dumps([customer_id, "left"], ensure_ascii=False, separators=(",", ":"))


def _leaves(entry: Entry) -> str:
    wants = any(value is not None for value in load(entry.value).properties.values())
    return left(entry.customer_id) if wants else entry.wanted


def _may_hold(before: Standing) -> list[str]:
    """What was accepted, and what may have arrived since."""
    unsure = before.value if before.mark is Mark.UNSURE else None
    return [text for text in (before.accepted, unsure) if text is not None]
