"""Klaviyo's endpoints that work in bulk: import jobs and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from connectors.sandbox import klaviyo_events as events
from connectors.sandbox import klaviyo_jsonapi as jsonapi
from connectors.sandbox.klaviyo_account import resource
from connectors.sandbox.klaviyo_events import Incoming
from connectors.sandbox.klaviyo_jobs import RECORDS, Job, check_records, new_job
from connectors.sandbox.klaviyo_profiles import Conflict, Profile
from connectors.sandbox.wire import Answered, Call, mapping, sequence

if TYPE_CHECKING:
    from connectors.sandbox.klaviyo import Klaviyo

JSON = dict[str, Any]


def page_cap(klaviyo: Klaviyo, call: Call) -> int | None:
    """How small a dial wants pages to be, if one is turned."""
    fault = klaviyo.faults.strike({"small_pages"}, call.method, call.path)
    return None if fault is None else fault.size


class JobCalls:
    """``/api/profile-bulk-import-jobs``."""

    def __init__(self, klaviyo: Klaviyo) -> None:
        self._it = klaviyo

    def create(self, call: Call) -> Response:
        """Take a job: 202, nothing of it is done yet."""
        dials = self._it.dials
        data = jsonapi.document(call, "profile-bulk-import-job", dials.max_bytes)
        records = sequence((mapping(data["attributes"].get("profiles")) or {}).get("data"))
        if records is None:
            jsonapi.refuse(400, "invalid", "An array of profiles is required.", pointer=RECORDS)
        if not 1 <= len(records) <= dials.max_profiles:
            detail = f"From 1 to {dials.max_profiles} profiles are accepted."
            jsonapi.refuse(400, "invalid", detail, pointer=RECORDS)
        errors = check_records(records, dials.max_record_bytes)
        if errors:
            raise Answered(jsonapi.refusal(errors))
        job = new_job(records, self._lists(data), self._it.now(), dials.job_days)
        self._dial(job, call)
        self._it.account.take(job)
        return jsonapi.reply(202, self._document(job, call))

    def _lists(self, data: JSON) -> list[str]:
        given = mapping((mapping(data.get("relationships")) or {}).get("lists"))
        if given is None:
            return []
        pointer = "/data/relationships/lists/data"
        ids = jsonapi.references(given.get("data"), "list", pointer)
        for i, list_id in enumerate(ids):
            if list_id not in self._it.account.lists:
                jsonapi.refuse(400, "invalid", "No such list.", pointer=f"{pointer}/{i}/id")
        return ids

    def _dial(self, job: Job, call: Call) -> None:
        strike = self._it.faults.strike
        job.poison = strike({"poison"}, call.method, call.path)
        refuses = self._it.dials.strict_records or (
            job.poison is not None and job.poison.how == "request"
        )
        if refuses:
            found = (
                self._it.account.importer.record_error(i, record, job.poison)
                for i, record in enumerate(job.records)
            )
            errors = [error for error in found if error is not None]
            if errors:
                raise Answered(jsonapi.refusal(errors))
        slow = strike({"slow_job"}, call.method, call.path)
        if slow is not None:
            job.polls_left = slow.polls
        ending = strike({"cancel_job", "lose_job"}, call.method, call.path)
        if ending is not None:
            job.part = ending.part
            job.lost = ending.kind == "lose_job"
            job.ends = "complete" if job.lost else "cancelled"

    def _document(self, job: Job, call: Call) -> JSON:
        links = {"self": f"{call.base}{call.path}"}
        return {"data": job.resource(call.base), "links": links}

    def _job(self, call: Call) -> Job:
        job = self._it.account.jobs.get(call.params["id"])
        if job is None or job.lost or self._it.now() >= job.expires_at:
            jsonapi.refuse(404, "not_found", "A job with this id does not exist.")
        return job

    def one(self, call: Call) -> Response:
        """One job; asking moves a slow one on."""
        job = self._job(call)
        self._it.account.poll(job, self._it.now())
        return jsonapi.reply(200, self._document(job, call))

    def all(self, call: Call) -> Response:
        """All jobs, with a filter on their status."""
        wanted = jsonapi.filtered(call, ["status"])
        now = self._it.now()
        jobs = [
            job
            for job in self._it.account.jobs.values()
            if not job.lost and now < job.expires_at and (wanted is None or job.status in wanted[1])
        ]
        cap = page_cap(self._it, call)
        return jsonapi.page(call, jobs, lambda job: job.resource(call.base), maximum=100, cap=cap)

    def errors(self, call: Call) -> Response:
        """The import errors, by pages."""
        cap = page_cap(self._it, call)
        return jsonapi.page(call, self._job(call).errors, dict, maximum=100, cap=cap)

    def profiles(self, call: Call) -> Response:
        """The profiles that the job wrote, by pages."""
        known = self._it.account.profiles.by_id
        written = [known[one] for one in dict.fromkeys(self._job(call).profile_ids)]
        cap = page_cap(self._it, call)
        return jsonapi.page(call, written, lambda p: resource(p, call.base), maximum=100, cap=cap)

    def profile_ids(self, call: Call) -> Response:
        """Their ids only."""
        ids = list(dict.fromkeys(self._job(call).profile_ids))
        cap = page_cap(self._it, call)
        return jsonapi.page(call, ids, lambda i: {"type": "profile", "id": i}, maximum=100, cap=cap)


class EventCalls:
    """``/api/events`` and ``/api/event-bulk-create-jobs``."""

    def __init__(self, klaviyo: Klaviyo) -> None:
        self._it = klaviyo

    def bulk(self, call: Call) -> Response:
        """All events or none: 202 without a body."""
        dials = self._it.dials
        pointer = "/data/attributes/events-bulk-create/data"
        data = jsonapi.document(call, "event-bulk-create-job", dials.max_bytes)
        wrapper = mapping(data["attributes"].get("events-bulk-create")) or {}
        entries = sequence(wrapper.get("data"))
        if entries is None:
            jsonapi.refuse(400, "invalid", "An array of events is required.", pointer=pointer)
        found, errors = events.unpack(entries, pointer)
        if not errors and not 1 <= len(found) <= dials.max_events:
            detail = f"From 1 to {dials.max_events} events are accepted."
            jsonapi.refuse(400, "invalid", detail, pointer=pointer)
        errors += self._check(found, call)
        if errors:
            raise Answered(jsonapi.refusal(errors))
        self._refuse_repeats(found)
        self._store(found)
        return Response(status_code=202)

    def one(self, call: Call) -> Response:
        """One event; a repeat of its unique_id is accepted and leaves the first."""
        data = jsonapi.document(call, "event", self._it.dials.max_bytes)
        attributes: JSON = data["attributes"]
        profile = (mapping(attributes.get("profile")) or {}).get("data")
        where = "/data/attributes/profile/data"
        found = events.incoming(profile, data, "/data", where)
        if not isinstance(found, Incoming):
            raise Answered(jsonapi.refusal([found]))
        errors = self._check([found], call)
        if errors:
            raise Answered(jsonapi.refusal(errors))
        self._store([found])
        return Response(status_code=202)

    def _check(self, found: list[Incoming], call: Call) -> list[JSON]:
        now = self._it.now()
        errors = [wrong for event in found if (wrong := events.check(event, now)) is not None]
        poison = self._it.faults.strike({"poison"}, call.method, call.path)
        if poison is None:
            return errors
        for event in found:
            attributes: JSON = event.profile["attributes"]
            names = (attributes.get(n) for n in ("external_id", "email", "phone_number"))
            if poison.hits(event.profile.get("id"), event.attributes.get("unique_id"), *names):
                code = poison.code or "invalid"
                where = event.pointer if poison.named else "/data"
                errors.append(jsonapi.error(400, code, "Refused by dial.", pointer=where))
        return errors

    def _refuse_repeats(self, found: list[Incoming]) -> None:
        """A unique_id that is there already, or stands twice in the request, fails all of it."""
        store, now = self._it.account.events, self._it.now()
        errors: list[JSON] = []
        seen: set[tuple[str, str, str]] = set()
        for event in found:
            if event.attributes.get("unique_id") is None:
                continue
            key = store.key(event, self._person(event), now)
            if key in seen or key in store.keys:
                where = f"{event.pointer}/attributes/unique_id"
                detail = "This unique_id has been used for the profile and the metric."
                errors.append(jsonapi.error(400, "duplicate", detail, pointer=where))
            seen.add(key)
        if errors:
            raise Answered(jsonapi.refusal(errors))

    def _person(self, event: Incoming) -> str:
        """The id of the profile that it is about, or its identifiers if there is none yet."""
        profile = self._find(event)
        return str(event.profile["attributes"]) if profile is None else profile.id

    def _find(self, event: Incoming) -> Profile | None:
        profiles = self._it.account.profiles
        try:
            return profiles.find(event.profile.get("id"), event.profile["attributes"])
        except Conflict as conflict:  # an event takes the first profile; nothing is documented
            return profiles.by_id[conflict.first_id]

    def _store(self, found: list[Incoming]) -> None:
        account, now = self._it.account, self._it.now()
        for event in found:
            profile = self._find(event)
            if profile is None:
                profile = account.profiles.create(now)
                account.profiles.write(profile, event.profile["attributes"], now, clears=False)
            elif "properties" in event.profile["attributes"]:
                given = {"properties": event.profile["attributes"]["properties"]}
                account.profiles.write(profile, given, now, clears=False)
            account.events.add(event, profile.id, now)
