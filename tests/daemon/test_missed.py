from datetime import UTC, date, datetime

import pytest

from sync.app import open_app
from sync.daemon import missed
from sync.store import Status

CONFIG = """\
timezone: America/New_York
currency: USD
schedule: "0 5 * * *"
sources:
  shop:
    type: files
    path: ./orders.csv
    columns: {order_id: a, customer_id: b, ordered_at: c, amount: d}
"""
#: 05:00 in New York in winter is 10:00 in UTC.
BEFORE, AFTER = datetime(2026, 1, 14, 9, 59, tzinfo=UTC), datetime(2026, 1, 14, 10, 1, tzinfo=UTC)
YESTERDAY = datetime(2026, 1, 13, 10, tzinfo=UTC)


class At:
    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


@pytest.fixture
def app(tmp_path):
    (tmp_path / "tidesman.yaml").write_text(CONFIG)

    def at(moment):
        return open_app(tmp_path / "tidesman.yaml", clock=At(moment))

    return at


def ran(app, at, status=Status.DONE):
    run = app.store.start_run(date(2026, 1, 13), at)
    app.store.finish_run(run.id, status, None, at)


def test_before_the_first_run_nothing_was_missed(app):
    with app(AFTER) as it:
        assert missed(it) is None


def test_an_hour_that_passed_since_the_last_run_is_made_up(app):
    with app(AFTER) as it:
        ran(it, YESTERDAY)
        assert missed(it) == "the run of 2026-01-14 05:00 was missed"


def test_an_hour_that_is_still_to_come_is_waited_for(app):
    with app(BEFORE) as it:
        ran(it, YESTERDAY)
        assert missed(it) is None
        assert it.next_run().isoformat() == "2026-01-14T05:00:00-05:00"


@pytest.mark.parametrize("status", [Status.RUNNING, Status.STOPPED])
def test_a_run_that_was_cut_off_goes_on(app, status):
    with app(BEFORE) as it:
        ran(it, YESTERDAY, status)
        assert missed(it) == "the run 2026-01-13-1 did not come to its end"


def test_the_day_is_the_shops(app):
    with app(datetime(2026, 1, 14, 3, tzinfo=UTC)) as it:
        assert it.today() == date(2026, 1, 13)
