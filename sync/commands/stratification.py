"""``tidesman stratification``: what the strata rest on, and what other weights would change."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from rich.table import Table

    from sync.strata import Trust

LEGEND = """\
Moved: customers in another stratum, hysteresis left aside. Ranks: by the whole score, in hundredths
of the customers, on average and at most."""


def stratification(
    by: Annotated[
        float,
        typer.Option(min=0.01, max=1.0, help="Change each weight by this share, up and down."),
    ] = 0.20,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Show which figures customers lack, and how many strata and ranks other weights would move.

    It reads the published day; nothing is changed.
    """
    from sync.app import open_app
    from sync.commands.show import console
    from sync.strata import trust

    with open_app(config, read_only=True, secrets=False) as app:
        found = trust(app, by)
    if json:
        typer.echo(json_.dumps(found.to_dict()))
        return
    out = console()
    out.print(f"{found.customers:,} customers as of {found.as_of}")
    out.print(_gaps(found))
    out.print(_shifts(found))
    out.print(LEGEND, style="dim")


def _gaps(found: Trust) -> Table:
    table = _table("what lacks", "customers", "share")
    table.add_column("then")
    for gap in found.gaps:
        share = gap.missing / gap.customers if gap.customers else 0.0
        table.add_row(gap.of, f"{gap.missing:,}", f"{share:.1%}", gap.then if gap.missing else "")
    return table


def _shifts(found: Trust) -> Table:
    table = _table("weight", "by", "moved", "ranks", "at most")
    for shift in found.shifts:
        table.add_row(
            shift.weight,
            f"{shift.by:+.0%}",
            f"{shift.moved:.2%}",
            f"{shift.mean_rank:.1f}",
            f"{shift.greatest_rank:.1f}",
        )
    return table


def _table(first: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(first, min_width=30)
    for column in columns:
        table.add_column(column, justify="right")
    return table
