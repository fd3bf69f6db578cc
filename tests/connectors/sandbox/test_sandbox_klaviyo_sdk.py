"""Klaviyo's own client, klaviyo-api 25.0.0, reads what the look-alike answers."""

from importlib.metadata import version

import klaviyo_api.custom_retry
import pytest
from klaviyo_api import KlaviyoAPI
from openapi_client import models
from openapi_client.exceptions import ApiException

PROFILES = [
    {
        "type": "profile",
        "attributes": {
            "email": f"c{i}@example.com",
            "external_id": f"c{i}",
            "properties": {"n": i},
        },
    }
    for i in range(3)
]


def job(*profiles):
    attributes = {"profiles": {"data": list(profiles)}}
    return {"data": {"type": "profile-bulk-import-job", "attributes": attributes}}


def bulk_events(*unique_ids):
    events = [
        {
            "type": "event",
            "attributes": {
                "metric": {"data": {"type": "metric", "attributes": {"name": "Segment Changed"}}},
                "properties": {"to": "Champions"},
                "time": "2026-03-27T10:00:00.123+00:00",
                "unique_id": unique_id,
            },
        }
        for unique_id in unique_ids
    ]
    profile = {"data": {"type": "profile", "attributes": {"external_id": "c1"}}}
    entry = {
        "type": "event-bulk-create",
        "attributes": {"profile": profile, "events": {"data": events}},
    }
    attributes = {"events-bulk-create": {"data": [entry]}}
    return {"data": {"type": "event-bulk-create-job", "attributes": attributes}}


@pytest.fixture
def sdk(klaviyo, monkeypatch):
    """The official client; its sleep moves the clock of the look-alike."""

    class Time:
        time = staticmethod(klaviyo.clock)

        @staticmethod
        def sleep(seconds):
            klaviyo.clock.now += seconds

    monkeypatch.setattr(klaviyo_api.custom_retry, "time", Time)
    client = KlaviyoAPI("pk_test", max_retries=2, test_host=klaviyo.url)
    yield client
    client.api_client.rest_client.pool_manager.clear()


def test_this_is_the_version_that_the_look_alike_is_held_against():
    assert version("klaviyo-api") == "25.0.0"


def test_it_reads_an_import_job_from_queued_to_its_errors(sdk):
    bad = {"type": "profile", "attributes": {"email": "none"}}
    made = sdk.Profiles.bulk_import_profiles(job(*PROFILES, bad))
    assert isinstance(made, models.PostProfileImportJobResponse)
    assert made.data.attributes.status == "queued"
    assert made.data.attributes.total_count == 4

    found = sdk.Profiles.get_bulk_import_profiles_job(made.data.id)
    assert isinstance(found, models.GetProfileImportJobResponseCompoundDocument)
    assert found.data.attributes.status == "complete"
    assert (found.data.attributes.completed_count, found.data.attributes.failed_count) == (3, 1)

    errors = sdk.Profiles.get_errors_for_bulk_import_profiles_job(made.data.id)
    assert isinstance(errors, models.GetImportErrorResponseCollection)
    (error,) = errors.data
    assert error.attributes.source.pointer == "/data/attributes/profiles/data/3/attributes/email"
    assert error.attributes.original_payload["attributes"]["email"] == "none"

    listed = sdk.Profiles.get_bulk_import_profiles_jobs(filter='equals(status,"complete")')
    assert [one.id for one in listed.data] == [made.data.id]
    written = sdk.Profiles.get_profiles_for_bulk_import_profiles_job(made.data.id)
    assert [one.attributes.external_id for one in written.data] == ["c0", "c1", "c2"]
    ids = sdk.Profiles.get_profile_ids_for_bulk_import_profiles_job(made.data.id)
    assert [one.id for one in ids.data] == [one.id for one in written.data]


def test_it_follows_the_pages_of_import_errors(sdk):
    bad = [{"type": "profile", "attributes": {"email": f"none {i}"}} for i in range(45)]
    job_id = sdk.Profiles.bulk_import_profiles(job(*bad)).data.id
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = sdk.Profiles.get_errors_for_bulk_import_profiles_job(job_id, page_cursor=cursor)
        seen += [error.attributes.original_payload["attributes"]["email"] for error in page.data]
        link = page.links.next
        # the client takes the cursor out of https links only
        cursor = None if link is None else link.replace("http://", "https://")
        pages += 1
    assert seen == [f"none {i}" for i in range(45)]
    assert pages == 3


