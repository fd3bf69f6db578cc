"""The composition root: the only place that reads the configuration."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import httpx
from apscheduler.triggers.cron import CronTrigger
from pydantic import BaseModel, SecretStr

from config.environment import PREFIX
from config.load import Group, Loaded, load
from config.locate import Document
from config.problems import ConfigurationError, Problem
from config.schedule import trigger
from connectors import registry
from connectors.base import Connector, Destination, HttpOptions, Source
from connectors.errors import BrokenConnector, Misconfigured
from connectors.types import Track
from sync.alerts.options import channel
from sync.audiences import Audiences
from sync.clock import Clock, SystemClock
from sync.names import Names
from sync.plan import Target
from sync.projection import Projection
from sync.store import Store
from sync.transport import Transport

if TYPE_CHECKING:
    # Imported where they are used: pandas, ibis and lifetimes take a second to load, and most
    # commands need none of them.
    import ibis

    from segmenter.settings import Settings as SegmenterSettings
    from sync.lake import Lake
    from sync.reading import Reading

__all__ = ["App", "ConfigurationError", "open_app", "options_of"]

DEFAULT = Path("tidesman.yaml")


def options_of(group: Group, name: str) -> type[BaseModel]:
    """The options of a connector or a channel by its type. Raises LookupError with a sentence."""
    if group == "alerts":
        return channel(name)
    try:
        return _class(group, name).options_class
    except (Misconfigured, BrokenConnector) as error:
        raise LookupError(str(error)) from error


def _class(group: Group, name: str) -> type[Connector[Any]]:
    return registry.source(name) if group == "sources" else registry.destination(name)


def read(config: Path | None) -> Loaded:
    """The configuration from a file, or from the environment alone where there is no file.

    Raises ConfigurationError with all that is to be mended.
    """
    if config is not None:
        return load(Document.read(config), options_of)
    if DEFAULT.exists():
        return load(Document.read(DEFAULT), options_of)
    if any(name.startswith(f"{PREFIX}SOURCES") for name in os.environ):
        return load(Document("the environment", Path.cwd()), options_of)
    sentence = "is not here; make one with: tidesman init (or name one with --config)"
    raise ConfigurationError([Problem(str(DEFAULT), (), sentence)])


def prepared(config: Path | None, *, secrets: bool) -> Loaded:
    """The configuration, held against everything that can be known before it is used.

    Raises ConfigurationError; for a secret that is not there only if ``secrets`` are needed.
    """
    loaded = read(config)
    if secrets and loaded.missing:
        raise ConfigurationError([p for problems in loaded.missing.values() for p in problems])
    _refuse_names(loaded)
    _refuse_schemes(loaded)
    return loaded


@contextmanager
def open_app(
    config: Path | None,
    *,
    read_only: bool = False,
    secrets: bool = True,
    clock: Clock | None = None,
) -> Generator[App]:
    """Everything that a command works with, closed again at the end.

    ``read_only`` opens the state so that the database itself refuses writes. Without ``secrets``
    a key that is named but not set is no error. Raises ConfigurationError and StoreError.
    """
    loaded = prepared(config, secrets=secrets)
    store = Store(loaded.state_url, read_only=read_only)
    try:
        yield App(loaded, store, clock or SystemClock())
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class App:
    """The configured parts. Connectors are made anew at each call and closed by the caller."""

    loaded: Loaded
    store: Store
    clock: Clock

    @property
    def timezone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.loaded.settings.timezone)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""
        return tuple(self.loaded.settings.sources)

    @property
    def destinations(self) -> tuple[str, ...]:
        """The names of the destinations."""
        return tuple(self.loaded.settings.destinations)

    def today(self) -> date:
        """The day in the shop."""
        return self.clock.now().astimezone(self.timezone).date()

    def trigger(self) -> CronTrigger:
        """When the daemon runs."""
        return trigger(self.loaded.settings.schedule, self.loaded.settings.timezone)

    def next_run(self) -> datetime | None:
        """When the schedule runs next, in the shop's time zone."""
        return cast("datetime | None", self.trigger().get_next_fire_time(None, self.clock.now()))

    def secrets(self) -> list[str]:
        """Every secret value, so that logs can hide them."""
        return [
            value.get_secret_value()
            for options in self.loaded.options.values()
            for value in options.__dict__.values()
            if isinstance(value, SecretStr)
        ]

    def missing(self, group: Group, name: str) -> tuple[str, ...]:
        """What a connector still lacks: secrets that are named but not there."""
        return tuple(str(problem) for problem in self.loaded.missing.get((group, name), ()))

    def lake(self) -> Lake:
        """The orders that were pulled."""
        from sync.lake import Lake

        return Lake(self.loaded.data_dir / "lake", self.store)

    def engine(self) -> ibis.BaseBackend:
        """A fresh engine that computes in the shop's time zone."""
        from sync.engine import open_engine, spark_engine

        given = self.loaded.settings.engine
        zone, scratch = self.loaded.settings.timezone, self.loaded.data_dir / "scratch"
        if given.type == "spark":
            return spark_engine(zone, str(given.master), given.memory, scratch, given.options)
        return open_engine(zone, memory=given.memory, threads=given.threads, scratch=scratch)

    def chosen(self) -> dict[str, Any]:
        """What the operator chose about segments, as plain values."""
        return self.loaded.settings.segmentation.model_dump()

    def reading(self) -> Reading:
        """How the operator wants orders to be read."""
        from sync.reading import Reading

        given = self.loaded.settings
        rates = {
            code: tuple((None if r.start is None else str(r.start), str(r.rate)) for r in dated)
            for code, dated in given.currencies.items()
        }
        own = given.identity
        told = (own.join_by, own.phone_region, own.shared_above)
        return Reading(given.currency, rates, *told, timezone=given.timezone)

    def segmentation(self) -> SegmenterSettings:
        """What the operator chose about segments, in the segmenter's own words."""
        from sync import choices

        return choices.segmentation(self.chosen())

    def source(self, name: str, transport: Transport | None = None) -> Source[Any]:
        """A source, ready to be asked; by its own transport unless it is given one."""
        kind = registry.source(self.loaded.settings.sources[name].type)
        transport = transport or self.transport()
        source = kind(self.loaded.options["sources", name], transport=transport)
        transport.keep(source.limits())
        return source

    def destination(self, name: str, run_id: str = "") -> Destination[Any]:
        """A destination, ready to be spoken to within its limits."""
        return self._connected(name, run_id)[0]

    def targets(self, run_id: str) -> list[Target]:
        """Every destination with what it shall get, for one run."""
        return [self.target(name, run_id) for name in self.destinations]

    def target(self, name: str, run_id: str = "") -> Target:
        """One destination with what it shall get."""
        connector, transport = self._connected(name, run_id)
        counted = transport if isinstance(connector.options, HttpOptions) else None
        return Target(name, connector, self.projection(name), counted)

    def _connected(self, name: str, run_id: str) -> tuple[Destination[Any], Transport]:
        kind = registry.destination(self.loaded.settings.destinations[name].type)
        options = self.loaded.options["destinations", name]
        if "run" in kind.options_class.model_fields:
            options = options.model_copy(update={"run": run_id})
        transport = self.transport()
        destination = kind(options, transport=transport)
        transport.keep((*destination.limits(), *destination.read_limits()))
        return destination, transport

    def projection(self, name: str) -> Projection:
        """How customers become properties and events at a destination."""
        return _projection(self.loaded, name)

    def transport(self) -> Transport:
        """The way out for one connector, as yet without limits."""
        return Transport(secure_transport(), self.clock)


