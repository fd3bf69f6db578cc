"""A back-test as one HTML file: a table and three plots, nothing loaded from anywhere."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from html import escape

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmenter.backtest import Backtest
from segmenter.plots import Plots
from sync.backtest_table import LEGEND, cells, titles

_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2430; background: #fff }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #dde3ea }
th:first-child, td:first-child { text-align: left }
tr.winner { font-weight: 600; background: #eef5ee }
figure { margin: 2rem 0 } figure svg { max-width: 100%; height: auto }
.verdict { font-size: 1.15rem; font-weight: 600 } .note { color: #8a5a00 } small { color: #5b6675 }
.scroll { overflow-x: auto }"""

_CAPTIONS: dict[str, str] = {
    "calibration": "Calibration. Customers in ten groups by the chance of an order that they were "
    "given; on the line the share that came is the share that was foretold.",
    "tenths": "Tenths. Of those who came back, the share found in each tenth of the customers, the "
    "best-ranked tenth first; the line is what chance would find.",
    "tracking": "Tracking. Days with a repeat order, added up week by week, and what the model "
    "learned before the cut-off expects; right of the line it had not seen what came.",
}


def page(found: Backtest) -> str:
    """The whole page, as text. The plots are of the latest cut-off."""
    parts = [f"<p class=verdict>{escape(found.verdict)}</p>"]
    parts += [
        f"<p>Learnt from {cut.customers:,} customers up to {cut.calibration_end}; "
        f"{cut.came_back:,} of them bought in the {found.holdout_days} days after.</p>"
        for cut in found.cutoffs
    ]
    notes = dict.fromkeys(note for cut in found.cutoffs for note in cut.notes)
    parts += [f"<p class=note>{escape(note)}</p>" for note in notes]
    if found.scores:
        parts += [_table(found), f"<p><small>{escape(LEGEND)}</small></p>"]
    if found.plots is not None:
        parts += _figures(found.plots, found.cutoffs[0].calibration_end)
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Back-test</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>Back-test</h1>\n{body}\n</body>\n</html>\n"
    )


def _table(found: Backtest) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles(len(found.cutoffs)))
    rows: list[str] = []
    for score in found.scores:
        mark = " class=winner" if score.name == found.winner else ""
        inner = "".join(f"<td>{escape(cell)}</td>" for cell in (score.name, *cells(score)))
        rows.append(f"<tr{mark}>{inner}</tr>")
    return f"<div class=scroll><table><tr>{head}</tr>\n{chr(10).join(rows)}\n</table></div>"


def _figures(drawn: Plots, cut: date) -> list[str]:
    plots: dict[str, tuple[bool, Callable[[Axes], None]]] = {
        "calibration": (bool(drawn.calibration), lambda axes: _calibration(axes, drawn)),
        "tenths": (bool(drawn.tenths), lambda axes: _tenths(axes, drawn)),
        "tracking": (bool(drawn.tracking), lambda axes: _tracking(axes, drawn, cut)),
    }
    return [
        f"<figure id={name}>{_svg(name, draw)}<figcaption>{_CAPTIONS[name]} Cut-off: {cut}."
        "</figcaption></figure>"
        for name, (there, draw) in plots.items()
        if there
    ]


def _calibration(axes: Axes, drawn: Plots) -> None:
    axes.axline((0, 0), slope=1, color="#9aa5b1", linewidth=1)
    for way, groups in drawn.calibration.items():
        axes.plot([g.foretold for g in groups], [g.came for g in groups], "o-", label=way)
    axes.set(xlabel="foretold chance of an order", ylabel="share that came")
    axes.legend(frameon=False)


def _tenths(axes: Axes, drawn: Plots) -> None:
    axes.axhline(0.1, color="#9aa5b1", linewidth=1)
    for way, shares in drawn.tenths.items():
        axes.plot(range(1, len(shares) + 1), shares, "o-", markersize=4, label=way)
    axes.set(xlabel="tenth of the customers, best first", ylabel="share of those who came back")
    axes.set_xticks(range(1, 11))
    axes.legend(frameon=False)


def _tracking(axes: Axes, drawn: Plots, cut: date) -> None:
    days = np.array([week.day for week in drawn.tracking], dtype="datetime64[D]")
    top = max(max(week.came, week.foretold) for week in drawn.tracking)
    axes.plot(np.array([cut, cut], dtype="datetime64[D]"), [0, top], color="#9aa5b1", linewidth=1)
    axes.plot(days, [week.came for week in drawn.tracking], label="came")
    axes.plot(days, [week.foretold for week in drawn.tracking], "--", label="foretold")
    axes.set(ylabel="days with a repeat order, in all")
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False)


def _svg(name: str, draw: Callable[[Axes], None]) -> str:
    # Letters as letters: a tenth of the size, and they can be searched.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure = Figure(figsize=(8.5, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()[text.getvalue().index("<svg") :]
    # Several drawings in one page: a name must not stand in two of them.
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    return re.sub(r'xlink:href="#', f'xlink:href="#{name}-', svg)
