from pathlib import Path

import pytest

from config.load import load
from config.locate import Document
from config.problems import ConfigurationError


def test_the_environment_wins_over_the_file(loaded, good, monkeypatch):
    monkeypatch.setenv("TIDESMAN_DESTINATIONS__MAIL__BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TIDESMAN_TIMEZONE", "UTC")
    monkeypatch.setenv("TIDESMAN_SEGMENTATION__SCHEMES", '["rfm"]')
    monkeypatch.setenv("TIDESMAN_BRAKE__MAX_COUNT", "7")
    monkeypatch.setenv("TIDESMAN_SOURCES__SHOP__COLUMNS__AMOUNT", "Total")
    found = loaded(good)
    assert found.options["destinations", "mail"].base_url == "http://127.0.0.1:1"
    assert found.settings.timezone == "UTC"
    assert found.settings.segmentation.schemes == ("rfm",)
    assert found.settings.brake.max_count == 7
    assert found.options["sources", "shop"].columns.amount == "Total"


def test_without_a_file_the_environment_is_enough(monkeypatch, catalog):
    monkeypatch.setenv("TIDESMAN_TIMEZONE", "UTC")
    monkeypatch.setenv("TIDESMAN_CURRENCY", "EUR")
    monkeypatch.setenv("TIDESMAN_SOURCES__SHOP__TYPE", "files")
    monkeypatch.setenv("TIDESMAN_SOURCES__SHOP__PATH", '["a.csv", "b.csv"]')
    found = load(Document("the environment", Path("/srv")), catalog)
    assert found.options["sources", "shop"].path == ["/srv/a.csv", "/srv/b.csv"]


def test_a_name_with_capitals_is_reached(loaded, good, monkeypatch):
    monkeypatch.setenv("TIDESMAN_DESTINATIONS__MAIL__PREFIX", "tm_")
    found = loaded(good.replace("  mail:", "  Mail:"))
    assert found.settings.destinations["Mail"].prefix == "tm_"


@pytest.mark.parametrize("key", ["1234567", "1e5", "0042", "true"])
def test_a_key_that_looks_like_a_number_stays_text(loaded, good, monkeypatch, key):
    monkeypatch.setenv("TIDESMAN_DESTINATIONS__MAIL__API_KEY", key)
    assert loaded(good).options["destinations", "mail"].api_key.get_secret_value() == key


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "TIDESMAN_BRAKE__MAX_COUNT",
            "many",
            (
                "the environment variable TIDESMAN_BRAKE__MAX_COUNT: brake.max_count: "
                "needs a whole number, not 'many'"
            ),
        ),
        (
            "TIDESMAN_BRAKE__MAX_CONT",
            "1",
            "brake.max_cont: is an unknown key; did you mean 'max_count'?",
        ),
        (
            "TIDESMAN_BRAK__MAX_COUNT",
            "1",
            "unknown key in TIDESMAN_BRAK__MAX_COUNT; did you mean 'brake'?",
        ),
        ("TIDESMAN_SEGMENTATION", "{broken", "broken JSON"),
        (
            "TIDESMAN_CURENCY",
            "EUR",
            "unknown key in TIDESMAN_CURENCY; did you mean TIDESMAN_CURRENCY?",
        ),
        (
            "TIDESMAN_BRAKE_MAX_COUNT",
            "1",
            "did you mean TIDESMAN_BRAKE__MAX_COUNT, with two underscores?",
        ),
        (
            "TIDESMAN_SEGMENTATION__SCHEMES",
            '["rfmm"]',
            "the environment variable TIDESMAN_SEGMENTATION__SCHEMES: segmentation.schemes[0]",
        ),
        (
            "TIDESMAN_DESTINATIONS__POST__BASE_URL",
            "http://127.0.0.1:1",
            (
                "the environment variable TIDESMAN_DESTINATIONS__POST__BASE_URL: "
                "destinations.post.type: is missing"
            ),
        ),
        (
            "TIDESMAN_SEGMENTATION__SCHEMES",
            "lifecycle",
            "TIDESMAN_SEGMENTATION__SCHEMES: broken JSON; a list is written",
        ),
        (
            "TIDESMAN_BRAKE",
            "7",
            "the environment variable TIDESMAN_BRAKE: brake: ",
        ),
    ],
)
def test_a_mistake_in_the_environment_is_told(loaded, good, monkeypatch, name, value, sentence):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        loaded(good)
    assert sentence in str(caught.value)


def test_what_kubernetes_sets_is_no_mistake(loaded, good, monkeypatch):
    monkeypatch.setenv("TIDESMAN_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("TIDESMAN_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("TIDESMAN_CURRENCY", "")
    assert loaded(good).settings.currency == "GBP"
