"""Options that may stand before the command, too, and ports that are taken."""

import socket

import pytest


@pytest.mark.parametrize("words", [("status",), ("thresholds", "show")])
def test_the_configuration_may_be_named_before_the_command(cli, monkeypatch, words):
    monkeypatch.setenv("TIDESMAN_CONFIG", "environment.yaml")
    assert "environment.yaml: cannot be read" in cli(*words).stderr
    assert "before.yaml: cannot be read" in cli("--config", "before.yaml", *words).stderr
    done = cli("--config", "before.yaml", *words, "--config", "after.yaml")
    assert "after.yaml: cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_may_stand_before_the_command(cli):
    assert "Traceback" in cli("--debug", "--config", "none.yaml", "status").stderr


def test_a_port_that_is_taken_points_at_the_option(cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = cli("sandbox", "--port", str(port))
    assert done.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "choose other ports with --port" in done.stderr
