"""``tidesman thresholds``: propose the edges between segments anew, and put them in force."""

from __future__ import annotations

import getpass
import json as json_
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug, Json, day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console
    from rich.table import Table

    from sync.store import Proposal
    from sync.thresholds import Proposed, Standing

#: Kinds of moves of a scheme that are listed.
LISTED = 6

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="YYYY-MM-DD",
        help="Take the quantiles of this day. The published one if left out.",
        show_default=False,
    ),
]


def propose(
    as_of: AsOf = None,
    pinned: Annotated[
        bool,
        typer.Option("--pinned", help="Change only the edges that segments_file pins."),
    ] = False,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Propose thresholds from the customers as they are now, and show who would move.

    The proposal is kept as a version that is not in force; nobody moves.
    """
    from sync.app import open_app
    from sync.commands.show import console
    from sync.thresholds import proposed

    with open_app(config, secrets=False) as app:
        found = proposed(app, day(as_of), getpass.getuser(), only_pinned=pinned)
    if json:
        typer.echo(json_.dumps(_proposal(found)))
    _show_proposal(found, console(stderr=json))


def accept(
    version: Annotated[
        int, typer.Argument(help="The version, as tidesman thresholds show has it.")
    ],
    config: Config = None,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Put a version in force. The next run moves whom it concerns, for the cause "threshold".

    The brake may hold that run. A version of before comes back under a new number.
    """
    from sync.app import open_app

    with open_app(config, secrets=False) as app:
        latest, by = app.store.latest_thresholds(), getpass.getuser()
        if latest is not None and latest.version == version:
            raise Stop(f"version {version} is in force already")
        if app.store.thresholds(version) is None:
            raise Stop(f"there is no version {version}; see them with: tidesman thresholds show")
        now = app.store.accept_thresholds(version, by, app.clock.now())
    same = "" if now == version else f", with the numbers of version {version},"
    typer.echo(f"Version {now}{same} is in force, accepted by {by}.")
    typer.echo("See whom the next run will move: tidesman plan")


def show(
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Show the thresholds in force, and every version with who accepted it and when."""
    from sync.app import open_app
    from sync.commands.show import console
    from sync.store import StoreMissing
    from sync.thresholds import standing

    try:
        with open_app(config, read_only=True, secrets=False) as app:
            found = standing(app)
    except StoreMissing:
        raise Stop("there was no run yet; the first one proposes and accepts thresholds") from None
    if json:
        typer.echo(json_.dumps(_standing(found)))
    _show_standing(found, console(stderr=json))


def _proposal(found: Proposed) -> dict[str, object]:
    return {
        "version": found.version,
        "as_of": found.as_of.isoformat(),
        "published": found.published.isoformat(),
        "customers": found.customers,
        "in_force": {key: list(values) for key, values in found.in_force.items()},
        "proposed": {key: list(values) for key, values in found.edges.items()},
        "moved": dict(found.moved()),
        "moves": [
            {
                "scheme": m.scheme,
                "from": m.from_segment,
                "to": m.to_segment,
                "customers": m.customers,
            }
            for m in found.moves
        ],
    }


def _standing(found: Standing) -> dict[str, object]:
    return {
        "version": found.version,
        "edges": {key: list(values) for key, values in found.edges.items()},
        "history": [
            {
                "version": each.version,
                "proposed_at": each.proposed_at.isoformat(),
                "proposed_by": each.proposed_by,
                "accepted_at": None if each.accepted_at is None else each.accepted_at.isoformat(),
                "accepted_by": each.accepted_by,
                "edges": json_.loads(each.body)["edges"],
            }
            for each in found.history
        ],
    }


def _show_proposal(found: Proposed, out: Console) -> None:
    if found.version is None:
        out.print(f"What is proposed for {found.as_of} is in force already; nothing to do.")
        return
    table = _table("edge", "in force", "proposed")
    for key in sorted({*found.in_force, *found.edges}):
        old, new = _numbers(found.in_force, key), _numbers(found.edges, key)
        table.add_row(key, old, new, style="" if old == new else "bold")
    out.print(table)
    out.print()
    moved = found.moved()
    out.print(f"If accepted, of {found.customers:,} customers published for {found.published}:")
    for scheme, count in moved.items():
        share = count / max(found.customers, 1)
        out.print(f"{scheme}: {count:,} would move ({share:.1%})", style="bold")
        mine = [move for move in found.moves if move.scheme == scheme]
        for move in mine[:LISTED]:
            out.print(f"  {move.customers:>7,}  {move.from_segment} to {move.to_segment}")
    if not moved:
        out.print("nobody would move")
    out.print(f"\nVersion {found.version} is proposed and not in force. Put it in force with:")
    out.print(f"tidesman thresholds accept {found.version}", style="bold")


def _show_standing(found: Standing, out: Console) -> None:
    if found.version is None:
        out.print("No thresholds are in force; the first run proposes and accepts them.")
        return
    table = _table(f"in force: version {found.version}", "edges")
    for key in sorted(found.edges):
        table.add_row(key, _numbers(found.edges, key))
    out.print(table)
    for sentence in found.waiting:
        out.print(sentence, style="yellow", markup=False)
    out.print()
    history = _table("version", "proposed (UTC)", "by", "accepted (UTC)", "by")
    for each in found.history:
        number = f"{each.version} in force" if each.version == found.version else f"{each.version}"
        history.add_row(number, *_when(each))
    out.print(history)


def _when(each: Proposal) -> tuple[str, str, str, str]:
    accepted = "" if each.accepted_at is None else f"{each.accepted_at:%Y-%m-%d %H:%M}"
    return (
        f"{each.proposed_at:%Y-%m-%d %H:%M}",
        each.proposed_by,
        accepted,
        each.accepted_by or "",
    )


def _numbers(edges: Mapping[str, tuple[float, ...]], key: str) -> str:
    return ", ".join(f"{value:,g}" for value in edges.get(key, ()))


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table
