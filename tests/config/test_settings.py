from pathlib import Path

import pytest

from config.load import load
from config.locate import Document
from config.problems import ConfigurationError
from config.settings import Destination, Settings
from sync.app import options_of


def sentences(loaded, text):
    with pytest.raises(ConfigurationError) as caught:
        loaded(text)
    return [str(problem) for problem in caught.value.problems]


def only(loaded, text):
    found = sentences(loaded, text)
    assert len(found) == 1, found
    return found[0]


def test_a_good_configuration_needs_little(loaded, good, tmp_path):
    found = loaded(good)
    assert found.settings.schedule == "0 5 * * *"
    assert found.settings.segmentation.schemes == ("lifecycle", "rfm", "risk_value")
    assert found.data_dir == tmp_path / "data"
    assert found.state_url == f"sqlite:///{tmp_path}/data/state.db"
    assert found.options["destinations", "mail"].api_key.get_secret_value() == "k-canary"


def test_paths_are_relative_to_the_file(loaded, good, tmp_path):
    assert loaded(good).options["sources", "shop"].path == f"{tmp_path}/orders/*.csv"
    several = good.replace("./orders/*.csv", "[a.csv, /b.csv, 's3://c/d.csv']")
    assert loaded(several).options["sources", "shop"].path == [
        f"{tmp_path}/a.csv",
        "/b.csv",
        "s3://c/d.csv",
    ]


def test_the_shops_zone_and_currency_stand_in_for_the_sources(loaded, good):
    options = loaded(good).options["sources", "shop"]
    assert (options.timezone, options.currency) == ("Europe/London", "GBP")
    own = good.replace("type: files", "type: files\n    timezone: UTC")
    assert loaded(own).options["sources", "shop"].timezone == "UTC"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "currency:",
            "curency: GBP\ncurrency:",
            "line 2: curency: is an unknown key; did you mean 'currency'?",
        ),
        (
            "path:",
            "pth: x\n    path:",
            "line 6: sources.shop.pth: is an unknown key; did you mean 'path'?",
        ),
        (
            "{order_id: Invoice}",
            "{order_id: a, amont: b}",
            "line 7: sources.shop.columns.amont: is an unknown key; did you mean 'amount'?",
        ),
        (
            "api_key:",
            "prefx: a\n    api_key:",
            "line 11: destinations.mail.prefx: is an unknown key; did you mean 'prefix'?",
        ),
        (
            "api_key:",
            "rename: 3\n    api_key:",
            "line 11: destinations.mail.rename: needs keys below it, not 3",
        ),
        (
            "api_key:",
            "reserve: lots\n    api_key:",
            "line 11: destinations.mail.reserve: needs a number, not 'lots'",
        ),
        (
            "Europe/London",
            "Europe/Londn",
            "line 1: timezone: 'Europe/Londn' is no time zone; did you mean 'Europe/London'?",
        ),
        (
            "currency: GBP",
            "currency: GBP\ncurrencies: {GBP: 1}",
            "line 3: currencies: GBP is the shop's own currency and needs no rate",
        ),
        ("GBP", "GPB", "line 2: currency: 'GPB' is no currency; did you mean 'GBP'?"),
        (
            "GBP",
            "POUNDS",
            "line 2: currency: 'POUNDS' is no currency; write its ISO code, such as 'GBP'",
        ),
        (
            "currency:",
            "schedule: daily\ncurrency:",
            (
                "line 2: schedule: a schedule has five fields (minute hour day month "
                'weekday), not 1; "0 5 * * *" is every day at 05:00'
            ),
        ),
        (
            "type: vendor",
            "type: vendr",
            "line 10: destinations.mail.type: no connector of type 'vendr' is installed",
        ),
        (
            "{env: MAIL_KEY}",
            "abc",
            (
                "line 11: destinations.mail.api_key: is a secret and must not stand in "
                "this file; write {env: MAIL_API_KEY} or {file: PATH} instead"
            ),
        ),
        (
            "api_key:",
            "headers: {X: abc}\n    api_key:",
            (
                "line 11: destinations.mail.headers.X: is a secret and must not stand "
                "in this file; write {env: MAIL_X} or {file: PATH} instead"
            ),
        ),
        ("    path: ./orders/*.csv\n", "", "line 4: sources.shop.path: is missing"),
        (
            "timezone: Europe/London\n",
            "",
            (
                "tidesman.yaml: timezone: is missing: the shop's time zone, such as "
                "timezone: Europe/London"
            ),
        ),
        ("    type: files\n", "", "line 4: sources.shop.type: is missing"),
    ],
)
def test_one_mistake_one_sentence(loaded, good, old, new, sentence):
    assert only(loaded, good.replace(old, new, 1)).endswith(sentence)


