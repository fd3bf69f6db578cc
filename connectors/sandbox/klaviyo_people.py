"""Klaviyo's endpoints that work at once: single profiles and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from starlette.responses import Response

from connectors.sandbox import klaviyo_jsonapi as jsonapi
from connectors.sandbox.klaviyo_account import resource
from connectors.sandbox.klaviyo_calls import page_cap
from connectors.sandbox.klaviyo_lists import ProfileList
from connectors.sandbox.klaviyo_profiles import (
    Conflict,
    Profile,
    check_shape,
    fault_of,
    identified,
    patch,
)
from connectors.sandbox.wire import Call

if TYPE_CHECKING:
    from connectors.sandbox.klaviyo import Klaviyo

JSON = dict[str, Any]
FIELDS = ("id", "email", "phone_number", "external_id")
#: The most members that one call adds or removes.
MAX_MEMBERS = 1_000


class ProfileCalls:
    """``/api/profiles`` and ``/api/profile-import``. Null clears here; what is absent stays."""

    def __init__(self, klaviyo: Klaviyo) -> None:
        self._it = klaviyo

    def upsert(self, call: Call) -> Response:
        """201 for a new profile, 200 for one that was there."""
        data = self._resource(call)
        there = self._find(data)
        profile = there or self._it.account.profiles.create(self._it.now())
        self._write(profile, data)
        status = 201 if there is None else 200
        return jsonapi.reply(status, {"data": resource(profile, call.base)})

    def create(self, call: Call) -> Response:
        """409 if there is one already; its id stands in ``meta.duplicate_profile_id``."""
        data = self._resource(call)
        there = self._find(data)
        if there is not None:
            self._conflict(there.id)
        profile = self._it.account.profiles.create(self._it.now())
        self._write(profile, data)
        return jsonapi.reply(201, {"data": resource(profile, call.base)})

    def update(self, call: Call) -> Response:
        """Merge into one profile."""
        profile = self._one(call)
        data = self._resource(call)
        other = self._find({**data, "id": profile.id})
        if other is not None and other is not profile:
            self._conflict(other.id)
        self._write(profile, data)
        return jsonapi.reply(200, {"data": resource(profile, call.base)})

    def one(self, call: Call) -> Response:
        """One profile by its id."""
        return jsonapi.reply(200, {"data": resource(self._one(call), call.base)})

    def all(self, call: Call) -> Response:
        """Profiles by filter on an identifier, by pages."""
        account = self._it.account
        wanted = jsonapi.filtered(call, FIELDS)
        if wanted is None:
            found = list(account.profiles.by_id.values())
        else:
            hits = (account.profiles.get(wanted[0], value) for value in dict.fromkeys(wanted[1]))
            found = list({hit.id: hit for hit in hits if hit is not None}.values())
        cap, names = page_cap(self._it, call), jsonapi.fieldset(call, "profile")

        def shown(profile: Profile) -> JSON:
            return jsonapi.only(resource(profile, call.base), names)

        return jsonapi.page(call, found, shown, maximum=100, cap=cap)

    def _one(self, call: Call) -> Profile:
        profile = self._it.account.profiles.by_id.get(call.params["id"])
        if profile is None:
            jsonapi.refuse(404, "not_found", "A profile with this id does not exist.")
        return profile

    def _resource(self, call: Call) -> JSON:
        data = jsonapi.document(call, "profile", self._it.dials.max_record_bytes)
        wrong = check_shape(data, "/data")
        if wrong is not None:
            jsonapi.refuse(400, "invalid", wrong[1], pointer=wrong[0])
        if not identified(data):
            detail = "One of email, phone_number, external_id or id is required."
            jsonapi.refuse(400, "invalid", detail, pointer="/data/attributes")
        bad = fault_of(data["attributes"])
        if bad is not None:
            jsonapi.refuse(400, "invalid", bad[1], pointer=f"/data/attributes/{bad[0]}")
        poison = self._it.faults.strike({"poison"}, call.method, call.path)
        if poison is not None:
            names = (data["attributes"].get(name) for name in FIELDS[1:])
            if poison.hits(data.get("id"), *names):
                jsonapi.refuse(400, poison.code or "invalid", "Refused by dial.", pointer="/data")
        return data

    def _find(self, data: JSON) -> Profile | None:
        profile_id = data.get("id")
        if profile_id is not None and profile_id not in self._it.account.profiles.by_id:
            jsonapi.refuse(404, "not_found", "No profile has this id.", pointer="/data/id")
        try:
            return self._it.account.profiles.find(profile_id, data["attributes"])
        except Conflict as conflict:
            self._conflict(conflict.profile_id)

    @staticmethod
    def _conflict(profile_id: str) -> NoReturn:
        jsonapi.refuse(
            409,
            "duplicate_profile",
            "A profile already exists with one of these identifiers.",
            pointer="/data/attributes",
            meta={"duplicate_profile_id": profile_id},
        )

    def _write(self, profile: Profile, data: JSON) -> None:
        profiles = self._it.account.profiles
        profiles.write(profile, data["attributes"], self._it.now(), clears=True)
        patch(profile, data.get("meta"))


class ListCalls:
    """``/api/lists`` and its relationship to profiles."""

    def __init__(self, klaviyo: Klaviyo) -> None:
        self._it = klaviyo

    def create(self, call: Call) -> Response:
        """A new list; two may bear the same name."""
        data = jsonapi.document(call, "list", self._it.dials.max_bytes)
        name = data["attributes"].get("name")
        if not isinstance(name, str) or not name:
            jsonapi.refuse(400, "invalid", "A name is required.", pointer="/data/attributes/name")
        now, lists = self._it.now(), self._it.account.lists
        opt_in = data["attributes"].get("opt_in_process") or "single_opt_in"
        made = ProfileList(f"LST{len(lists) + 1:03d}", name, now, now, opt_in)
        lists[made.id] = made
        return jsonapi.reply(201, {"data": made.resource(call.base)})

    def all(self, call: Call) -> Response:
        """All lists, ten a page."""
        wanted = jsonapi.filtered(call, ["id", "name"])
        found = [
            one
            for one in self._it.account.lists.values()
            if wanted is None or (one.id if wanted[0] == "id" else one.name) in wanted[1]
        ]
        cap = page_cap(self._it, call)
        return jsonapi.page(
            call, found, lambda one: one.resource(call.base), maximum=10, default=10, cap=cap
        )

    def one(self, call: Call) -> Response:
        """One list by its id."""
        return jsonapi.reply(200, {"data": self._one(call).resource(call.base)})

    def profiles(self, call: Call) -> Response:
        """Its members, by pages."""
        known, joined = self._it.account.profiles.by_id, self._one(call).created.isoformat()
        members = [known[one] for one in self._one(call).members]

        def member(profile: Profile) -> JSON:
            shown = resource(profile, call.base)
            shown["attributes"]["joined_group_at"] = joined
            return shown

        return jsonapi.page(call, members, member, maximum=100, cap=page_cap(self._it, call))

    def profile_ids(self, call: Call) -> Response:
        """The ids of its members, by pages."""
        ids, cap = list(self._one(call).members), page_cap(self._it, call)
        return jsonapi.page(call, ids, lambda i: {"type": "profile", "id": i}, maximum=100, cap=cap)

    def add(self, call: Call) -> Response:
        """Put profiles on a list, by Klaviyo's ids only."""
        one = self._one(call)
        one.members.update(dict.fromkeys(self._members(call)))
        return Response(status_code=204)

    def remove(self, call: Call) -> Response:
        """Take profiles off a list; consent is not touched."""
        one = self._one(call)
        ids = self._members(call)
        poison = self._it.faults.strike({"poison"}, call.method, call.path)
        known = [self._it.account.profiles.by_id[i] for i in ids]
        if poison is not None and any(poison.hits(p.id, p.email, p.external_id) for p in known):
            jsonapi.refuse(400, "invalid", poison.code or "Refused by dial", pointer="/data")
        for profile_id in ids:
            one.members.pop(profile_id, None)
        return Response(status_code=204)

    def _one(self, call: Call) -> ProfileList:
        found = self._it.account.lists.get(call.params["id"])
        if found is None:
            jsonapi.refuse(404, "not_found", "A list with this id does not exist.")
        return found

    def _members(self, call: Call) -> list[str]:
        ids = jsonapi.references(jsonapi.body_data(call), "profile", "/data")
        if not 1 <= len(ids) <= MAX_MEMBERS:
            detail = f"From 1 to {MAX_MEMBERS} profiles are accepted."
            jsonapi.refuse(400, "invalid", detail, pointer="/data")
        for i, profile_id in enumerate(ids):
            if profile_id not in self._it.account.profiles.by_id:
                detail = "A profile with this id does not exist."
                jsonapi.refuse(404, "not_found", detail, pointer=f"/data/{i}/id")
        return ids
