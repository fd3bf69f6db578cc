import yaml


def test_init_writes_a_configuration_and_says_what_is_next(cli, tmp_path):
    done = cli("init")
    assert done.exit_code == 0
    for command in ("tidesman check", "tidesman plan", "tidesman run", "tidesman sandbox"):
        assert command in done.stdout
    written = yaml.safe_load((tmp_path / "tidesman.yaml").read_text())
    assert written["sources"]["shop"]["type"] == "files"


def test_init_overwrites_nothing(cli, tmp_path):
    (tmp_path / "tidesman.yaml").write_text("mine")
    done = cli("init")
    assert done.exit_code == 2
    assert "tidesman.yaml is there already" in done.stderr
    assert (tmp_path / "tidesman.yaml").read_text() == "mine"
    assert cli("init", "other.yaml").exit_code == 0


def test_what_init_writes_is_checked_at_once(cli):
    cli("init")
    done = cli("check")
    assert done.exit_code == 2
    said = " ".join(done.stdout.split())
    assert "no file matches" in said
    assert "the environment variable KLAVIYO_API_KEY is not set" in said
    assert "ok disk" in said


def test_without_a_configuration_the_first_word_is_init(cli):
    done = cli("run")
    assert done.exit_code == 2
    assert "tidesman.yaml: is not here; make one with: tidesman init" in done.stderr


def test_a_wrong_configuration_is_told_with_all_its_mistakes_and_no_traceback(cli, tmp_path):
    cli("init")
    file = tmp_path / "tidesman.yaml"
    file.write_text(
        file.read_text()
        .replace("Europe/London", "Europe/Londn", 1)
        .replace("churn_horizon_days", "churn_horizn_days")
        .replace("    path: ./orders/*.csv", "    pth: ./orders/*.csv")
        .replace("    rename: {}", "    rename: {lifecycle_segmnt: lc}")
    )
    done = cli("run")
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    lines = [int(said.split(":")[0].split()[-1]) for said in done.stderr.splitlines()]
    assert lines == sorted(lines)
    for part in (
        "line 6: timezone: 'Europe/Londn' is no time zone; did you mean 'Europe/London'?",
        "segmentation.churn_horizn_days: is an unknown key; did you mean 'churn_horizon_days'?",
        "sources.shop.pth: is an unknown key; did you mean 'path'?",
    ):
        assert part in done.stderr


def test_a_name_for_a_property_that_there_is_not(cli, tmp_path, monkeypatch):
    for name in ("KLAVIYO_API_KEY", "ITERABLE_API_KEY", "BRAZE_API_KEY"):
        monkeypatch.setenv(name, "k")
    cli("init")
    file = tmp_path / "tidesman.yaml"
    file.write_text(file.read_text().replace("rename: {}", "rename: {lifecycle_segmnt: lc}"))
    done = cli("run")
    assert done.exit_code == 2
    assert "destinations.klaviyo.rename: there is no property 'lifecycle_segmnt'" in done.stderr


def test_a_missing_key_stops_a_run_before_it_begins(cli, tmp_path):
    cli("init")
    done = cli("run")
    assert done.exit_code == 2
    assert done.stderr.count("is not set") == 3
    assert not (tmp_path / "data").exists()


def test_status_before_the_first_run_is_no_error(cli):
    cli("init")
    done = cli("status")
    assert done.exit_code == 0
    assert "there was no run yet" in done.stderr


def test_no_daemon_no_health(cli):
    cli("init")
    assert cli("status", "--healthy").exit_code == 1
