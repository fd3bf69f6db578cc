"""What is held back before the wire."""

from __future__ import annotations

import pytest

from connectors.destinations.braze import Braze
from connectors.destinations.guards import distinct, identified, identify, unreserved
from connectors.errors import Misconfigured, Refused
from connectors.types import Person


@pytest.mark.parametrize(
    ("by", "email", "expected"),
    [
        ("auto", "a@example.com", ("email", "a@example.com")),
        ("auto", None, ("external_id", "1")),
        ("auto", "", ("external_id", "1")),
        ("email", "a@example.com", ("email", "a@example.com")),
        ("email", None, None),
        ("email", "", None),
        ("external_id", "a@example.com", ("external_id", "1")),
    ],
)
def test_which_identifier_a_person_is_known_by(by, email, expected):
    assert identify(Person("1", email), by) == expected


def test_who_lacks_it_is_named_with_the_reason(batch, identify):
    identified(batch(identify(1), identify(2)), "email")
    with pytest.raises(Refused) as caught:
        identified(batch(identify(1), identify(2, email=None), identify(3, email=None)), "email")
    assert set(caught.value.outcomes) == {"c0002", "c0003"}


def test_doubles_are_for_halving(batch, identify):
    def key(person: Person) -> str:
        return str(person.email)

    distinct(batch(identify(1), identify(2)), key)
    with pytest.raises(Refused, match="1 of 3") as caught:
        distinct(batch(identify(1), identify(2), identify(3, email="a1@example.com")), key)
    assert caught.value.outcomes == {}


def test_fields_that_are_not_ours_are_named_whatever_their_case(connect, batch, identify):
    braze = connect(Braze, base_url="https://rest.iad-03.braze.com", api_key="a_key")
    unreserved(batch(identify(1), identify(2, emails=1)), braze)
    with pytest.raises(Misconfigured, match="Braze keeps consent or identity in Email_Subscribe,"):
        unreserved(batch(identify(1), identify(2, a=1, Email_Subscribe="x")), braze)
