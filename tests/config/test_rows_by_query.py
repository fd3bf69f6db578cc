"""Figures and events of the operator's own: a file, or a query whose database is a secret."""

import pytest

from config.problems import ConfigurationError

DATA = "segmentation: {{stratification: {{data: {{{}}}}}}}\n"


def test_a_database_comes_from_the_environment(loaded, good, monkeypatch, tmp_path):
    monkeypatch.setenv("FIGURES_DB", "postgresql://u:k-canary@x/shop")
    found = loaded(good + DATA.format("url: {env: FIGURES_DB}, query: SELECT 1"))
    data = found.settings.segmentation.stratification.data
    assert data.url.get_secret_value() == "postgresql://u:k-canary@x/shop"
    assert "k-canary" not in repr(found)
    data = loaded(good + DATA.format("path: ./own.db, query: SELECT 1"))
    assert data.settings.segmentation.stratification.data.path == tmp_path / "own.db"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("query: SELECT 1", "needs path, or url and query"),
        ("url: {env: FIGURES_DB}", "needs query beside url"),
        ("path: x.csv, url: {env: FIGURES_DB}, query: SELECT 1", "has both path and url"),
        ("url: 'sqlite:///k-canary', query: SELECT 1", "is a secret and must not stand in"),
        ("url: {env: NOWHERE}, query: SELECT 1", "the environment variable NOWHERE is not set"),
    ],
)
def test_what_is_wrong_with_it_is_told(loaded, good, monkeypatch, data, sentence):
    monkeypatch.setenv("FIGURES_DB", "postgresql://u:k-canary@x/shop")
    with pytest.raises(ConfigurationError) as caught:
        loaded(good + DATA.format(data))
    assert sentence in str(caught.value)
    assert "k-canary" not in str(caught.value)
