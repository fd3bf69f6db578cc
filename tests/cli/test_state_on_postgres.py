"""The commands with their state on PostgreSQL, named in the environment: it has a password."""

import pytest

VENDORS = ("klaviyo", "iterable", "braze")


@pytest.fixture
def there(shop, postgresql):
    """The shop with its state in a database that nobody has used."""
    url = postgresql.fresh()
    config = (shop.folder / "tidesman.yaml").read_text()
    named = config.replace("sqlite:///./data/state.db", "{env: TIDESMAN_STATE}")
    (shop.folder / "tidesman.yaml").write_text(named)
    shop.keys["TIDESMAN_STATE"] = url
    yield shop
    postgresql.drop(url)


def test_run_plan_and_status_are_as_on_sqlite(there):
    first = there.report(*there.as_of())
    assert {name: d["delivered"] for name, d in first["destinations"].items()} == dict.fromkeys(
        (*VENDORS, "disk"), 300
    )
    again = there.report(*there.as_of())
    assert {d["requests"] for d in again["destinations"].values()} == {0}
    assert again["segments"] == first["segments"]
    for command in ("plan", "status", "check"):
        done = there.here(command)
        assert done.exit_code == 0, (command, done.stderr)
    assert not (there.folder / "data" / "state.db").exists()


def test_what_is_wrong_with_it_is_one_sentence_without_the_password(there):
    there.keys["TIDESMAN_STATE"] = there.keys["TIDESMAN_STATE"].replace("a%20p", "wrong-canary")
    done = there.here("run", *there.as_of())
    assert done.exit_code == 2
    assert "refuses the password; check user and password in state_url" in done.stderr
    assert "canary" not in done.output + done.stderr
    assert "Traceback" not in done.stderr
