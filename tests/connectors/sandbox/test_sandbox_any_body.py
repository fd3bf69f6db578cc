"""Whatever JSON comes in, a look-alike answers as a vendor would: never by stumbling itself."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PERSON = {
    "type": "profile",
    "id": None,
    "attributes": {"email": "a@b.io", "external_id": "c1", "phone_number": None, "properties": {}},
    "meta": {"patch_properties": {"unset": ["a"], "append": {"a": 1}, "unappend": {"a": [1]}}},
}
EVENT = {
    "type": "event",
    "attributes": {
        "metric": {"data": {"type": "metric", "attributes": {"name": "Changed"}}},
        "profile": {"data": PERSON},
        "properties": {"to": "Lost"},
        "time": "2026-03-27T10:00:00Z",
        "unique_id": None,
        "backfill": True,
    },
}
USER = {
    "email": "a@b.io",
    "userId": "c1",
    "dataFields": {"a": {"b": 1}},
    "mergeNestedObjects": True,
}
OBJECT = {
    "external_id": "c1",
    "email": "a@b.io",
    "phone": "+441234567890",
    "user_alias": {"alias_name": "a", "alias_label": "b"},
    "name": "Changed",
    "time": "2026-03-27T10:00:00Z",
    "properties": {"a": 1},
    "list": {"add": ["a"], "remove": ["b"]},
    "count": {"inc": 1},
    "objects": {"$update": [{"$identifier_key": "id", "$identifier_value": 1}], "$add": []},
    "_update_existing_only": False,
    "_merge_objects": True,
}


def resource(kind, **attributes):
    return {"data": {"type": kind, "attributes": attributes}}


BULK_EVENT = {
    "type": "event-bulk-create",
    "attributes": {"profile": {"data": PERSON}, "events": {"data": [EVENT]}},
}
LISTS = {"relationships": {"lists": {"data": [{"type": "list", "id": "x"}]}}}
JOB = resource("profile-bulk-import-job", profiles={"data": [PERSON, PERSON]})
KLAVIYO = {
    "/api/profile-bulk-import-jobs": JOB,
    "/api/profile-bulk-import-jobs?lists": {"data": {**JOB["data"], **LISTS}},
    "/api/profile-import": {"data": PERSON},
    "/api/profiles": {"data": PERSON},
    "/api/events": {"data": EVENT},
    "/api/event-bulk-create-jobs": resource(
        "event-bulk-create-job", **{"events-bulk-create": {"data": [BULK_EVENT]}}
    ),
    "/api/lists": resource("list", name="Lost", opt_in_process="single_opt_in"),
    "/api/lists/LST001/relationships/profiles": {"data": [{"type": "profile", "id": "x"}]},
}
TRACKED = {"userId": "c1", "eventName": "X", "createdAt": 1, "id": "e", "dataFields": {"a": 1}}
ITERABLE = {
    "/api/users/bulkUpdate": {"users": [USER, USER], "createNewFields": False},
    "/api/users/update": USER,
    "/api/lists": {"name": "Lost"},
    "/api/lists/subscribe": {"listId": 1000, "subscribers": [USER]},
    "/api/lists/unsubscribe": {"listId": 1000, "subscribers": [USER]},
    "/api/events/trackBulk": {"events": [TRACKED, TRACKED]},
    "/api/events/track": TRACKED,
}
BRAZE = {
    "/users/track": {"attributes": [OBJECT], "events": [OBJECT], "purchases": [OBJECT]},
    "/users/export/ids": {
        "external_ids": ["c1"],
        "user_aliases": [OBJECT["user_alias"]],
        "email_address": "a@b.io",
        "fields_to_export": ["email"],
    },
}
INPUT = {"idProperty": "email", "id": "a@b.io", "objectWriteTraceId": "t", "properties": {"a": "1"}}
HUBSPOT = {"/crm/v3/objects/contacts/batch/upsert": {"inputs": [INPUT, {**INPUT, "id": "c@d.io"}]}}
MEMBER = {"email_address": "a@b.io", "merge_fields": {"A": 1}, "status": "subscribed"}
MAILCHIMP = {"/3.0/lists/a1b2c3d4e5": {"members": [MEMBER, MEMBER], "update_existing": True}}
ITEM = {"type": "person", "identifiers": {"id": "c1"}, "action": "identify", "attributes": {"a": 1}}
HAPPENED = {**ITEM, "action": "event", "name": "X", "timestamp": 1, "id": "0" * 26}
CUSTOMERIO = {"/api/v2/batch": {"batch": [ITEM, HAPPENED, HAPPENED]}}
# two people who each have one of the identifiers that the bodies bear, and a list
BEFORE = {
    "klaviyo": [
        ("/api/profile-import", resource("profile", external_id="c1")),
        ("/api/profile-import", resource("profile", email="a@b.io")),
        ("/api/lists", resource("list", name="Lost")),
    ],
    "iterable": [
        ("/api/users/bulkUpdate", {"users": [{"userId": "c1"}, {"email": "a@b.io"}]}),
        ("/api/lists", {"name": "Lost"}),
    ],
    "braze": [("/users/track", {"attributes": [{"external_id": "c1"}, {"email": "a@b.io"}]})],
    "hubspot": list(HUBSPOT.items()),
    "mailchimp": list(MAILCHIMP.items()),
    "customerio": list(CUSTOMERIO.items()),
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(node):
    """Every spot of a body, as the container and the key in it."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, inner in items:
        yield node, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@st.composite
def damaged(draw, bodies):
    path = draw(st.sampled_from(sorted(bodies)))
    body = copy.deepcopy(bodies[path])
    for _ in range(draw(st.integers(0, 2))):
        spots = list(places(body))
        holder, key = spots[draw(st.integers(0, len(spots) - 1))]
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = draw(VALUES)
        if not body:
            break
    return path, body


@pytest.mark.parametrize(
    ("name", "bodies"),
    [
        ("klaviyo", KLAVIYO),
        ("iterable", ITERABLE),
        ("braze", BRAZE),
        ("hubspot", HUBSPOT),
        ("mailchimp", MAILCHIMP),
        ("customerio", CUSTOMERIO),
    ],
)
def test_no_body_makes_it_stumble(request, name, bodies):
    bench = request.getfixturevalue(name)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(damaged(bodies), min_size=1, max_size=4))
    def never_500(requests):
        bench.app.reset()
        for path, body in BEFORE[name] + requests:
            answer = bench.client.post(path, json=body)
            assert answer.status_code < 500, answer.text
        for look in ("state?by=a", "profiles", "events"):
            assert bench.inspect(look)

    never_500()
