"""The past once more, day by day in one process: what the segments would have done.

It tells what ``evaluate`` would have told on each day, from arrays instead of tables: a day costs
milliseconds, as one pass over a hundred thousand customers needs no query. A test holds the two
against each other, customer by customer and cause by cause.
"""

from segmenter.replay.days import Day, Moved, replay
from segmenter.replay.orders import Log, read_log
from segmenter.replay.tally import FLAP_DAYS, Counted, DayCounted, Tally

__all__ = [
    "FLAP_DAYS",
    "Counted",
    "Day",
    "DayCounted",
    "Log",
    "Moved",
    "Tally",
    "read_log",
    "replay",
]
