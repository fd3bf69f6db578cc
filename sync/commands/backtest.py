"""``tidesman backtest``: how well the forecasts would have held on the shop's own past."""

from __future__ import annotations

import json as json_
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.commands.guard import Stop
from sync.commands.options import Config, Debug, Json

if TYPE_CHECKING:
    from segmenter.backtest import Backtest
    from segmenter.expr import Table
    from sync.app import App


def backtest(
    calibration_end: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Learn from orders up to this day. Left out: several days, as many as the past "
            "allows.",
            show_default=False,
        ),
    ] = None,
    holdout_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Hold the forecast against so many days after. Left out: the churn horizon, or "
            "less where the past is short.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a page with plots, which opens without the internet.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Learn from the shop's past, forecast, and hold it against what came. Nothing is kept."""
    from sync.backtest_table import show
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
    show(found, console(stderr=json))
    if html is not None:
        from sync.backtest_page import page

        try:
            html.write_text(page(found), encoding="utf-8")
        except OSError as error:
            raise Stop(f"{html} cannot be written: {error.strerror}") from error


def _test(app: App, end: date | None, days: int | None) -> Backtest:
    from segmenter.backtest import backtest as test
    from sync.activity import Activity
    from sync.people import as_known
    from sync.reading import cards_of

    engine, settings = app.engine(), app.segmentation()
    known = as_known(app, engine, app.lake().orders(engine))
    orders: Table = known.orders
    day = orders.filter(orders.kind == "order").ordered_at.date()
    first = engine.to_pyarrow(day.min()).as_py()
    last = engine.to_pyarrow(day.max()).as_py()
    if first is None:
        raise Stop("there is no order to test on; look at the sources: tidesman check")
    last = min(last, app.today())
    wanted = settings.churn_horizon_days if days is None else days
    latest = last - timedelta(days=wanted)
    if end is not None and not first <= end <= latest:
        raise Stop(
            f"the orders go from {first} to {last}: with {wanted} days held out, --calibration-end "
            f"must lie between {first} and {latest}; it is {end}"
        )
    orders = orders.filter(orders.ordered_at.date() <= last)
    activity = Activity(app, engine, up_to=None, until=app.clock.now())
    events = activity.by_customer(known.reading, cards_of(app, engine, known.reading))
    return test(engine, orders, end, days, settings, events=events)
