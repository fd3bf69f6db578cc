"""Reports as tables that read well in 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sync.report import Delivered, Move, Pulled, Report, Segment, merged
from sync.store import Rechecked

WIDTH = 100
#: Kinds of moves of a scheme that are listed before the rest is summed up.
MOVES = 6

#: Below so many columns the tables of the schemes stand below each other.
NARROW = 90

COUNTED = "counted: profiles and events together, each change once"
NOTHING = "stopped before anything was published; the next run goes on from here"

TITLES = {"lifecycle": "Lifecycle", "rfm": "RFM", "risk_value": "Risk and value"}


def console(*, stderr: bool = False) -> Console:
    """Where to print: never wider than 100 columns, which is also the width of a pipe."""
    made = Console(stderr=stderr, highlight=False)
    made.width = min(made.width, WIDTH) if made.is_terminal else WIDTH
    return made


def report(found: Report) -> Group:
    """A run: what came in, who is where, who moved and why, what was sent."""
    if found.customers == 0:
        return Group(_head(found), Text(found.held or NOTHING, style="bold yellow"))
    parts: list[RenderableType] = [_head(found)]
    parts += [line for source in found.pulled for line in _came(source)]
    parts += [Text(f"note: {note}", style="yellow") for note in found.notes]
    parts += [Text(), _segments(found.segments), Text()]
    if found.moves and not found.first_load:
        parts += [_moves(found.moves), Text()]
    else:
        still = "the first load: everybody is new, and no event is sent"
        parts += [Text(still if found.first_load else "nobody moved"), Text()]
    if found.destinations:
        parts += [destinations(found), Text()]
    seconds = ", ".join(f"{step} {value:.1f} s" for step, value in found.seconds.items())
    parts.append(Text(seconds, style="dim"))
    return Group(*parts)


def _head(found: Report) -> Text:
    rows = sum(source.rows for source in found.pulled)
    text = Text(f"{found.as_of:%A %Y-%m-%d}", style="bold")
    refunds = any(fault[0] == "refunds" for source in found.pulled for fault in source.faults)
    what = "orders and refunds" if refunds else "orders"
    events = sum(source.events for source in found.pulled)
    also = f" and {events:,} events" if events else ""
    counts = (
        f"   {rows:,} {what}{also} pulled, {found.orders:,} orders in all, "
        f"{found.customers:,} customers"
    )
    text.append(counts, style="not bold")
    if found.future_orders:
        text.append(f"\norders in the future: {found.future_orders:,}, left out until their day")
    return text


def _came(source: Pulled) -> list[Text]:
    lines = [_fault(source.source, fault) for fault in source.faults]
    if source.rechecked is not None:
        lines.append(_rechecked(source.source, source.rechecked))
    if source.set_aside is not None:
        told = f"{source.source}: the rows that were set aside are in {source.set_aside}"
        lines.append(Text(told, style="yellow"))
    return lines


def _rechecked(source: str, found: Rechecked) -> Text:
    told = f"{found.gone:,} gone, {found.changed:,} changed, {found.found:,} more"
    silent = Text(f"{source}: all orders were looked at anew; it had not told of {told}")
    silent.stylize("yellow" if found != Rechecked() else "dim")
    return silent


def _fault(source: str, fault: tuple[str, int, str]) -> Text:
    name, count, example = fault
    told = f"; the first: {example}" if example else ""
    return Text(f"{source}: {name}: {count:,}{told}", style="yellow")


def _segments(segments: Iterable[Segment]) -> RenderableType:
    tables: dict[str, Table] = {}
    for each in segments:
        if each.scheme not in tables:
            tables[each.scheme] = _plain(TITLES.get(each.scheme, each.scheme))
            tables[each.scheme].add_column("customers", justify="right")
            tables[each.scheme].add_column("revenue", justify="right")
        tables[each.scheme].add_row(
            each.segment, f"{each.customers:,}", f"{each.revenue_share:.1%}"
        )
    return _Beside(tables)


@dataclass(frozen=True, slots=True)
class _Beside:
    """Tables by scheme, in two columns where there is room for two."""

    tables: Mapping[str, Table]

    def __rich_console__(
        self,
        console: Console,
        options: ConsoleOptions,
    ) -> Iterator[RenderableType]:
        """Draw them for the width that there is."""
        if options.max_width < NARROW:
            yield from self.tables.values()
        else:
            yield _grid(self.tables)


def _grid(tables: Mapping[str, Table]) -> Table:
    # the longest beside the others, so that three schemes stand in the height of one
    longest = max(tables, key=lambda scheme: tables[scheme].row_count, default=None)
    left = [table for scheme, table in tables.items() if scheme != longest]
    grid = Table.grid(padding=(0, 3))
    right = [] if longest is None else [tables[longest]]
    grid.add_row(*([Group(*left)] if left else []), *right)
    return grid


def _moves(moves: Iterable[Move]) -> Table:
    by_scheme: dict[str, list[Move]] = {}
    # in the order in which schemes are shown, and in each the commonest first
    for move in sorted(moves, key=lambda m: (_rank(m.scheme), -m.customers)):
        by_scheme.setdefault(move.scheme, []).append(move)
    table = _plain("Moves")
    for name in ("from", "to", "cause"):
        table.add_column(name)
    table.add_column("customers", justify="right")
    for scheme, found in by_scheme.items():
        title = TITLES.get(scheme, scheme)
        shown = found if len(found) <= MOVES + 1 else found[:MOVES]
        for move in shown:
            source = "(new)" if move.from_segment is None else move.from_segment
            table.add_row(title, source, move.to_segment, move.cause, f"{move.customers:,}")
        rest = found[len(shown) :]
        if rest:
            customers = sum(move.customers for move in rest)
            table.add_row(title, f"{len(rest)} further kinds", "", "", f"{customers:,}")
    return table


def _rank(scheme: str) -> tuple[int, str]:
    names = list(TITLES)
    return (names.index(scheme) if scheme in names else len(names), scheme)


def destinations(found: Report) -> RenderableType:
    """What became of the changes, by destination, and why not all of them arrived."""
    table = _plain("Destinations")
    waiting = any(result.waiting for result in found.destinations.values())
    names = ["planned", "requests", "delivered", "rejected", "still unsure"]
    for name in [*names, "waiting"] if waiting else names:
        table.add_column(name, justify="right", no_wrap=True)
    for name, result in found.destinations.items():
        counts = [getattr(result, key) for key in ("planned", "requests", "delivered")]
        counts += [result.rejected, result.unsure, *([result.waiting] if waiting else [])]
        table.add_row(name, *(f"{count:,}" for count in counts))
    parts: list[RenderableType] = [table, Text(COUNTED, style="dim")]
    parts += [line for name, d in found.destinations.items() for line in _troubles(name, d)]
    braked = {name: d.held for name, d in found.destinations.items() if d.held is not None}
    parts += [Text(line, style="yellow") for line in merged(braked)]
    if all(d.planned == d.writes == 0 for d in found.destinations.values()):
        parts.append(Text("nothing to send: 0 write calls", style="green"))
    return Group(*parts)


def _troubles(name: str, result: Delivered) -> list[Text]:
    # this one begins with the name
    lines = [Text(result.stopped, style="red")] if result.stopped else []
    if result.unconfirmed is not None and result.left_open:
        lines.append(Text(f"{name}: delivered as far as it tells: {result.unconfirmed}"))
    if result.lists:
        joined, left = result.lists["joined"], result.lists["left"]
        lines.append(Text(f"{name}: {joined:,} joined lists, {left:,} left"))
    for reason, count in result.reasons.items():
        lines.append(Text(f"{name}: {count:,} with: {reason}", style="yellow"))
    return lines


def _plain(title: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(Text(title, style="bold"), min_width=16)
    return table