def test_a_literal_secret_is_not_repeated(loaded, good):
    assert "hunter2" not in only(loaded, good.replace("{env: MAIL_KEY}", "hunter2"))
    assert "918273" not in only(loaded, good.replace("{env: MAIL_KEY}", "918273"))


def test_values_out_of_range_are_told_with_their_line(loaded, good):
    text = good + "segmentation:\n  churn_horizon_days: 0\n  schemes: [lifecycle, rfn]\n"
    first, second = sorted(sentences(loaded, text))
    assert "line 13: segmentation.churn_horizon_days:" in first
    assert "not 0" in first
    assert "segmentation.schemes[1]: cannot be 'rfn'; did you mean 'rfm'?" in second


def test_all_mistakes_are_told_at_once(loaded, good):
    text = good.replace("GBP", "GPB").replace("path:", "pth:").replace("api_key", "apikey")
    found = "\n".join(sentences(loaded, text))
    for part in ("'GPB' is no currency", "shop.pth", "shop.path: is missing", "mail.apikey"):
        assert part in found


def test_a_missing_secret_is_named_and_kept_apart(loaded, good, monkeypatch):
    monkeypatch.delenv("MAIL_KEY")
    (problem,) = loaded(good).missing["destinations", "mail"]
    assert str(problem) == (
        "tidesman.yaml, line 11: destinations.mail.api_key: the environment variable MAIL_KEY is"
        " not set; set it with: export MAIL_KEY=…"
    )


SHOP = """\
timezone: UTC
currency: EUR
sources:
  shop: {type: files, path: o.csv, columns: {order_id: o, email: e, ordered_at: d, amount: t}}
destinations: {mine: {type: webhook, url: {env: HOOK_URL}, secret: {env: HOOK_SECRET}}}
"""


def hooked(folder, text=SHOP):
    return load(Document.parse(text, name="tidesman.yaml", folder=folder), options_of)


def test_a_key_is_taken_without_the_end_of_its_line_and_a_broken_one_is_refused(
    loaded, good, monkeypatch
):
    monkeypatch.setenv("MAIL_KEY", "pk_canary\n")
    options = loaded(good).options["destinations", "mail"]
    assert options.api_key.get_secret_value() == "pk_canary"
    monkeypatch.setenv("MAIL_KEY", "pk_canary\nand more")
    (problem,) = loaded(good).missing["destinations", "mail"]
    assert "MAIL_KEY holds a line break" in str(problem)
    assert "canary" not in str(problem)


def test_a_missing_secret_that_has_to_have_a_shape_is_kept_apart_too(tmp_path, monkeypatch):
    monkeypatch.delenv("HOOK_URL", raising=False)
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    found = hooked(tmp_path)
    url, secret = map(str, found.missing["destinations", "mine"])
    assert "destinations.mine.url: the environment variable HOOK_URL is not set" in url
    assert "destinations.mine.secret: the environment variable HOOK_SECRET is not set" in secret
    assert list(found.missing) == [("destinations", "mine")]


