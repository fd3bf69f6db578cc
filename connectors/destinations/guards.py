"""What is held back before the wire: people without an identifier, doubles, fields not ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Literal, cast

from connectors.base import Destination
from connectors.errors import Misconfigured, Refused
from connectors.types import Batch, Enter, Exit, Identify, Outcome, Person, Rejected, Track

#: By what a vendor shall know a person: the e-mail address, our own id, or the address where one
#: is known and else our id. Exactly one is sent: two that point at two profiles are a conflict.
Identifier = Literal["auto", "email", "external_id"]


def identify(person: Person, by: Identifier) -> tuple[Literal["email", "external_id"], str] | None:
    """The one identifier to send, and which it is; None if the person lacks it."""
    email = person.email or None
    if by == "external_id" or (by == "auto" and email is None):
        return "external_id", person.id
    return None if email is None else ("email", email)


def identified(batch: Batch[Any], by: Identifier) -> None:
    """Raise Refused, naming those who lack the identifier, if there are any."""
    reason = "no e-mail address is known, and this destination identifies people by it"
    lacking: dict[str, Outcome] = {
        change.id: Rejected(reason) for change in batch if identify(change.person, by) is None
    }
    if lacking:
        raise Refused(f"{len(lacking)} of {len(batch)}: {reason}", outcomes=lacking)


def distinct(batch: Batch[Any], key: Callable[[Person], str]) -> None:
    """Raise Refused, so that the batch is halved, while two changes in it share an identifier.

    A vendor that names failures by identifier could not tell which of the two it means. Nothing
    is sent for it: halving ends as soon as the doubles stand in different requests.
    """
    shared = sum(count - 1 for count in Counter(key(c.person) for c in batch).values())
    if shared:
        raise Refused(f"{shared} of {len(batch)} changes share an identifier with another")


def audience_of(batch: Batch[Any]) -> str:
    """The one audience of a batch. Raises Refused, so that it is halved, while it has several."""
    changes = cast("tuple[Enter | Exit, ...]", batch.changes)
    found = {change.audience for change in changes}
    if len(found) > 1:
        raise Refused(f"{len(batch)} changes are about {len(found)} lists")
    return found.pop()


def unreserved(batch: Batch[Identify], destination: Destination[Any]) -> None:
    """Raise Misconfigured if a property would be written onto a field that is not ours."""
    names = {name for change in batch for name in change.properties}
    taken = sorted(
        name
        for name in names
        if any(fnmatchcase(name.casefold(), pattern) for pattern in destination.reserved)
    )
    if taken:
        vendor = type(destination).__name__
        raise Misconfigured(
            f"{vendor} keeps consent or identity in {', '.join(taken)}, which is never written; "
            "give the property another name"
        )


def refuse_backfill(batch: Batch[Track], vendor: str) -> None:
    """Raise Refused, naming the events that must trigger nothing, which the vendor cannot do."""
    reason = f"{vendor} cannot record an event without triggering what waits for it"
    old: dict[str, Outcome] = {c.id: Rejected(reason) for c in batch if c.backfill}
    if old:
        raise Refused(f"{len(old)} of {len(batch)}: {reason}", outcomes=old)
