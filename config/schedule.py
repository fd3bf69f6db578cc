"""When to run: a crontab line in the shop's time zone."""

from __future__ import annotations

import re
from typing import Final

from apscheduler.triggers.cron import CronTrigger

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS: Final = re.compile(r"([0-7])(?:-([0-7]))?(?:/([1-7]))?")


def trigger(expression: str, timezone: str) -> CronTrigger:
    """The trigger of a crontab line: minute, hour, day of the month, month, day of the week.

    Raises ValueError with a sentence if the line is none.
    """
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(
            f"a schedule has five fields (minute hour day month weekday), not {len(fields)};"
            ' "0 5 * * *" is every day at 05:00'
        )
    minute, hour, day, month, weekday = fields
    weekday = ",".join(map(_named, weekday.split(",")))
    try:
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=timezone
        )
    except ValueError as error:
        raise ValueError(
            f'{expression!r} is no schedule: {error}; "0 5 * * *" is every day at 05:00'
        ) from error


def _named(days: str) -> str:
    """Days by name: APScheduler counts them from Monday, cron from Sunday; names mean the same."""
    found = _NUMBERS.fullmatch(days)
    if found is None:
        return days
    first, step = int(found[1]), int(found[3] or 1)
    last = first if found[2] is None else int(found[2])
    if found[2] is None and found[3] is not None:
        last = 6
    if last < first:
        raise ValueError(f"the days {days!r} end before they begin; write {first}-7,0-{last}")
    return ",".join(_DAYS[day] for day in range(first, last + 1, step))