def test_it_reads_single_profiles(sdk):
    created = sdk.Profiles.create_or_update_profile({"data": PROFILES[1]})
    assert isinstance(created, models.PostProfileResponse)
    found = sdk.Profiles.get_profiles(filter='any(email,["c1@example.com","nobody@example.com"])')
    assert [one.id for one in found.data] == [created.data.id]
    assert found.data[0].attributes.properties == {"n": 1}
    # the client hands out what it got where fields were chosen; its own model reads it all the same
    got = sdk.Profiles.get_profiles(
        fields_profile=["external_id", "properties"], filter='any(external_id,["c1"])', page_size=1
    )
    few = models.GetProfileResponseCollection.model_validate(got)
    assert few.data[0].attributes.external_id == "c1"
    assert few.data[0].attributes.properties == {"n": 1}
    assert few.data[0].attributes.email is None
    assert sdk.Profiles.get_profile(created.data.id).data.attributes.email == "c1@example.com"
    with pytest.raises(ApiException) as refused:
        sdk.Profiles.create_profile({"data": PROFILES[1]})
    assert refused.value.status == 409


def test_it_reads_lists(sdk):
    body = {"data": {"type": "list", "attributes": {"name": "Champions"}}}
    made = sdk.Lists.create_list(body)
    assert isinstance(made, models.PostListCreateResponse)
    profile_id = sdk.Profiles.create_or_update_profile({"data": PROFILES[0]}).data.id
    member = {"data": [{"type": "profile", "id": profile_id}]}

    assert sdk.Lists.add_profiles_to_list(made.data.id, member) is None
    assert [one.id for one in sdk.Lists.get_profiles_for_list(made.data.id).data] == [profile_id]
    assert [one.id for one in sdk.Lists.get_profile_ids_for_list(made.data.id).data] == [profile_id]
    assert sdk.Lists.remove_profiles_from_list(made.data.id, member) is None
    assert sdk.Lists.get_profiles_for_list(made.data.id).data == []
    assert [one.attributes.name for one in sdk.Lists.get_lists().data] == ["Champions"]
    assert sdk.Lists.get_list(made.data.id).data.attributes.name == "Champions"


def test_it_reads_the_refusal_of_a_repeated_event(sdk, klaviyo):
    assert sdk.Events.bulk_create_events(bulk_events("u1")) is None
    with pytest.raises(ApiException) as refused:
        sdk.Events.bulk_create_events(bulk_events("u2", "u1"))
    assert isinstance(refused.value.data, models.GetAccounts4XXResponse)
    (error,) = refused.value.data.errors
    assert error.source.pointer.endswith("/events/data/1/attributes/unique_id")
    assert [event["unique_id"] for event in klaviyo.app.events(9)] == ["u1"]


def test_it_reads_the_account_and_a_wrong_key(sdk, klaviyo):
    assert isinstance(sdk.Accounts.get_accounts(), models.GetAccountResponseCollection)
    klaviyo.app.keys = {"another"}
    with pytest.raises(ApiException) as refused:
        sdk.Accounts.get_accounts()
    assert refused.value.status == 401
    assert isinstance(refused.value.data, models.GetAccounts4XXResponse)


# by POST: for a GET, urllib3 below the client obeys Retry-After itself, by really sleeping


def test_it_waits_as_our_retry_after_says(sdk, klaviyo):
    klaviyo.app.limits = True
    for _ in range(10):
        sdk.Profiles.bulk_import_profiles(job(*PROFILES))
    before = klaviyo.clock.now
    sdk.Profiles.bulk_import_profiles(job(*PROFILES))
    assert klaviyo.clock.now - before > 1
    counts = {row["status"]: row["count"] for row in klaviyo.inspect("requests")["requests"]}
    assert counts == {202: 11, 429: 1}


def test_it_waits_for_whole_seconds_and_gives_up_in_the_end(sdk, klaviyo):
    klaviyo.fault(kind="throttle", times=2, seconds=29.5)
    before = klaviyo.clock.now
    with pytest.raises(ApiException) as refused:
        sdk.Profiles.bulk_import_profiles(job(*PROFILES))
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"] == "30"
    assert klaviyo.clock.now - before > 30


def test_what_its_models_take_the_look_alike_takes_too(klaviyo):
    models.ProfileImportJobCreateQuery.model_validate(job(*PROFILES))
    models.EventsBulkCreateJob.model_validate(bulk_events("u1"))
    client = klaviyo.client
    assert client.post("/api/profile-bulk-import-jobs", json=job(*PROFILES)).status_code == 202
    made = client.post("/api/event-bulk-create-jobs", json=bulk_events("u1"))
    assert (made.status_code, made.content) == (202, b"")


def test_its_explicit_nulls_clear_in_a_single_upsert_but_not_in_bulk(sdk, klaviyo):
    only_email = {"type": "profile", "attributes": {"email": "c1@example.com"}}
    nulls = models.ProfileImportJobCreateQuery.from_dict(job(only_email))
    (sent,) = nulls.to_dict()["data"]["attributes"]["profiles"]["data"]
    assert sent["attributes"]["external_id"] is None
    sdk.Profiles.bulk_import_profiles(job(PROFILES[1]))
    sdk.Profiles.bulk_import_profiles(nulls)
    assert klaviyo.inspect("profiles/c1@example.com")["external_id"] == "c1"
    sdk.Profiles.create_or_update_profile(models.ProfileUpsertQuery.from_dict({"data": only_email}))
    assert "external_id" not in klaviyo.inspect("profiles/c1@example.com")