def secure_transport() -> httpx.AsyncBaseTransport:
    """The way out: certificates are verified, and there is no option by which they were not."""
    return httpx.AsyncHTTPTransport()


def _projection(loaded: Loaded, name: str) -> Projection:
    given = loaded.settings.destinations[name]
    vendor, on = registry.destination(given.type), loaded.settings.segmentation.schemes
    return Projection(
        *(given.prefix, given.rename),
        on,
        given.events and Track in vendor.deliveries,
        given.event_schemes,
        given.refresh,
        Names(loaded.segments.names),
        Audiences(*given.lists()).usable(vendor, on),
        also=given.also,
    )


def _refuse_names(loaded: Loaded) -> None:
    """Raise ConfigurationError for names of properties that cannot be."""
    wrong: list[Problem] = []
    for name in loaded.settings.destinations:
        try:
            _projection(loaded, name)
        except ValueError as error:
            key, _, sentence = str(error).partition(": ")
            wrong.append(loaded.problem(("destinations", name, key), sentence))
    if wrong:
        raise ConfigurationError(wrong)


def _refuse_schemes(loaded: Loaded) -> None:
    """Raise ConfigurationError for choices about schemes that cannot be used."""
    given, pinned = loaded.settings.segmentation, loaded.segments.pinned
    if given.schemes == type(given)().schemes and not given.rules.segments and not pinned:
        return
    # imported late, as above: who chooses nothing need not wait for it
    from sync import choices

    wrong = [loaded.problem(*found) for found in choices.problems(given.model_dump())]
    wrong += [loaded.segments.problem(*found) for found in choices.pinning(pinned)]
    if wrong:
        raise ConfigurationError(wrong)
