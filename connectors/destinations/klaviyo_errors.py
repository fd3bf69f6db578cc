"""From Klaviyo's error objects (JSON:API) back to our changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from connectors.errors import ConnectorError, Misconfigured, Refused
from connectors.http import Rejection, mask
from connectors.types import Batch, Change, Delivered, Outcome, Receipt, Rejected, Track

#: JSON pointers into our two requests: the record's index, and that of an event in its profile.
_PROFILE: Final = re.compile(r"/profiles/data/(\d+)(?:/|$)")
_EVENT: Final = re.compile(
    r"/events-bulk-create/data/(\d+)(?:/attributes/events/data/(\d+))?(?:/|$)"
)
#: The code of a repeated unique_id is not documented, so it is known by what it talks about.
_REPEAT: Final = re.compile(r"duplicat|already|repeat|exist|conflict")


def key(field: str, value: str) -> str:
    """One text for an identifier; addresses are compared without regard to case."""
    return f"{field}:{value.strip().casefold() if field == 'email' else value}"


def listed(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array; what is no object stands as an empty one."""
    return (
        [_object(item) for item in cast("list[object]", value)] if isinstance(value, list) else []
    )


def import_refused(refusal: Rejection, sent: Sequence[Change]) -> ConnectorError:
    """The refusal of an import, with those of its records that ``source.pointer`` names."""
    if _about_call(refusal):
        return Misconfigured(str(refusal))
    outcomes: dict[str, Outcome] = {}
    for error in _objects(refusal):
        change = _pointed(error, sent)
        if change is not None:
            outcomes[change.id] = Rejected(_words(error))
    return Refused(str(refusal), outcomes=outcomes)


def events_refused(refusal: Rejection, sent: Sequence[Sequence[Track]]) -> ConnectorError:
    """The refusal of events, with those that are named; repeats of a ``unique_id`` are delivered.

    ``sent`` are the events as they stood in the request: by profile, then in order.
    """
    if _about_call(refusal):
        return Misconfigured(str(refusal))
    outcomes: dict[str, Outcome] = {}
    alone = [change for group in sent for change in group] if _single(sent) else []
    for error in _objects(refusal):
        if _is_repeat(error):
            outcomes |= {change.id: Delivered() for change in _events(error, sent) or alone}
        else:
            reason = Rejected(_words(error))
            outcomes |= {change.id: reason for change in _events(error, sent)}
    return Refused(str(refusal), outcomes=outcomes)


def settled(
    batch: Batch[Any],
    errors: Iterable[Mapping[str, Any]],
    failed: object,
    keys: Mapping[str, str],
    sent: Sequence[Change],
) -> Receipt:
    """The receipt of a complete import job.

    ``keys`` gives the change id by identifier. The pointer of an error counts only where it holds
    no payload. If the changes found are not as many as ``failed``, somebody failed who is not
    named: all who are not named are unsure.
    """
    rejected: dict[str, str] = {}
    strangers = 0
    for error in errors:
        said = _object(error.get("attributes")) or error
        change_id = _owner(said, keys, sent)
        if change_id is None:
            strangers += 1
        else:
            rejected[change_id] = _words(said)
    if not strangers and (failed is None or failed == len(rejected)):
        return batch.delivered(rejected)
    doubt = f"Klaviyo counted {failed} failed profiles and named {len(rejected)} of ours"
    unsure = {change.id: doubt for change in batch if change.id not in rejected}
    return batch.delivered(rejected, unsure)


def _owner(error: Mapping[str, Any], keys: Mapping[str, str], sent: Sequence[Change]) -> str | None:
    payload = _object(error.get("original_payload"))
    if not payload:
        change = _pointed(error, sent)
        return None if change is None else change.id
    data = _object(payload.get("data")) or payload
    for holder in (data, _object(data.get("attributes"))):
        for field in ("email", "external_id"):
            value = holder.get(field)
            if isinstance(value, str) and key(field, value) in keys:
                return keys[key(field, value)]
    return None


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _pointer(error: Mapping[str, Any]) -> str:
    return str(_object(error.get("source")).get("pointer") or "")


def _about_call(refusal: Rejection) -> bool:
    """Whether a parameter, a header or the list is at fault, so that no record can be."""
    sources = [_object(error.get("source")) for error in _objects(refusal)]
    return any(
        ("parameter" in source and "pointer" not in source)
        or str(source.get("pointer")).startswith("/data/relationships/")
        for source in sources
    )


def _pointed(error: Mapping[str, Any], sent: Sequence[Change]) -> Change | None:
    found = _PROFILE.search(_pointer(error))
    index = None if found is None else int(found[1])
    return sent[index] if index is not None and index < len(sent) else None


def _events(error: Mapping[str, Any], sent: Sequence[Sequence[Track]]) -> list[Track]:
    found = _EVENT.search(_pointer(error))
    if found is None or int(found[1]) >= len(sent):
        return []
    group = sent[int(found[1])]
    if found[2] is None:
        return list(group) if not _is_repeat(error) or len(group) == 1 else []
    return list(group[int(found[2]) : int(found[2]) + 1])


def _single(sent: Sequence[Sequence[Track]]) -> bool:
    return len(sent) == 1 and len(sent[0]) == 1


def _is_repeat(error: Mapping[str, Any]) -> bool:
    said = f"{error.get('code')} {error.get('title')} {error.get('detail')}".casefold()
    about = "unique_id" in said or "unique_id" in _pointer(error)
    return about and _REPEAT.search(said) is not None


def _objects(refusal: Rejection) -> list[dict[str, Any]]:
    try:
        return listed(_object(refusal.response.json()).get("errors"))
    except ValueError:
        return []


def _words(error: Mapping[str, Any]) -> str:
    parts = (error.get("code"), error.get("detail") or error.get("title"))
    return mask(": ".join(str(part) for part in parts if part)) or "refused without a reason"
