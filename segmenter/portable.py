"""What engines do each in their own way, asked for so that all answer alike, to the last bit."""

from __future__ import annotations

from segmenter.expr import Column


def rounded(column: Column, digits: int) -> Column:
    """A float64 to so many digits behind the point, halves away from zero.

    By steps that IEEE 754 defines: engines do not agree on rounding to digits, as some of them
    round what is printed (1.005, which is a little less, becomes 1.01) and others the number.
    """
    grain = 10.0**digits
    return (column * grain).round().cast("float64") / grain
