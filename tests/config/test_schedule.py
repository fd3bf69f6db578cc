from datetime import UTC, datetime

import pytest

from config.schedule import trigger

# 2026-01-01 is a Thursday
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "zone", "fires"),
    [
        ("0 5 * * *", "UTC", "2026-01-02T05:00:00+00:00"),
        ("0 5 * * *", "America/New_York", "2026-01-02T05:00:00-05:00"),
        ("0 5 * * 1", "UTC", "2026-01-05T05:00:00+00:00"),
        ("0 5 * * 0", "UTC", "2026-01-04T05:00:00+00:00"),
        ("0 5 * * 7", "UTC", "2026-01-04T05:00:00+00:00"),
        ("0 5 * * 0-6", "UTC", "2026-01-02T05:00:00+00:00"),
        ("0 5 * * 1-5", "UTC", "2026-01-02T05:00:00+00:00"),
        ("0 5 * * 0,6", "UTC", "2026-01-03T05:00:00+00:00"),
        ("0 5 * * sat", "UTC", "2026-01-03T05:00:00+00:00"),
        ("*/15 * * * *", "UTC", "2026-01-01T12:00:00+00:00"),
    ],
)
def test_it_fires_as_cron_would(line, zone, fires):
    assert trigger(line, zone).get_next_fire_time(None, NOW).isoformat() == fires


@pytest.mark.parametrize("line", ["", "0 5", "61 5 * * *", "0 5 * * funday", "0 5 * * 5-2"])
def test_what_is_no_schedule_is_refused_with_a_sentence(line):
    with pytest.raises(ValueError, match=r"schedule|days"):
        trigger(line, "UTC")
