"""A back-test as a table for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from segmenter.backtest import Backtest, Score

LEGEND = """\
AUC: the chance that one who bought is ranked above one who did not (.5 is a coin), ± its 99 %
interval. Best tenth: the share of those who bought that is found there. Spend, Gini: rank
correlation and gain curve of the money that came. Brier, off by: errors of the forecast chance.
Orders, money: the total that was foretold, over or under what came."""

_TITLES = ("AUC", "±", "best tenth", "spend", "Gini", "Brier", "off by", "orders", "money")


def show(found: Backtest, out: Console) -> None:
    """Print the cut-offs, how each way of ranking did over them, and the verdict."""
    for cut in found.cutoffs:
        out.print(
            f"Learnt from {cut.customers:,} customers up to {cut.calibration_end}; "
            f"{cut.came_back:,} of them bought in the {found.holdout_days} days after."
        )
    for note in dict.fromkeys(note for cut in found.cutoffs for note in cut.notes):
        out.print(f"note: {note}", style="yellow", markup=False)
    if found.scores:
        out.print(_drawn(found))
        out.print(LEGEND, style="dim")
    out.print(found.verdict, style="bold", markup=False)


def cells(score: Score) -> list[str]:
    """The figures of a way of ranking, in the order of the titles; empty where there is none."""
    return [
        _number(score.auc),
        _number(score.auc_within),
        _share(score.capture),
        _number(score.spearman),
        _number(score.gini),
        _number(score.brier),
        _share(score.calibration_error),
        _share(score.order_bias, signed=True),
        _share(score.money_bias, signed=True),
    ]


def titles(cuts: int) -> tuple[str, ...]:
    """The heads of the columns."""
    return ("ranked by" if cuts < 2 else f"mean of {cuts} cut-offs", *_TITLES)


def _drawn(found: Backtest) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    first, *others = titles(len(found.cutoffs))
    table.add_column(first, min_width=24)
    for title in others:
        table.add_column(title, justify="right")
    for score in found.scores:
        name = f"{score.name} *" if score.name == found.winner else score.name
        table.add_row(name, *cells(score))
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _share(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return ""
    return f"{value:+.1%}" if signed else f"{value:.1%}"