def test_a_missing_number_is_told_as_missing(tmp_path, monkeypatch):
    for name in ("HOOK_URL", "HOOK_SECRET", "SIZE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="batch_size: the environment variable SIZE is"):
        hooked(tmp_path, SHOP.replace("type: webhook", "type: webhook, batch_size: {env: SIZE}"))


def test_a_secret_that_is_too_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK_URL", "https://shop.example/hook")
    monkeypatch.setenv("HOOK_SECRET", "hunter2")
    with pytest.raises(ConfigurationError) as caught:
        hooked(tmp_path)
    said = str(caught.value)
    assert said.endswith("destinations.mine.secret: needs at least 16 characters")
    assert "hunter2" not in said


def test_a_misspelt_reference_is_told_once(loaded, good):
    sentence = only(loaded, good.replace("{env: MAIL_KEY}", "{evn: MAIL_KEY}"))
    assert sentence.endswith("destinations.mail.api_key: has no key 'evn'; did you mean 'env'?")


@pytest.mark.parametrize("place", ["./elsewhere", "/srv/elsewhere"])
def test_the_state_lies_in_the_data_dir(loaded, good, tmp_path, place):
    found = loaded(good + f"data_dir: {place}\n")
    assert found.state_url == f"sqlite:///{found.data_dir}/state.db"
    other = loaded(good + f"data_dir: {place}\nstate_url: sqlite:///./x.db\n")
    assert other.state_url == f"sqlite:///{tmp_path}/x.db"


def test_a_secret_from_a_file(loaded, good, tmp_path):
    (tmp_path / "key").write_text("k-file\n")
    text = good.replace("{env: MAIL_KEY}", "{file: ./key}")
    assert loaded(text).options["destinations", "mail"].api_key.get_secret_value() == "k-file"
    text = good.replace("{env: MAIL_KEY}", "{file: ./none}")
    (problem,) = loaded(text).missing["destinations", "mail"]
    assert "the file ./none with the secret cannot be read: No such file" in str(problem)


def test_a_plain_option_may_be_a_reference_too(loaded, good, monkeypatch):
    monkeypatch.setenv("MAIL_URL", "https://eu.vendor.example")
    text = good + "    base_url: {env: MAIL_URL}\n"
    assert loaded(text).options["destinations", "mail"].base_url == "https://eu.vendor.example"


def test_no_secret_shows_in_a_repr(loaded, good):
    assert "k-canary" not in repr(loaded(good))


def test_a_password_in_the_state_url_is_refused(loaded, good):
    text = good + "state_url: postgresql+psycopg://me:hunter2@db/tidesman\n"
    sentence = only(loaded, text)
    assert "state_url: has a password written out" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1", "line 1: this is no YAML"),
        ("- a\n- b\n", "needs keys such as"),
        ("", "needs keys such as"),
        ("timezone: UTC\ntimezone: CET\n", "line 2: timezone: stands twice; first on line 1"),
    ],
)
def test_what_is_no_configuration(loaded, text, sentence):
    assert sentence in only(loaded, text)


def test_the_example_loads_and_explains_every_key(monkeypatch):
    for name in ("MAIL_KEY", "ITERABLE_API_KEY", "BRAZE_API_KEY"):
        monkeypatch.setenv(name, "k")
    file = Path(__file__).parents[2] / "config" / "example.yaml"
    document = Document.read(file)
    settings = load(document, options_of).settings
    for name in Settings.model_fields:
        assert (name,) in document.lines, name
    for section in ("segmentation", "brake", "engine"):
        for name in type(getattr(settings, section)).model_fields:
            assert (section, name) in document.lines, (section, name)
    for name in Destination.model_fields:
        assert ("destinations", "klaviyo", name) in document.lines, name


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("{type: spark}", "spark needs a master, such as local[4] or spark://host:7077"),
        ("{type: spark, master: yarn, threads: 2}", "threads are part of Spark's master"),
        ("{master: yarn}", "master and options are for type: spark"),
    ],
)
def test_an_engine_is_told_what_it_lacks(loaded, good, engine, sentence):
    assert sentence in only(loaded, f"{good}\nengine: {engine}\n")
