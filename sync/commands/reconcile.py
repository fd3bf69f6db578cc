"""``tidesman reconcile``: hold what a destination has against what it accepted."""

from __future__ import annotations

import asyncio
import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.commands.guard import Code, Stop
from sync.commands.options import AsOf, Config, Debug, Json, day

if TYPE_CHECKING:
    from datetime import date

    from sync.app import App
    from sync.compare import Comparison
    from sync.reconcile import Rebuilt
    from sync.store import Snapshot

LAG = (
    "Vendors show what they took some minutes late, so read back when the last run is a while ago."
)
WORDS = {
    "lost": "lack a property that was accepted",
    "changed": "hold another value: somebody else wrote it, or a clearing did not act",
    "absent": "are not there at all",
    "unreadable": "cannot be read",
}


def reconcile(  # noqa: PLR0913 - options of a command
    destination: Annotated[str, typer.Argument(help="The destination, by its name.")],
    sample: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Read so many customers by chance; everybody if left out.",
            show_default=False,
        ),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Send again what differs, through the ledger.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Write down as accepted what the destination already holds: for a lost state "
            "database. Sends nothing; the next run sends the rest. Who was forgotten is lost with "
            "that database too: forget them again first.",
        ),
    ] = False,
    *,
    as_of: AsOf = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by the guard
) -> None:
    """Read a destination back and tell where it differs from what it accepted.

    Only properties that we write are read and compared. Ends with 0 if nothing differs or all was
    accepted again, and with 4 if something does.
    """
    from sync.app import open_app

    with open_app(config, read_only=not (repair or rebuild)) as app:
        if destination not in app.destinations:
            known = ", ".join(app.destinations)
            raise Stop(f"there is no destination {destination!r}; there are {known}")
        if rebuild:
            told = _rebuild(app, destination, day(as_of), json=json)
        else:
            told = _compare(app, destination, sample, repair=repair, json=json)
    if json:
        typer.echo(json_.dumps(told))
    if told["left"]:
        raise typer.Exit(Code.UNDELIVERED)


def _compare(
    app: App, name: str, sample: int | None, *, repair: bool, json: bool
) -> dict[str, Any]:
    from sync import reconcile
    from sync.commands.bars import bars
    from sync.commands.run import stopping
    from sync.tenure import tenure

    target = app.target(name)
    with bars() as progress, stopping() as stop:

        async def read() -> tuple[Comparison, dict[str, str]]:
            try:
                reconcile.refuse_unreadable(target)
                return await reconcile.compared(app, target, sample, progress)
            finally:
                await target.connector.aclose()

        if not repair:
            found, _ = asyncio.run(read())
            result, differing = None, dict[str, str]()
        else:
            with tenure(app.store, app.clock, lost=stop.set):
                found, differing = asyncio.run(read())
                result = (
                    reconcile.repair(app, name, differing, progress, stop) if differing else None
                )
    told: dict[str, Any] = {"destination": name, **found.to_json(), "repaired": None}
    told["places_unread"] = reconcile.places(app.store, name)
    told["left"] = len(found.customers)
    if repair:
        told["repaired"] = None if result is None else asdict(result)
        told["left"] -= reconcile.mended(app, name, differing)
    _show(told, repair=repair, json=json)
    return told


def _show(told: dict[str, Any], *, repair: bool, json: bool) -> None:
    name, kinds = told["destination"], told["customers"]
    lines = [f"{name}: {told['checked']:,} customers read, {told['agree']:,} agree"]
    for kind, count in kinds.items():
        if count:
            named = ", ".join(told["sample"][kind])
            more = ", ..." if count > len(told["sample"][kind]) else ""
            lines.append(f"  {count:,} {WORDS[kind]}: {named}{more}")
    for kind, counts in told["properties"].items():
        lines += [f"    {each}: {kind} for {count:,}" for each, count in sorted(counts.items())]
    lines += [f"    {count:,} with: {reason}" for reason, count in told["reasons"].items()]
    if told["places_unread"]:
        lines.append(f"  {told['places_unread']:,} places on lists: lists are not read back")
    if any(kinds.values()):
        lines += [f"  {line}" for line in (LAG, *_what_now(name, told["repaired"], repair=repair))]
    for line in lines:
        typer.echo(line, err=json)


def _what_now(name: str, done: dict[str, Any] | None, *, repair: bool) -> list[str]:
    if not repair:
        return [f"Send it again: tidesman reconcile {name} --repair"]
    if done is None:
        return ["What can be sent again is due, and goes with the next run: tidesman run"]
    told = f"sent again: {done['delivered']:,} of {done['planned']:,} delivered"
    return [told, *(line for line in (done["held"], done["stopped"]) if line is not None)]


def _rebuild(app: App, name: str, day: date | None, *, json: bool) -> dict[str, Any]:
    from sync import reconcile
    from sync.commands.bars import bars
    from sync.commands.run import stopping
    from sync.run import publish
    from sync.tenure import tenure

    target = app.target(name)
    with (
        bars() as progress,
        stopping() as stop,
        tenure(app.store, app.clock, lost=stop.set),
    ):

        async def read(published: Snapshot) -> Rebuilt:
            try:
                return await reconcile.rebuilt(app, target, published, progress)
            finally:
                await target.connector.aclose()

        reconcile.refuse_unreadable(target)
        published = app.store.latest_snapshot()
        if published is None:
            published = publish(app, day, progress=progress, stop=stop)
        if published is None:
            raise Stop("nothing was published, so nobody was looked for; see tidesman status")
        found = asyncio.run(read(published))
    typer.echo(
        f"{name}: of {found.asked:,} customers it holds {found.whole:,} as they are wanted and "
        f"{found.partly:,} otherwise; no event was made. The next run sends the rest: "
        f"tidesman run --as-of {published.as_of}",
        err=json,
    )
    return {"destination": name, "rebuilt": asdict(found), "left": 0}
