"""The command line. Each command is a function in a file of its own under ``sync/commands``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import typer

from sync.commands.alert import alert
from sync.commands.approve import approve
from sync.commands.backtest import backtest
from sync.commands.check import check
from sync.commands.customer import customer
from sync.commands.daemon import daemon
from sync.commands.demo import demo
from sync.commands.export import export
from sync.commands.forget import forget
from sync.commands.guard import guarded
from sync.commands.init import init
from sync.commands.new import destination, source
from sync.commands.options import Config, Debug
from sync.commands.plan import plan
from sync.commands.reconcile import reconcile
from sync.commands.replay import replay
from sync.commands.retry import retry
from sync.commands.run import run
from sync.commands.sandbox import sandbox
from sync.commands.segments import segments
from sync.commands.status import status
from sync.commands.stratification import stratification
from sync.commands.thresholds import accept, propose, show

EXIT_CODES = """\
[bold]Exit codes[/bold]

0  all is well

1  a defect of Tidesman itself; for status --healthy: no daemon is alive

2  the configuration or the input is to be mended

3  held by the brake until a person approves it

4  a destination stopped, or changes are left undelivered

5  another run is under way

130  interrupted at once; the first Ctrl-C of a run ends it in order, with 4
"""

#: In the order in which a newcomer needs them, each with an example for its help.
COMMANDS: tuple[tuple[Callable[..., None], str], ...] = (
    (demo, "tidesman demo --json > runs.json"),
    (init, "tidesman init tidesman.yaml"),
    (check, "tidesman check --config tidesman.yaml"),
    (plan, "tidesman plan --as-of 2026-11-21"),
    (run, "tidesman run --as-of 2026-11-21 --json > run.json"),
    (approve, "tidesman approve 2026-11-21-1 --up-to 5000"),
    (status, "tidesman status --json"),
    (segments, "tidesman segments --json"),
    (customer, "tidesman customer anna@example.com"),
    (reconcile, "tidesman reconcile klaviyo --sample 1000"),
    (retry, "tidesman retry braze --events --customer 17850"),
    (export, "tidesman export anna@example.com --to anna.json"),
    (forget, "tidesman forget anna@example.com"),
    (alert, "tidesman alert --test"),
    (daemon, "tidesman daemon --config /etc/tidesman/tidesman.yaml"),
    (backtest, "tidesman backtest --calibration-end 2026-06-30 --holdout-days 90"),
    (replay, "tidesman replay --from 2026-09-01 --to 2026-11-01 --scheme lifecycle"),
    (stratification, "tidesman stratification --by 0.2 --json"),
    (sandbox, "tidesman sandbox --port 9001"),
)

#: Commands of two words, by the first: what it is about, and the second words.
GROUPS: dict[str, tuple[str, tuple[tuple[Callable[..., None], str], ...]]] = {
    "thresholds": (
        "The edges between segments: propose them anew, accept a proposal, show what is in force.",
        (
            (propose, "tidesman thresholds propose"),
            (accept, "tidesman thresholds accept 2"),
            (show, "tidesman thresholds show --json"),
        ),
    ),
    "new": (
        "Begin a connector of your own.",
        (
            (destination, "tidesman new destination postbox --into postbox"),
            (source, "tidesman new source till --into till"),
        ),
    ),
}

app = typer.Typer(
    name="tidesman",
    help="Orders in, lifecycle segments out: only the customers who changed segment are updated.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("tidesman"))
        raise typer.Exit


@app.callback()
def tidesman(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Orders in, lifecycle segments out: only the customers who changed segment are updated."""
    del version
    # what is given before the command is the default of every command after it
    given = {"config": config or os.environ.get("TIDESMAN_CONFIG"), "debug": debug}
    context.default_map = _defaults(context.command, {k: v for k, v in given.items() if v})


def _defaults(command: Any, given: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - typer hides click's types
    inner: dict[str, Any] = getattr(command, "commands", {})
    return given | {name: _defaults(each, given) for name, each in inner.items()}


def _register(group: typer.Typer, command: Callable[..., Any], example: str) -> None:
    group.command(epilog=f"Example: [bold]{example}[/bold]")(guarded(command))


for _command, _example in COMMANDS:
    _register(app, _command, _example)

for _name, (_help, _commands) in GROUPS.items():
    _group = typer.Typer(name=_name, help=_help, no_args_is_help=True, rich_markup_mode="rich")
    for _command, _example in _commands:
        _register(_group, _command, _example)
    app.add_typer(_group)


def main() -> None:
    """What the ``tidesman`` script calls."""
    app()
