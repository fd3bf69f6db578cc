"""What is wrong and what is well, by the state database; what it does not tell is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.http import mask
from sync.report import merged
from sync.store import Run, Status
from sync.tenure import LEASE, is_dead

if TYPE_CHECKING:
    from sync.app import App

#: How late a run may begin before it counts as missed.
GRACE = timedelta(hours=1)
#: So many changes that did not land are nobody's alarm, whatever their share.
FEW = 10

#: What is said of a condition when it has ended; those by destination follow its name.
WELL: Mapping[str, str] = {
    "run": "runs come to their end",
    "missed": "the daily run is made",
    "sources": "the sources have what they used to have",
    "held": "no move is held",
    "stopped": "it is delivered to",
    "undelivered": "changes land",
}


def well(condition: str) -> str:
    """The sentence of a condition that has ended."""
    kind, _, destination = condition.partition(":")
    return merged({destination: f"{destination}: {WELL[kind]}"})[0] if destination else WELL[kind]


def conditions(app: App, share: float) -> dict[str, str | None]:
    """Each condition that is known: what is wrong, None if it is well.

    A condition is ``run``, ``missed``, ``sources``, or ``held``, ``stopped`` and ``undelivered``
    with a colon and the destination's name. ``share`` of a run's changes may fail to land.
    """
    last = app.store.last_run()
    if last is None:
        return {}
    found: dict[str, str | None] = {"missed": _missed(app, last)}
    report = dict(last.report) if last.report is not None else {}
    if last.status is Status.FAILED:
        found["run"] = f"the run {last.id} failed: {report.get('why')}"
    elif last.status is Status.RUNNING:
        holder = app.store.holder(LEASE, app.clock.now())
        if holder is None or is_dead(holder):
            found["run"] = f"the run {last.id} was cut off; go on with it by: tidesman run"
    elif last.status is not Status.STOPPED:
        found["run"] = None
        found |= _reported(report, share, app.destinations)
    return {
        name: None if says is None else mask(says, app.secrets()) for name, says in found.items()
    }


def _missed(app: App, last: Run) -> str | None:
    due = app.trigger().get_next_fire_time(None, last.started_at + timedelta(seconds=1))
    if due is None or due + GRACE > app.clock.now():
        return None
    return f"no run began at {due:%Y-%m-%d %H:%M}, nor since; is the daemon alive?"


def _reported(
    report: Mapping[str, Any], share: float, configured: Sequence[str]
) -> dict[str, str | None]:
    told: Mapping[str, Mapping[str, Any]] = report.get("destinations", {})
    found: dict[str, str | None] = {"sources": None if told else report.get("held")}
    for name, each in ((name, told[name]) for name in configured if name in told):
        found[f"held:{name}"] = each.get("held")
        found[f"stopped:{name}"] = each.get("stopped")
        found[f"undelivered:{name}"] = _undelivered(name, each, share)
    return found


def _undelivered(name: str, each: Mapping[str, Any], share: float) -> str | None:
    """What did not land and is not held by the brake, once it is more than the share."""
    waiting = each["waiting"] - each["held_back"]
    failed = each["rejected"] + each["unsure"] + waiting
    tried = each["planned"] - each["held_back"]
    if failed <= FEW or failed <= share * tried:
        return None
    kinds = {"rejected": each["rejected"], "unsure": each["unsure"], "left for later": waiting}
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    most = next(iter(each.get("reasons", {})), None)
    reason = "" if most is None else f"; most often: {most}"
    return f"{name}: {failed:,} of {tried:,} changes did not land ({counts}){reason}"
