"""``tidesman replay``: how calm the segments would have been on a stretch of the shop's past."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.options import Config, Debug, Json, day

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sync.replay import Replayed

#: Days that are listed one by one; of more than these the calmest are left out.
LISTED = 10

LEFT_OUT = """\
not replayed: {}; only schemes that follow from orders alone are (lifecycle, rfm, risk_value)."""

LEGEND = """\
Shares are of the customers of the day. Back: returned within 7 days to a segment that he had left.
Requests are for changes of segment and their events; a change of address would come on top."""


def replay(
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="YYYY-MM-DD",
            help="The day on which everybody is new. Left out: 60 days before the last.",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="YYYY-MM-DD",
            help="The last day. Left out: that of the last order.",
            show_default=False,
        ),
    ] = None,
    scheme: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this scheme; may be given more than once. Left out: all that are on.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Replay the past day by day: who would have moved, why, and what it would have cost.

    The first day learns as a first run does. Nothing is written, and nothing is sent.
    """
    from sync.commands.bars import bars
    from sync.commands.show import console
    from sync.pull import pull
    from sync.replay import replayed
    from sync.scratch import scratch

    first, last = day(start, "--from"), day(end, "--to")
    with scratch(config) as app, bars() as progress:
        if app.lake().version() == 0:
            pull(app, "replay", progress)
        found = replayed(app, first, last, tuple(scheme or ()), progress)
    if json:
        typer.echo(json_.dumps(found.to_dict()))
    _show(found, console(stderr=json))


def _show(found: Replayed, out: Console) -> None:
    first, last = found.days[0], found.days[-1]
    out.print(
        f"{first.day} to {last.day}: {first.customers:,} customers on the first day, "
        f"{last.customers:,} on the last; {sum(each.refitted for each in found.days)} refits; "
        f"{found.seconds:.1f} s"
    )
    if found.left_out:
        out.print(LEFT_OUT.format(", ".join(found.left_out)), style="yellow", markup=False)
    out.print(_schemes(found))
    for scheme in found.schemes:
        out.print(_worst(found, scheme))
    if found.destinations:
        out.print(_costs(found))
    out.print(LEGEND, style="dim")


def _table(first: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(first, min_width=22)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _schemes(found: Replayed) -> Table:
    days = max(len(found.later()), 1)
    table = _table("moves", "in all", "a day", "of customers", "back", "worst day")
    for scheme in found.schemes:
        causes = found.causes(scheme)
        moves = sum(causes.values())
        flaps = sum(one.schemes[scheme].flaps for one in found.days)
        worst = found.worst(scheme)
        table.add_row(
            scheme,
            f"{moves:,}",
            f"{moves / days:,.1f}",
            f"{found.share(scheme):.3%}",
            f"{flaps / moves:.1%}" if moves else "",
            f"{worst.schemes[scheme].moves / max(worst.customers, 1):.2%}",
            style="bold",
        )
        for cause, count in causes.items():
            share = found.share(scheme, cause)
            table.add_row(f"  {cause}", f"{count:,}", f"{count / days:,.1f}", f"{share:.3%}")
    return table


def _worst(found: Replayed, scheme: str) -> Table:
    table = _table(f"{scheme}: most moves", "moves", "of customers", "back")
    table.add_column("why")
    most = sorted(found.later(), key=lambda one: -one.schemes[scheme].moves / one.customers)
    for one in most[:LISTED]:
        counted = one.schemes[scheme]
        why = sorted(counted.causes.items(), key=lambda item: -item[1])
        table.add_row(
            f"{one.day:%a} {one.day}",
            f"{counted.moves:,}",
            f"{counted.moves / one.customers:.2%}",
            f"{counted.flaps:,}",
            ", ".join(f"{cause} {count:,}" for cause, count in why),
        )
    return table


def _costs(found: Replayed) -> Table:
    days = max(len(found.later()), 1)
    table = _table("destination", "first load", "then requests", "a day", "profiles", "events")
    for name, cost in found.destinations.items():
        table.add_row(
            name,
            f"{cost.first_load:,}",
            f"{cost.requests:,}",
            f"{cost.requests / days:,.1f}",
            f"{cost.profiles:,}",
            f"{cost.events:,}",
        )
    return table
