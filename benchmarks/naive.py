"""The way that most write it: pandas, and lifetimes from its own summary to its own CLV.

The model is BG/NBD, as in the quickstart of lifetimes, or with "mbg" the one that we fit.

The same questions are answered as by the rebuild: RFM, churn within 90 days, three years' value,
a lifecycle segment for everyone, and a Parquet file. No dates, no causes, no hysteresis.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter
from lifetimes.utils import summary_data_from_transaction_data

HORIZON = 90


MODELS = {"bg": BetaGeoFitter, "mbg": ModifiedBetaGeoFitter}


def main(orders: Path, target: Path, last_day: str, kind: str) -> None:
    log = pd.concat(pd.read_parquet(path) for path in sorted(orders.glob("*.parquet")))
    summary = summary_data_from_transaction_data(
        log,
        "customer_id",
        "ordered_at",
        monetary_value_col="amount",
        observation_period_end=last_day,
        freq="D",
    )
    history = (summary.frequency, summary.recency, summary["T"])
    model = MODELS[kind](penalizer_coef=0.0)
    model.fit(*history)
    again = summary[(summary.frequency > 0) & (summary.monetary_value > 0)]
    spend = GammaGammaFitter(penalizer_coef=0.0)
    spend.fit(again.frequency, again.monetary_value)
    summary["p_alive"] = model.conditional_probability_alive(*history)
    summary["expected_orders"] = model.conditional_expected_number_of_purchases_up_to_time(
        HORIZON, *history
    )
    summary["churn_probability"] = np.exp(-summary.expected_orders)
    summary["clv_3y"] = spend.customer_lifetime_value(
        model, *history, summary.monetary_value, time=36, discount_rate=0.0083, freq="D"
    )
    summary["past_revenue"] = log.groupby("customer_id").amount.sum()
    since = summary["T"] - summary.recency
    summary["r_score"] = 6 - _fifths(since)
    summary["f_score"] = _fifths(summary.frequency)
    summary["m_score"] = _fifths(summary.past_revenue)
    summary["lifecycle_segment"] = _segments(summary)
    summary.to_parquet(target)


def _fifths(values: pd.Series) -> pd.Series:
    return pd.qcut(values.rank(method="first"), 5, labels=False) + 1


def _segments(summary: pd.DataFrame) -> np.ndarray:
    risk, past, future = (
        summary.churn_probability.rank(pct=True),
        summary.past_revenue.rank(pct=True),
        summary.clv_3y.rank(pct=True),
    )
    return np.select(
        [
            (risk < 0.2) & (past > 0.8) & (future > 0.8),
            (risk < 0.4) & (past > 0.6),
            (risk > 0.8) & (past > 0.8),
            (risk > 0.6) & (past > 0.6),
            (risk < 0.4) & (future > 0.6),
            (risk < 0.4),
            (risk < 0.6),
            (risk < 0.8),
        ],
        [
            "Champions",
            "Loyal Customers",
            "Can't Lose Them",
            "At Risk",
            "Potential Loyalists",
            "Promising",
            "Need Attention",
            "About to Sleep",
        ],
        "Lost",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
