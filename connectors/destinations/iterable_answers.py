"""From Iterable's answers back to our changes: lists of identifiers, counts, codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from httpx import Response

from connectors.errors import ConnectorError, Misconfigured, Refused
from connectors.http import Rejection, mask, read
from connectors.types import Batch, Person, Receipt, Track

NOT_FOUND: Final = "the user does not exist"
#: The lists of ``failedUpdates`` and what each says of those in it.
FAILURES: Final[Mapping[str, str]] = {
    "invalidEmails": "the e-mail address is not valid",
    "invalidUserIds": "the userId is not valid",
    "invalidDataEmails": "the data is not valid",
    "invalidDataUserIds": "the data is not valid",
    "conflictEmails": "the identifier belongs to another user as well; merge the two",
    "conflictUserIds": "the identifier belongs to another user as well; merge the two",
    "forgottenEmails": "the user was forgotten (GDPR) and may not come back",
    "forgottenUserIds": "the user was forgotten (GDPR) and may not come back",
    "notFoundEmails": NOT_FOUND,
    "notFoundUserIds": NOT_FOUND,
}

#: Codes by which an answer says that there is no such user. The first comes with a 500.
UNKNOWN: Final = frozenset(
    {"error.users.noUserWithIdExists", "UnknownEmailError", "UnknownUserIdError"}
)


def email_key(value: str) -> str:
    """One text for an address, which Iterable compares without regard to case."""
    return f"email:{value.strip().casefold()}"


def user_key(value: str) -> str:
    """One text for a userId, which is case-sensitive."""
    return f"userId:{value}"


def receipt(
    batch: Batch[Any],
    response: Response,
    key: Callable[[Person], str],
    *,
    none_is_done: bool = False,
) -> Receipt:
    """The receipt of a 200: those named in a failure list are rejected, the others delivered.

    ``none_is_done``: who is not found is delivered too. If the answer's counts do not agree with
    the names in it, those not named are unsure. Raises Misconfigured if Iterable has dropped
    fields: of these nothing arrived, of others it did.
    """
    body = read(response)
    dropped = body.get("filteredOutFields")
    if dropped:
        raise Misconfigured(
            f"Iterable dropped the fields {mask(_join(dropped))}, which the project does not have: "
            "create them there, or set create_new_fields: true",
            maybe_applied=True,
        )
    named = _named(body)
    disallowed = set(_texts(body.get("disallowedEventNames")))
    rejected: dict[str, str] = {}
    absent = 0
    for change in batch:
        reason = named.get(key(change.person))
        if reason is None and isinstance(change, Track) and change.name in disallowed:
            reason = "the project does not allow events of this name"
        if none_is_done and reason == NOT_FOUND:
            absent += 1
        elif reason is not None:
            rejected[change.id] = reason
    told = len(rejected) + absent
    failed, done = body.get("failCount"), body.get("successCount")
    if failed == told and done in {None, len(batch) - told}:
        return batch.delivered(rejected)
    doubt = f"Iterable counted {failed} failures and named {told} of ours"
    unsure = {change.id: doubt for change in batch if change.id not in rejected}
    return batch.delivered(rejected, unsure)


def failure(error: ConnectorError) -> ConnectorError:
    """The error of an unsuccessful answer: some codes say that no other request can succeed."""
    if isinstance(error, Rejection) and _code(error) == "UniqueFieldsLimitExceeded":
        return Misconfigured(
            f"the Iterable project has no room for new fields, free some first; {error}"
        )
    return error


def explained(refusal: Rejection) -> Refused:
    """The refusal in the reader's words where a field has the wrong type; else as it was."""
    if _code(refusal) != "RequestFieldsTypesMismatched":
        return refusal
    fields = _dict(_dict(_body(refusal).get("params")).get("validationErrors"))
    clashes = [
        f"{name.rpartition(':::')[2]} is {_dict(said).get('expectedType')} in the project, "
        f"{_join(_dict(said).get('incomingTypes'))} was sent"
        for name, said in fields.items()
    ]
    if not clashes:
        return refusal
    return Refused(mask(f"the type of a field does not fit: {'; '.join(clashes)}"))


def fields(response: Response) -> dict[str, Any] | None:
    """The data fields of a user that was asked for; None if the answer shows no user."""
    user = read(response).get("user") if response.is_success else None
    return None if user is None else _dict(_dict(user).get("dataFields"))


def is_unknown(response: Response) -> bool:
    """Whether the answer says that there is no such user: an empty object, or by its code."""
    body = read(response)
    return body.get("code") in UNKNOWN or (response.is_success and body.get("user") is None)


def _named(body: Mapping[str, Any]) -> dict[str, str]:
    lists = _dict(body.get("failedUpdates"))
    named: dict[str, str] = {}
    for name, reason in FAILURES.items():
        key = email_key if name.endswith("Emails") else user_key
        # the same lists at the top are deprecated, and still sent
        for value in (*_texts(lists.get(name)), *_texts(body.get(name))):
            named.setdefault(key(value), reason)
    return named


def _body(refusal: Rejection) -> dict[str, Any]:
    try:
        return _dict(refusal.response.json())
    except ValueError:
        return {}


def _code(refusal: Rejection) -> object:
    return _body(refusal).get("code")


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else []


def _join(value: object) -> str:
    return ", ".join(_texts(value)) or str(value)
