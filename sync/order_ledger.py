"""The order ledger: what came from each source on each day, and when it was last checked.

Counted from the lake by its latest versions, in each order's own currency, so that it can be held
against the shop's own report to the cent. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from connectors import registry
from connectors.types import Kind
from sync.recheck import every
from sync.store import Rechecked

if TYPE_CHECKING:
    from segmenter.expr import Engine, Table
    from sync.app import App

#: So many times the usual number of days from one day with orders to the next are a gap. With
#: orders on each day but Saturday and Sunday, from Friday to Monday is three times the usual.
RHYTHM = 3
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """Orders, refunds and what was taken away, of one day of the shop (None: of all) and currency.

    ``money`` is what the orders came to, ``refunded`` what of it went back (at most zero).
    """

    day: date | None
    currency: str
    orders: int
    money: Decimal
    refunds: int
    refunded: Decimal
    voided: int

    def to_json(self) -> dict[str, Any]:
        """Money as text, so that no cent is lost."""
        told = {**asdict(self), "money": cents(self.money), "refunded": cents(self.refunded)}
        return {**told, "day": self.day and self.day.isoformat()}


@dataclass(frozen=True, slots=True)
class Gap:
    """No order came after ``last`` until ``next``; ``next`` is None if none has come since."""

    last: date
    next: date | None
    days: int


@dataclass(frozen=True, slots=True)
class SourceLedger:
    """One source. ``lines`` are by day and currency, oldest first; ``totals`` by currency.

    ``checked_at`` is when refunds and deletions were last looked for: with the last full recheck,
    or with each pull where a source has none (``recheck_days`` is None). ``usual_days`` lie between
    two days with orders; ``overlap`` are the options that say how far each pull looks back.
    """

    source: str
    kind: str
    pulled_at: datetime | None
    checked_at: datetime | None
    checked_days_ago: int | None
    recheck_days: int | None
    recheck_since: datetime | None
    rechecked: Rechecked | None
    overlap: dict[str, Any]
    usual_days: float | None
    gaps: tuple[Gap, ...]
    lines: tuple[Line, ...]
    totals: tuple[Line, ...]

    def to_json(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        moments = ("pulled_at", "checked_at", "recheck_since")
        told = {name: getattr(self, name) for name in moments}
        return {
            **{name: at and at.isoformat() for name, at in told.items()},
            "checked_days_ago": self.checked_days_ago,
            "recheck_days": self.recheck_days,
            "last_recheck": self.rechecked and asdict(self.rechecked),
            "overlap": self.overlap,
            "usual_days": self.usual_days,
            "gaps": [
                {"last": str(g.last), "next": g.next and str(g.next), "days": g.days}
                for g in self.gaps
            ],
            "totals": [line.to_json() for line in self.totals],
            "days": [line.to_json() for line in self.lines],
        }


def order_ledger(app: App) -> list[SourceLedger]:
    """What the lake holds of each source, by day of the shop."""
    engine = app.engine()
    try:
        return [_of(app, engine, name) for name in app.sources]
    finally:
        engine.disconnect()


def _of(app: App, engine: Engine, name: str) -> SourceLedger:
    kind = app.loaded.settings.sources[name].type
    again, last = every(app, name, registry.source(kind)), app.store.last_pull(name)
    checked = last.pulled_at if again is None else last.rechecked_at
    rows = app.lake().latest(engine, name)
    lines = () if rows is None else tuple(_lines(engine, rows))
    usual, gaps = rhythm([line.day for line in lines if line.day and line.orders], app.today())
    options = app.loaded.options.get(("sources", name))
    told = {} if options is None else options.model_dump(mode="json")
    return SourceLedger(
        source=name,
        kind=kind,
        pulled_at=last.pulled_at,
        checked_at=checked,
        checked_days_ago=None if checked is None else _days_since(app, checked),
        recheck_days=again,
        recheck_since=last.began_at,
        rechecked=last.rechecked,
        overlap={key: value for key, value in told.items() if key.startswith("overlap")},
        usual_days=usual,
        gaps=gaps,
        lines=lines,
        totals=tuple(_totals(lines)),
    )


def _days_since(app: App, moment: datetime) -> int:
    return (app.today() - moment.astimezone(app.timezone).date()).days


def _lines(engine: Engine, rows: Table) -> list[Line]:
    is_order, is_refund = rows.kind == Kind.ORDER.value, rows.kind == Kind.REFUND.value
    counted = rows.group_by(day=rows.ordered_at.date(), currency=rows.currency).agg(
        orders=is_order.sum(),
        money=rows.amount.sum(where=is_order),
        refunds=is_refund.sum(),
        refunded=rows.amount.sum(where=is_refund),
        voided=(rows.kind == Kind.VOID.value).sum(),
    )
    found: list[dict[str, Any]] = engine.to_pyarrow(counted.order_by("day", "currency")).to_pylist()
    for row in found:
        row.update({name: row[name] or ZERO for name in ("money", "refunded")})
    return [Line(**row) for row in found]


def _totals(lines: Sequence[Line]) -> list[Line]:
    totals: dict[str, Line] = {}
    for line in lines:
        so_far = totals.get(line.currency)
        totals[line.currency] = replace(line, day=None) if so_far is None else _sum(so_far, line)
    return [totals[currency] for currency in sorted(totals)]


def _sum(one: Line, other: Line) -> Line:
    return Line(
        None,
        one.currency,
        one.orders + other.orders,
        one.money + other.money,
        one.refunds + other.refunds,
        one.refunded + other.refunded,
        one.voided + other.voided,
    )


def rhythm(days: Iterable[date], today: date) -> tuple[float | None, tuple[Gap, ...]]:
    """The usual number of days from one day with orders to the next, and the gaps.

    Usual is the median; a gap is more than ``RHYTHM`` times that, also from the last day until
    ``today``. Of fewer than three days with orders nothing can be said.
    """
    when = sorted({day for day in days if day <= today})
    if len(when) < 3:
        return None, ()
    pairs = list(pairwise(when))
    usual = float(median((after - before).days for before, after in pairs))
    until: list[tuple[date, date | None]] = [*pairs, (when[-1], None)]
    found = [Gap(last, after, ((after or today) - last).days) for last, after in until]
    return usual, tuple(gap for gap in found if gap.days > RHYTHM * usual)


def cents(amount: Decimal) -> str:
    """The amount exactly, with two digits after the point at least."""
    short = amount.quantize(Decimal("0.01"))
    return f"{short if short == amount else amount.normalize():f}"


def shown(line: Line, amount: Decimal) -> str:
    """An amount for a person."""
    return f"{Decimal(cents(amount)):,} {line.currency}"


def last_days(lines: Sequence[Line], count: int) -> list[Line]:
    """The lines of the last so many days that have any."""
    days = sorted({line.day for line in lines if line.day is not None})[-count:]
    return [line for line in lines if line.day in days]
