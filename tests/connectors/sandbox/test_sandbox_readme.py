import json
import re
import shlex
import types
from typing import get_args

import pytest

from connectors.sandbox import Fault
from connectors.sandbox.faults import Kind


@pytest.fixture
def page(root):
    return (root / "connectors" / "sandbox" / "README.md").read_text()


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_python_in_the_page_runs(page):
    (body,) = blocks(page, "python")
    exec(compile(body, "README.md", "exec"), vars(types.ModuleType("page")))


def test_every_dial_stands_in_the_page_with_fields_that_exist(page):
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*)\|$", page, re.MULTILINE)
    assert {kind for kind, _ in rows} == set(get_args(Kind))
    for _, fields in rows:
        named = re.findall(r"`(\w+)`", fields)
        assert set(named) <= set(Fault.model_fields), fields


def test_the_commands_in_the_page_work(page, klaviyo, braze):
    lines = [
        shlex.split(line, comments=True) for b in blocks(page, "sh") for line in b.splitlines()
    ]
    curls = [words[1:] for words in lines if words[:1] == ["curl"]]
    body = {"data": {"type": "profile", "attributes": {"email": "anna@example.com"}}}
    assert klaviyo.client.post("/api/profile-import", json=body).status_code == 201
    assert len(curls) == 10
    for words in curls:
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        url = next(word for word in words if word.startswith("http://127.0.0.1:900"))
        data = words[words.index("-d") + 1] if "-d" in words else ""
        assert not data or json.loads(data)
        bench = braze if ":9003" in url else klaviyo
        answer = bench.client.request(method, url[len("http://127.0.0.1:9001") :], content=data)
        assert answer.status_code == 200, words
