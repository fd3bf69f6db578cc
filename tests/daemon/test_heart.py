from datetime import UTC, datetime, timedelta

from sync.heart import ALIVE, alive, beat, still

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)


class At:
    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


def test_a_daemon_is_alive_for_a_while_after_each_beat(tmp_path):
    beat(tmp_path, At(NOW), None)
    assert alive(tmp_path, At(NOW + ALIVE))
    assert not alive(tmp_path, At(NOW + ALIVE + timedelta(seconds=1)))


def test_it_is_not_once_it_has_ended_or_never_was(tmp_path):
    assert not alive(tmp_path, At(NOW))
    beat(tmp_path, At(NOW), NOW)
    still(tmp_path)
    assert not alive(tmp_path, At(NOW))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_sign_is_no_sign(tmp_path):
    (tmp_path / "daemon.json").write_text("{")
    assert not alive(tmp_path, At(NOW))
    (tmp_path / "daemon.json").write_text('{"at": "soon"}')
    assert not alive(tmp_path, At(NOW))
