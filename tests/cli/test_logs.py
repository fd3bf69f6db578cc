import json
import logging

import structlog

from sync import logs


def test_secrets_and_addresses_stand_in_no_line(capsys):
    logs.configure(secrets=["k-canary"])
    log = structlog.get_logger("run")
    log.info("sent", to="Anna <anna@example.com>", key="Bearer k-canary", deep={"a": ["k-canary"]})
    logging.getLogger("elsewhere").warning("%s said %s", "bob@example.com", "k-canary")
    log.error("failed", exc_info=ValueError("k-canary of anna@example.com"))
    said = capsys.readouterr()
    assert said.out == ""
    assert "canary" not in said.err
    assert "example.com" not in said.err
    assert said.err.count("[secret]") >= 4


def test_lines_are_key_and_value_or_json(capsys):
    logs.configure()
    structlog.get_logger("run").info("step ended", step="ingest", seconds=1.5)
    assert "level='info' event='step ended' step='ingest' seconds=1.5" in capsys.readouterr().err
    logs.configure(form="json")
    structlog.get_logger("run").info("step ended", step="ingest", seconds=1.5)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["step"], line["seconds"]) == ("step ended", "ingest", 1.5)


def test_each_request_is_no_line(capsys):
    logs.configure()
    logging.getLogger("httpx").info("HTTP Request: GET /profiles?email=anna@example.com")
    assert capsys.readouterr().err == ""
