"""Iterable's static lists: find or make one, put users on it, take them off.

Iterable calls it "subscribe" to put a user on a list, and "unsubscribe" to take him off. Neither
touches what he agreed to receive, as long as nothing else stands in the request: with
``channelUnsubscribe`` it would unsubscribe him from all messages. So these bodies name a list and
users and nothing more, and no other file may hold these words. Journeys can wait for new members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from httpx import Response

from connectors.base import Rate
from connectors.errors import Unavailable
from connectors.http import dig
from connectors.types import Audience

LISTS: Final = "/api/lists"
PUT_ON: Final = "/api/lists/subscribe"
TAKE_OFF: Final = "/api/lists/unsubscribe"
#: Reading is allowed 100 times a second. For changing lists no rate is documented: that of a bulk
#: update of users, the strictest of its kind.
RATES: Final = (Rate(100, 1, LISTS, ("GET",)), Rate(5, 1, LISTS, ("POST",)))


def oldest(response: Response, name: str) -> Audience | None:
    """The list that bears the name; of several the one that was made first."""
    listed = dig(response, "lists")
    found: list[tuple[int, int]] = []
    for row in cast("list[object]", listed) if isinstance(listed, list) else []:
        one = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
        if one.get("name") == name:
            found.append((int(one.get("createdAt") or 0), int(one["id"])))
    return Audience(str(min(found)[1]), name) if found else None


def made(response: Response, name: str) -> Audience:
    """The list that was made. Raises Unavailable if the answer does not tell its id."""
    list_id = dig(response, "listId")
    if not isinstance(list_id, int):
        raise Unavailable("Iterable made a list and did not tell its id")
    return Audience(str(list_id), name)


def body(list_id: str, users: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """The whole request of either call: the list, and one identifier of each user."""
    return {"listId": int(list_id), "subscribers": list(users)}
