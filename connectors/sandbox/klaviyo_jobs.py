"""Klaviyo's bulk profile import jobs: taken at once, done later, errors by record.

Documented: 10,000 profiles, 5 MB, 100 kB a profile; null does not clear here; the statuses. Our
assumptions: a record without identifiers, with a bad one, or with two that belong to two profiles
becomes an import error; ``meta.patch_properties.unset`` acts; a job is known for seven days.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.sandbox.faults import Fault
from connectors.sandbox.klaviyo_jsonapi import error
from connectors.sandbox.klaviyo_profiles import (
    Conflict,
    Profile,
    Profiles,
    check_shape,
    fault_of,
    identified,
    patch,
)
from connectors.sandbox.wire import mapping

JSON = dict[str, Any]
RECORDS: Final = "/data/attributes/profiles/data"


@dataclass(slots=True)
class Job:
    """One bulk import. ``polls_left`` counts the polls that still find it unfinished."""

    id: str
    records: list[JSON]
    list_ids: list[str]
    created_at: datetime
    expires_at: datetime
    total: int
    polls_left: int = 0
    part: float = 1.0
    ends: str = "complete"
    lost: bool = False
    poison: Fault | None = None
    status: str = "queued"
    started_at: datetime | None = None
    completed_at: datetime | None = None
    errors: list[JSON] = field(default_factory=list[JSON])
    profile_ids: list[str] = field(default_factory=list[str])

    @property
    def open(self) -> bool:
        """Whether there is still something to do."""
        return self.completed_at is None

    def resource(self, base: str) -> JSON:
        """The job as JSON:API."""
        me = f"{base}/api/profile-bulk-import-jobs/{self.id}"
        related = {
            name: {
                "links": {"self": f"{me}/relationships/{name}", "related": f"{me}/{name}"},
            }
            for name in ("lists", "profiles")
        }
        return {
            "type": "profile-bulk-import-job",
            "id": self.id,
            "attributes": {
                "status": self.status,
                "created_at": self.created_at.isoformat(),
                "total_count": self.total,
                "completed_count": len(self.profile_ids),
                "failed_count": len(self.errors),
                "completed_at": _iso(self.completed_at),
                "expires_at": self.expires_at.isoformat(),
                "started_at": _iso(self.started_at),
            },
            "relationships": {
                **related,
                "import-errors": {"links": {"related": f"{me}/import-errors"}},
            },
            "links": {"self": me},
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def new_job(records: list[JSON], list_ids: list[str], now: datetime, days: float) -> Job:
    """A job that has just been taken."""
    expires = now + timedelta(days=days)
    return Job(str(uuid.uuid4()), records, list_ids, now, expires, len(records))


def check_records(records: list[Any], max_record_bytes: int) -> list[JSON]:
    """Errors that refuse the whole request: wrong JSON types and records that are too large."""
    errors: list[JSON] = []
    for i, record in enumerate(records):
        wrong = check_shape(record, f"{RECORDS}/{i}")
        if wrong is not None:
            errors.append(error(400, "invalid", wrong[1], pointer=wrong[0]))
        # a character of repr() stands for at most six bytes of JSON: the exact size is dear
        elif len(repr(record)) * 6 > max_record_bytes and _size(record) > max_record_bytes:
            detail = f"A profile is larger than {max_record_bytes} bytes."
            errors.append(error(400, "invalid", detail, pointer=f"{RECORDS}/{i}"))
    return errors


def _size(record: object) -> int:
    return len(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode())


class Importer:
    """Applies jobs to the profiles."""

    def __init__(self, profiles: Profiles, *, null_clears: bool, unset_acts: bool) -> None:
        self._profiles = profiles
        self._null_clears = null_clears
        self._unset_acts = unset_acts

    def finish(self, job: Job, now: datetime) -> list[str]:
        """Do what the job asks for, record by record; returns the ids of the profiles written."""
        job.started_at = job.started_at or now
        due = job.records[: round(len(job.records) * job.part)]
        for i, record in enumerate(due):
            found = self._match(i, record, job.poison)
            if isinstance(found, dict):
                named = found["source"]["pointer"] != "/data"
                job.errors.append(_import_error(found, record if named else None))
            else:
                job.profile_ids.append(self._write(found, record, now).id)
        job.records = []
        job.status, job.completed_at = job.ends, now
        return job.profile_ids

    def record_error(self, i: int, record: JSON, poison: Fault | None) -> JSON | None:
        """Why this record cannot be taken, or None."""
        found = self._match(i, record, poison)
        return found if isinstance(found, dict) else None

    def _match(self, i: int, record: JSON, poison: Fault | None) -> Profile | JSON | None:
        """The profile that the record means, None for a new one, or the error as an object."""
        pointer = f"{RECORDS}/{i}"
        if poison is not None and poison.hits(*_names(record)):
            where = pointer if poison.named else "/data"
            return error(400, poison.code or "invalid", "Refused by dial.", pointer=where)
        if not identified(record):
            detail = "One of email, phone_number, external_id or id is required."
            return error(400, "invalid", detail, pointer=f"{pointer}/attributes")
        wrong = fault_of(record["attributes"])
        if wrong is not None:
            return error(400, "invalid", wrong[1], pointer=f"{pointer}/attributes/{wrong[0]}")
        profile_id = record.get("id")
        if profile_id is not None and profile_id not in self._profiles.by_id:
            return error(404, "not_found", "No profile has this id.", pointer=f"{pointer}/id")
        try:
            return self._profiles.find(profile_id, record["attributes"])
        except Conflict as conflict:
            detail = "Two identifiers belong to two profiles."
            meta = {"duplicate_profile_id": conflict.profile_id}
            return error(409, "duplicate_profile", detail, pointer=pointer, meta=meta)

    def _write(self, found: Profile | None, record: JSON, now: datetime) -> Profile:
        profile = self._profiles.create(now) if found is None else found
        self._profiles.write(profile, record["attributes"], now, clears=self._null_clears)
        if self._unset_acts and "meta" in record:
            patch(profile, record["meta"])
        return profile


def _names(record: JSON) -> tuple[str | None, ...]:
    attributes = mapping(record.get("attributes")) or {}
    return (
        record.get("id"),
        attributes.get("external_id"),
        attributes.get("email"),
        attributes.get("phone_number"),
    )


def _import_error(wrong: JSON, record: JSON | None) -> JSON:
    return {
        "type": "import-error",
        "id": wrong["id"],
        "attributes": {
            "code": wrong["code"],
            "title": wrong["title"],
            "detail": wrong["detail"],
            "source": wrong["source"],
            "original_payload": record,
        },
    }
