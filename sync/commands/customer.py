"""``tidesman customer``: the whole view of one customer."""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from sync.person import Person

#: Orders that are listed; the rest is counted.
LISTED = 12
WITHOUT_ORDERS = (
    "known, but in no segment: there is no order up to the published day, only refunds, or orders "
    "that the next run will count; all that is held: tidesman export"
)


def customer(
    who: Annotated[
        str, typer.Argument(metavar="ID-OR-EMAIL", help="An id, e-mail address or phone.")
    ],
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Show one customer: orders, scores, segments and why, and what each destination accepted.

    Also which threshold was crossed by which number at the last move of each scheme, and on which
    day he moves where if nothing more is bought.
    """
    from sync.commands.show import console
    from sync.person import find
    from sync.scratch import looking
    from sync.who import somebody

    with looking(config) as app:
        found = find(app, who)
        known = bool(found) or somebody(app, who, everybody=True) is not None
    if not known:
        raise Stop("nobody is known by that; give the shop's customer id or an e-mail address")
    if not found:
        raise Stop(WITHOUT_ORDERS)
    if json:
        typer.echo(json_.dumps([asdict(person) for person in found], default=str))
        return
    out = console()
    for person in found:
        for part in _parts(person):
            out.print(part)
            out.print()


def _parts(person: Person) -> list[RenderableType]:
    from rich.text import Text

    numbers = person.numbers
    contact = ", ".join(str(numbers[key]) for key in ("email", "phone") if numbers.get(key))
    head = f"{person.customer_id}   {contact}   as of {person.as_of}"
    return [
        Text(head, style="bold"),
        _segments(person),
        *_last_moves(person),
        *([_coming(person)] if person.coming else []),
        _numbers(person),
        _orders(person),
        *([_moves(person)] if person.moves else []),
        _accepted(person),
    ]


def _segments(person: Person) -> RenderableType:
    table = _table("scheme", "segment", "since", "why", "before")
    for placed in person.placed:
        before = placed.previous or ""
        table.add_row(placed.scheme, placed.segment, str(placed.since), placed.cause, before)
    return table


def _last_moves(person: Person) -> list[RenderableType]:
    table = _table("last move", "what crossed which threshold")
    for placed in person.placed:
        if placed.told and placed.previous is not None:
            told = f"{placed.previous} to {placed.segment} ({placed.cause}): {placed.told}"
            table.add_row(f"{placed.since} {placed.scheme}", told)
    return [table] if table.row_count else []


def _coming(person: Person) -> RenderableType:
    table = _table("if nothing is bought", "scheme", "from", "to")
    for move in person.coming:
        table.add_row(str(move.day), move.scheme, move.from_segment, move.to_segment)
    table.caption = "with model and thresholds as they are; the model is fitted anew each week"
    table.caption_justify = "left"
    return table


def _numbers(person: Person) -> RenderableType:
    table = _table("number", "", "number", "")
    left = [key for key in person.numbers if key not in ("customer_id", "email", "phone")]
    half = (len(left) + 1) // 2
    for first, second in zip(left[:half], [*left[half:], ""], strict=False):
        table.add_row(
            first, _told(person.numbers[first]), second, _told(person.numbers.get(second))
        )
    return table


def _orders(person: Person) -> RenderableType:
    table = _table("order", "day", "kind", "amount", "source")
    hidden = len(person.orders) - LISTED
    if hidden > 0:
        table.add_row(f"({hidden} earlier ones)", "", "", "", "")
    for order in person.orders[-LISTED:]:
        amount = f"{order.amount:,.2f} {order.currency}"
        table.add_row(order.order_id, str(order.on), order.kind, amount, order.source)
    return table


def _moves(person: Person) -> RenderableType:
    table = _table("moved on", "scheme", "from", "to", "why")
    for move in person.moves[-LISTED:]:
        table.add_row(
            str(move.as_of), move.scheme, move.from_segment or "", move.to_segment, move.cause
        )
    return table


def _accepted(person: Person) -> RenderableType:
    """Destinations that hold the same stand in one row."""
    together: dict[tuple[str, str], list[str]] = {}
    for row in person.accepted:
        properties = {} if row.accepted is None else row.accepted.properties
        lines = [f"{name}: {_told(value)}" for name, value in properties.items()]
        told = "\n".join(lines if row.reason is None else [row.reason, *lines])
        when = f"{row.updated_at:%Y-%m-%d %H:%M}"
        together.setdefault((row.mark.value, told), []).append(f"{row.destination} ({when})")
    table = _table("destination (last answer, UTC)", "stands", "last accepted")
    for (mark, told), names in together.items():
        table.add_row("\n".join(names), mark, told)
    return table


def _table(*titles: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    return str(value)
