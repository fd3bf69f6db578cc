"""The order ledger for a person, as ``tidesman status --orders`` prints it."""

from __future__ import annotations

import json as json_
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from sync.app import App
    from sync.order_ledger import SourceLedger

#: Days that are shown; JSON has all.
DAYS = 14
#: Gaps that are shown, the newest.
GAPS = 3


def say_orders(app: App, *, json: bool) -> None:
    """Print what came from each source by day, and when it was last checked."""
    from sync.commands.show import console
    from sync.order_ledger import order_ledger

    found = order_ledger(app)
    if json:
        typer.echo(json_.dumps({each.source: each.to_json() for each in found}))
        return
    out = console()
    for each in found:
        out.print(f"{each.source}", style="bold", end="")
        out.print(f" ({each.kind})", markup=False)
        for line in _said(each):
            out.print(f"  {line}", markup=False)
        if each.lines:
            out.print(_table(each))
        out.print()


def _said(each: SourceLedger) -> Iterator[str]:
    pulled = "never yet" if each.pulled_at is None else f"{each.pulled_at:%Y-%m-%d %H:%M} UTC"
    yield f"pulled to its end: {pulled}"
    if each.recheck_days is None:
        yield "refunds and deletions: looked for with each pull"
    elif each.checked_at is None:
        yield "refunds and deletions: never looked for; the next run does"
    else:
        found = each.rechecked
        told = (
            ""
            if found is None
            else (f"; {found.gone:,} gone, {found.changed:,} changed, {found.found:,} more")
        )
        ago = f"{each.checked_days_ago} days ago" if each.checked_days_ago else "today"
        yield f"refunds and deletions: looked for {ago} (every {each.recheck_days} days){told}"
    if each.recheck_since is not None:
        yield f"all orders are being looked at anew since {each.recheck_since:%Y-%m-%d %H:%M} UTC"
    for name, value in each.overlap.items():
        yield f"{name}: {value}"
    for gap in each.gaps[-GAPS:]:
        until = f"and {gap.next}" if gap.next is not None else "and today"
        yield (
            f"gap: no order between {gap.last} {until}, {gap.days} days "
            f"(usually {each.usual_days:g})"
        )
    if len(each.gaps) > GAPS:
        yield f"and {len(each.gaps) - GAPS} earlier gaps, all of them with --json"


def _table(each: SourceLedger) -> Table:
    from rich.table import Table

    from sync.order_ledger import last_days, shown

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("day", min_width=10)
    for title in ("orders", "money", "refunds", "refunded", "voided"):
        table.add_column(title, justify="right")
    for line in (*last_days(each.lines, DAYS), *each.totals):
        money = [shown(line, amount) for amount in (line.money, line.refunded)]
        counts = [f"{count:,}" for count in (line.orders, line.refunds, line.voided)]
        table.add_row(
            "in all" if line.day is None else str(line.day),
            *(counts[0], money[0], counts[1], money[1], counts[2]),
            style="bold" if line.day is None else None,
        )
    return table
