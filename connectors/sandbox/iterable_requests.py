"""What Iterable's endpoints share: the envelope, reading records, field types, writing users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.responses import Response

from connectors.sandbox.iterable_types import FieldTypes
from connectors.sandbox.iterable_users import Failures, User, merge
from connectors.sandbox.wire import Answered, Call, answer, mapping, sequence

if TYPE_CHECKING:
    from connectors.sandbox.iterable import Iterable

JSON = dict[str, Any]


def failed(
    status: int, code: str, msg: str, params: Mapping[str, object] | None = None
) -> Response:
    """The envelope of an answer that is no success."""
    return answer(status, {"msg": msg, "code": code, "params": params})


def refuse(
    status: int, code: str, msg: str, params: Mapping[str, object] | None = None
) -> NoReturn:
    """Answer so at once, from anywhere below a handler."""
    raise Answered(failed(status, code, msg, params))


class Calls:
    """What the endpoints have in common; one is made for each group of them."""

    def __init__(self, iterable: Iterable) -> None:
        self._it = iterable

    def _body(self, call: Call) -> JSON:
        if len(call.body) > self._it.dials.max_bytes:
            refuse(
                413, "BatchTooLarge", f"The body is larger than {self._it.dials.max_bytes} bytes"
            )
        try:
            body = mapping(call.json)
        except ValueError:
            body = None
        if body is None:
            refuse(400, "BadJsonBody", "Request body is not a JSON object")
        return body

    def _records(self, body: JSON, name: str, most: int) -> list[JSON]:
        found = sequence(body.get(name))
        if found is None:
            refuse(400, "BadParams", f"{name}: an array is required")
        if len(found) > most:
            refuse(400, "BatchTooLarge", f"{name}: at most {most} are accepted")
        for i, one in enumerate(found):
            self._check_types(one, f"{name}[{i}]")
        return found

    @staticmethod
    def _check_types(one: object, where: str) -> None:
        record = mapping(one)
        if record is None:
            refuse(400, "BadParams", f"{where}: an object is required")
        for key in ("email", "userId", "id", "eventName"):
            if record.get(key) is not None and not isinstance(record[key], str):
                refuse(400, "BadParams", f"{where}.{key}: a string is required")
        if record.get("dataFields") is not None and not isinstance(record["dataFields"], dict):
            refuse(400, "BadParams", f"{where}.dataFields: an object is required")

    def _poison(self, call: Call, records: list[JSON]) -> dict[int, str]:
        """Which records a dial refuses, by index, and why."""
        poison = self._it.faults.strike({"poison"}, call.method, call.path)
        if poison is None:
            return {}
        hit = [
            i
            for i, record in enumerate(records)
            if poison.hits(record.get("email"), record.get("userId"), record.get("id"))
        ]
        if hit and poison.how == "request":
            refuse(400, poison.code or "BadParams", "Refused by dial")
        return dict.fromkeys(hit, poison.code or "invalid")

    def _typed(
        self, types: FieldTypes, records: list[JSON], *, creates: bool
    ) -> tuple[list[str], list[str]]:
        """Settle the types of new fields; returns the created and the filtered ones."""
        given = [record["dataFields"] for record in records if record.get("dataFields")]
        new, clashes = types.check(given)
        if clashes:
            name, first = next(iter(clashes.items()))
            msg = (
                "The request does not have the same data types as the data previously submitted. "
                f"Field '{name}' already exists for type '{types.category}' and has a data type of "
                f"'{first['expectedType']}' but possible types "
                f"'{', '.join(first['incomingTypes'])}' in the request."
            )
            refuse(400, "RequestFieldsTypesMismatched", msg, {"validationErrors": clashes})
        if not creates:
            top = [name for name in new if name.partition(".")[0] not in types.known]
            for fields in given:
                for name in top:
                    fields.pop(name.partition(".")[0], None)
            return [], sorted(top)
        if len(types.known) + len(new) > self._it.dials.max_fields:
            refuse(400, "UniqueFieldsLimitExceeded", "Too many unique fields in the project")
        types.known.update(new)
        return sorted(new), []

    def _write(
        self,
        records: list[JSON],
        failures: Failures,
        skip: dict[int, str],
        *,
        existing: bool = False,
    ) -> list[User]:
        """Upsert users one by one; who cannot be is named in ``failures``."""
        users, written = self._it.project.users, list[User]()
        for i, record in enumerate(records):
            why = skip.get(i) or users.wrong(record)
            if why is None:
                try:
                    there = users.find(record)
                except LookupError:
                    why = "conflict"
                else:
                    if there is None and (existing or not users.may_create(record)):
                        why = "notFound" if existing else "invalid"
            if why is not None:
                failures.add(why, record)
                continue
            user = users.upsert(record)
            merge(
                user, record.get("dataFields") or {}, nested=bool(record.get("mergeNestedObjects"))
            )
            written.append(user)
        return written
