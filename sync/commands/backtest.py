"""``tidesman backtest``: how well the forecasts would have held on the shop's own past."""

from __future__ import annotations

import json as json_
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from sync.app import App


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
        typer.echo(json_.dumps(found.to_dict(), default=str))
        return
    from sync.commands.tested import tables

    for part in tables(found):
        console().print(part)


def _test(app: App, end: date | None, days: int | None) -> Any:
    from segmenter.backtest import backtest as test

    engine, settings = app.engine(), app.segmentation()
    orders = app.lake().orders(engine)
    held = settings.churn_horizon_days if days is None else days
    if end is None:
        last = engine.to_pyarrow(orders.ordered_at.date().max()).as_py()
        end = last - timedelta(days=held)
    return test(engine, orders, end, held, settings)
