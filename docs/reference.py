"""Write the reference pages of docs/ from the code; ``make fix`` runs it.

With --check nothing is written: it ends with 1 and says which page is not what the code says.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

WIDTH = "90"
os.environ |= {"TERMINAL_WIDTH": WIDTH, "COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb"}

import yaml  # noqa: E402 - the width is read on import
from pydantic.fields import FieldInfo  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from connectors import registry  # noqa: E402
from connectors.base import Connector, Destination, Rate  # noqa: E402
from sync.cli import COMMANDS, GROUPS, app  # noqa: E402

HERE = Path(__file__).resolve().parent
FILLED_IN = {"timezone": "the shop's", "currency": "the shop's", "run": "each run's own"}
NOTE = "<!-- Written by docs/reference.py; change the code and run make fix. -->\n"


def commands() -> Iterator[str]:
    """The help of each command, as it is printed."""
    yield f"# Commands\n\n{NOTE}\n"
    for arguments in _commands():
        done = CliRunner().invoke(app, [*arguments, "--help"])
        if done.exit_code != 0:
            raise SystemExit(f"tidesman {' '.join(arguments)} --help failed: {done.exception}")
        text = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
        text = text.replace("Usage: root", "Usage: tidesman")
        yield f"## tidesman {' '.join(arguments)}".rstrip() + f"\n\n```text\n{text}\n```\n\n"


def _commands() -> Iterator[list[str]]:
    yield []
    yield from ([function.__name__.replace("_", "-")] for function, _ in COMMANDS)
    for group, (_, commands) in GROUPS.items():
        yield from ([group, function.__name__] for function, _ in commands)


def connectors() -> Iterator[str]:
    """The options, the limits and the kinds of change of each connector of ours."""
    yield f"# Connectors\n\n{NOTE}\n"
    yield (
        "What stands under a source or a destination in `tidesman.yaml` besides its `type`. "
        "For what holds for every destination (`prefix`, `rename`, `events`, `refresh`), see "
        "[configuration](configuration.md).\n\n"
    )
    # ours by pyproject.toml: what else is installed here, or not yet, does not belong on the page
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    for group, title in ((registry.SOURCES, "Sources"), (registry.DESTINATIONS, "Destinations")):
        yield f"## {title}\n\n"
        for name, value in sorted(project["entry-points"][group].items()):
            yield from _connector(name, EntryPoint(name, value, group).load())


def segments() -> Iterator[str]:
    """Every segment that ships, in the words of config/segments.yaml."""
    yield f"# Segments\n\n{NOTE}\n"
    schemes = yaml.safe_load((HERE.parent / "config" / "segments.yaml").read_text())
    for scheme, body in schemes.items():
        yield f"## {scheme}\n\n{body['description'].strip()}\n\n"
        yield "| segment | who | what to do | how to see whether it helped |\n"
        yield "| --- | --- | --- | --- |\n"
        for name, told in body["segments"].items():
            yield f"| {name} | {told['description']} | {told['do']} | {told['measure']} |\n"
        yield "\n"


def _connector(name: str, kind: type[Connector]) -> Iterator[str]:
    yield f"### {name}\n\n{_sentence(kind)}\n\n"
    yield "| option | default | what it is |\n| --- | --- | --- |\n"
    for option, field in kind.options_class.model_fields.items():
        default = FILLED_IN.get(option) or _default(field)
        yield f"| `{option}` | {default} | {field.description} |\n"
    yield "\n"
    if issubclass(kind, Destination):
        for change, how in sorted(kind.deliveries.items(), key=lambda item: item[0].__name__):
            size = f"at most {how.size:,} a request"
            weight = f" and {how.bytes:,} bytes" if how.bytes is not None else ""
            again = "" if how.idempotent else "; not sent again when an answer is lost"
            yield f"- {change.__name__}: {size}{weight}{again}\n"
        if kind.reads:
            yield f"- read back by `tidesman reconcile`: {kind.reads:,} at a time\n"
    for rate in (*kind.rates, *getattr(kind, "read_rates", ())):
        which = " ".join([*rate.methods, rate.path])
        yield f"- `{which}`: at most {_limit(rate)}\n"
    yield "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        value = ", ".join(_limit(each) if isinstance(each, Rate) else str(each) for each in value)
    return f"`{value}`" if value not in (None, "") else "none"


def _limit(rate: Rate) -> str:
    return f"{rate.calls:,} calls in {rate.seconds:g} s"


def _sentence(kind: type[Connector]) -> str:
    return (kind.__doc__ or "").strip().partition("\n\n")[0].replace("\n    ", " ")


PAGES = {"commands.md": commands, "connectors.md": connectors, "segments.md": segments}


def main() -> None:
    """Write the pages, or with --check compare them."""
    stale = []
    for name, make in PAGES.items():
        page, text = HERE / name, "".join(make()).rstrip("\n") + "\n"
        if page.exists() and page.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            page.write_text(text)
    if stale and "--check" in sys.argv:
        raise SystemExit(f"not what the code says: {', '.join(stale)}; run make fix")


if __name__ == "__main__":
    main()
