"""``tidesman backtest``: how well the forecasts would have held on the shop's own past."""

from __future__ import annotations

import json as json_
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from rich.console import Console

    from segmenter.backtest import Backtest
    from segmenter.expr import Table
    from sync.app import App

LEGEND = """\
AUC: the chance that one who bought is ranked above one who did not (.5 is a coin). Best tenth: the
share of those who bought that is found there. Brier, off by: errors of the forecast chance. Orders,
money: the total that was foretold, over or under what came."""


def backtest(
    calibration_end: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Learn from orders up to this day. Left out: so that the holdout ends with the "
            "last order.",
            show_default=False,
        ),
    ] = None,
    holdout_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Hold the forecast against so many days after. Left out: the churn horizon.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Learn from the shop's past, forecast, and hold it against what came. Nothing is kept."""
    from sync.commands.bars import bars
    from sync.commands.show import console
    from sync.pull import pull
    from sync.scratch import scratch

    with scratch(config) as app:
        with bars() as progress:
            pull(app, "backtest", progress)
        end = None if calibration_end is None else calibration_end.date()
        found = _test(app, end, holdout_days)
    if json:
        typer.echo(json_.dumps(found.to_dict()))
    _show(found, console(stderr=json))


def _test(app: App, end: date | None, days: int | None) -> Backtest:
    from segmenter.backtest import backtest as test
    from sync.reading import as_published

    engine, settings = app.engine(), app.segmentation()
    orders: Table = as_published(app, engine, app.lake().orders(engine))
    days = settings.churn_horizon_days if days is None else days
    day = orders.filter(orders.kind == "order").ordered_at.date()
    first = engine.to_pyarrow(day.min()).as_py()
    last = engine.to_pyarrow(day.max()).as_py()
    if first is None:
        raise Stop("there is no order to test on; look at the sources: tidesman check")
    last = min(last, app.today())
    latest = last - timedelta(days=days)
    end = latest if end is None else end
    if not first <= end <= latest:
        raise Stop(
            f"the orders go from {first} to {last}: with {days} days held out, --calibration-end "
            f"must lie between {first} and {latest}; it is {end}"
        )
    return test(engine, orders, end, days, settings)


def _show(found: Backtest, out: Console) -> None:
    from rich.table import Table as Drawn

    out.print(
        f"Learnt from {found.customers:,} customers up to {found.calibration_end}; "
        f"{found.came_back:,} of them bought in the {found.holdout_days} days after."
    )
    for note in found.notes:
        out.print(f"note: {note}", style="yellow", markup=False)
    table = Drawn(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("ranked by", min_width=26)
    for title in ("AUC", "±", "best tenth", "Brier", "off by", "orders", "money"):
        table.add_column(title, justify="right")
    for score in found.scores:
        table.add_row(
            score.name,
            _number(score.auc),
            _number(score.auc_error),
            _share(score.capture),
            _number(score.brier),
            _share(score.calibration_error),
            _share(score.order_bias, signed=True),
            _share(score.money_bias, signed=True),
        )
    out.print(table)
    out.print(LEGEND, style="dim")
    out.print(found.verdict, style="bold", markup=False)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _share(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return ""
    return f"{value:+.1%}" if signed else f"{value:.1%}"
