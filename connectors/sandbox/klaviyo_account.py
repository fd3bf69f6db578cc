"""The state of one Klaviyo account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.klaviyo_events import EventStore
from connectors.sandbox.klaviyo_jobs import Importer, Job
from connectors.sandbox.klaviyo_lists import ProfileList
from connectors.sandbox.klaviyo_profiles import IDENTIFIERS, STANDARD, Profile, Profiles

JSON = dict[str, Any]


class Account:
    """Profiles, events, lists and jobs."""

    def __init__(self, *, null_clears: bool, unset_acts: bool) -> None:
        self.profiles = Profiles()
        self.events = EventStore()
        self.lists: dict[str, ProfileList] = {}
        self.jobs: dict[str, Job] = {}
        self.importer = Importer(self.profiles, null_clears=null_clears, unset_acts=unset_acts)
        self._open: dict[str, Job] = {}

    def take(self, job: Job) -> None:
        """Remember a job that has been taken; nothing of it is done yet."""
        self.jobs[job.id] = job
        self._open[job.id] = job

    def settle(self, now: datetime, job_seconds: float) -> None:
        """Finish, in order, the jobs whose time has come and that no dial holds back."""
        for job in list(self._open.values()):
            if job.polls_left == 0 and now >= job.created_at + timedelta(seconds=job_seconds):
                self._finish(job, now)

    @staticmethod
    def poll(job: Job, now: datetime) -> None:
        """Somebody asks for the job: an unfinished one moves on."""
        if job.open:
            job.status = "processing"
            job.started_at = job.started_at or now
            job.polls_left = max(0, job.polls_left - 1)

    def _finish(self, job: Job, now: datetime) -> None:
        del self._open[job.id]
        written = self.importer.finish(job, now)
        for list_id in job.list_ids:
            self.lists[list_id].members.update(dict.fromkeys(written))

    def stored(self, profile: Profile) -> JSON:
        """A profile as it is stored, for inspection: only what has a value."""
        own = {name: getattr(profile, name) for name in IDENTIFIERS}
        on = [one.name for one in self.lists.values() if profile.id in one.members]
        return {
            "id": profile.id,
            **{name: value for name, value in own.items() if value is not None},
            **profile.attributes,
            "properties": profile.properties,
            "lists": on,
            "created": profile.created.isoformat(),
            "updated": profile.updated.isoformat(),
        }


def resource(profile: Profile, base: str) -> JSON:
    """A profile as JSON:API."""
    me = f"{base}/api/profiles/{profile.id}"
    return {
        "type": "profile",
        "id": profile.id,
        "attributes": {
            **{name: getattr(profile, name) for name in IDENTIFIERS},
            **{name: profile.attributes.get(name) for name in STANDARD if name != "location"},
            "location": profile.attributes.get("location") or {},
            "properties": profile.properties,
            "created": profile.created.isoformat(),
            "updated": profile.updated.isoformat(),
            "last_event_date": None,
        },
        "relationships": {
            name: {"links": {"self": f"{me}/relationships/{name}", "related": f"{me}/{name}"}}
            for name in ("lists", "segments")
        },
        "links": {"self": me},
    }
