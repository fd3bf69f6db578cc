"""The beginning of a connector: a small package whose tests fail with "not written yet"."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from string import Template

from connectors import registry
from connectors.errors import Misconfigured

#: Each template and the file that it becomes; both know ``$name``, ``$dashed`` and ``$title``.
FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "init.py.txt": "tidesman_$name/__init__.py",
    "adapter.py.txt": "tidesman_$name/adapter.py",
    "lookalike.py.txt": "tidesman_$name/lookalike.py",
    "test.py.txt": "tests/test_$name.py",
}


def destination(name: str) -> dict[str, str]:
    """The files of a package for the destination of that type: path to text.

    Raises Misconfigured if the name cannot be a type's: it stands in the configuration and in the
    names of modules, and must not be that of a type which is installed already.
    """
    return _package("destination", registry.DESTINATIONS, name)


def source(name: str) -> dict[str, str]:
    """The same for a source."""
    return _package("source", registry.SOURCES, name)


def _package(kind: str, group: str, name: str) -> dict[str, str]:
    if re.fullmatch(r"[a-z][a-z0-9_]*", name) is None or keyword.iskeyword(name):
        raise Misconfigured(
            f"{name!r} cannot be the name of a connector: take small letters, digits and _, with "
            "a letter first, such as postbox"
        )
    if name in registry.names(group):
        raise Misconfigured(f"a {kind} of type {name!r} is installed already")
    words = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "title": "".join(word.capitalize() for word in name.split("_")),
    }
    folder = files("connectors.scaffold") / kind
    return {
        Template(path).substitute(words): Template((folder / file).read_text()).substitute(words)
        for file, path in FILES.items()
    }
