"""Nobody can switch off that a vendor's certificate is verified."""

from __future__ import annotations

import ast
import ssl
from pathlib import Path

from connectors import registry
from sync.app import secure_transport

PACKAGES = ("connectors", "segmenter", "sync", "config")
#: Ways to trust whoever answers.
WAYS = {"verify", "check_hostname", "verify_mode", "CERT_NONE", "_create_unverified_context"}


def test_no_code_speaks_of_a_way_around_it(root: Path) -> None:
    found = []
    for part in PACKAGES:
        for path in sorted((root / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                names = {getattr(node, "arg", None), getattr(node, "attr", None)}
                if names & WAYS:
                    found.append(str(path.relative_to(root)))
    assert found == []


def test_no_connector_has_an_option_for_it() -> None:
    for group, find in (
        (registry.SOURCES, registry.source),
        (registry.DESTINATIONS, registry.destination),
    ):
        for name in registry.names(group):
            for option in find(name).options_class.model_fields:
                assert not {"verify", "insecure", "tls", "ssl"} & set(option.split("_")), option


def test_the_way_to_every_vendor_asks_for_a_certificate_of_that_name(monkeypatch) -> None:
    made: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def kept(*args, **kwargs):
        made.append(create(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", kept)
    secure_transport()
    assert [(one.verify_mode, one.check_hostname) for one in made] == [(ssl.CERT_REQUIRED, True)]
