"""Edges that the operator pins: what cannot be is told, what can is taken as it is."""

from __future__ import annotations

import pytest

from segmenter.pinned import edges_of, problems


def test_edges_that_can_be():
    pinned = {
        "lifecycle": {"churn_probability": (0.2, 0.9), "past_revenue": (-5.0, 0.0)},
        "rfm": {"days_since_order": (1.0, 2.0, 3.0, 400.0)},
        "affinity": {"affinity_score": (0.5, 1.0, 2.0)},
    }
    assert problems(pinned) == []
    assert edges_of(pinned)["lifecycle.churn_probability"] == (0.2, 0.9)


@pytest.mark.parametrize(
    ("scheme", "column", "edges", "sentence"),
    [
        ("lifecycle", "churn_probability", (0.2,), "needs 2 numbers, not 1: 3 levels"),
        ("risk_value", "total_value", (1.0, 2.0), "needs one number, not 2: 2 levels"),
        ("lifecycle", "past_revenue", (2.0, 2.0), "needs numbers that rise from one to the next"),
        ("lifecycle", "past_revenue", (1.0, float("nan")), "needs numbers that are finite"),
        ("lifecycle", "churn_probability", (0.0, 0.5), "is a probability: its numbers lie above 0"),
        ("lifecycle", "churn_probability", (0.5, 1.0), "is a probability: its numbers lie above 0"),
        ("rfm", "order_days", (2.0, 3.5, 5.0, 9.0), "counts days: its numbers are whole"),
        ("affinity", "affinity_events", (2.0,), "did you mean 'affinity_score'?"),
        ("risk_value", "days", (2.0,), "there are churn_probability, total_value"),
    ],
)
def test_edges_that_cannot_be(scheme, column, edges, sentence):
    ((path, told),) = problems({scheme: {column: edges}})
    assert path == (scheme, "thresholds", column)
    assert sentence in told
