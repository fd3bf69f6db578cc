"""What the operator sets, as ``config/example.yaml`` explains it key by key."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path as File
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.currencies import CURRENCIES
from config.schedule import trigger
from config.schemes import Affinity, Rules, Stratification
from config.section import Section

SCHEMES: Final = ("lifecycle", "rfm", "risk_value")

Scheme = Literal["lifecycle", "rfm", "risk_value", "stratification", "affinity", "rules"]
Weight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Connection(BaseModel):
    """A source or a destination: its type, and under the other keys the connector's own options."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str

    def given(self) -> dict[str, Any]:
        """The connector's own options, as they were written."""
        return dict(self.model_extra or {})


class Source(Connection):
    """Where orders come from."""

    #: Whether segments are published though the source hides old orders.
    accept_short_history: bool = False
    #: After how many days all orders are pulled anew; 0: never, None: as the kind of source has it.
    recheck_days: Annotated[int, Field(ge=0, le=365)] | None = None


class Destination(Connection):
    """Where segments go, and under which names."""

    #: Put before the name of every property.
    prefix: str = ""
    #: Names of properties to be changed, ours to theirs; the prefix comes on top.
    rename: dict[str, str] = {}
    #: Whether a move is also sent as an event.
    events: bool = True
    event_schemes: tuple[Scheme, ...] = ("lifecycle",)
    #: A number is sent alone once it is off by this much; by property. Empty: it only rides along.
    refresh: dict[str, Annotated[float, Field(gt=0)]] = {}
    #: What is sent beside the usual properties.
    also: tuple[Literal["ranking_score", "ranked_by"], ...] = ()
    #: Schemes that have a list for each of their segments; empty: no lists.
    audiences: tuple[Scheme, ...] = ()
    #: What the names of these lists begin with.
    audience_prefix: str = "Tidesman "
    #: Whether lists that bear such a name already are used, though we did not make them.
    adopt_audiences: bool = False
    #: Whether people join a new list at once, though that can start what waits for new members.
    load_audiences: bool = False

    def lists(self) -> tuple[tuple[str, ...], str, bool, bool]:
        """What was chosen about lists, in the order of the keys."""
        return (self.audiences, self.audience_prefix, self.adopt_audiences, self.load_audiences)


class Alert(Connection):
    """Who is told when something goes wrong, and when it is well again."""


class Segmentation(Section):
    """Which schemes are on, and what churn and value mean for this shop."""

    schemes: Annotated[tuple[Scheme, ...], Field(min_length=1)] = SCHEMES
    churn_horizon_days: Annotated[int, Field(ge=1, le=730)] = 90
    clv_years: Annotated[float, Field(gt=0, le=10)] = 3.0
    yearly_discount: Annotated[float, Field(ge=0, lt=1)] = 0.10
    hysteresis: Annotated[float, Field(ge=0, le=0.5)] = 0.03
    money_hysteresis: Share = 0.10
    #: Weights of recency, frequency and money.
    rfm_weights: tuple[Weight, Weight, Weight] = (0.15, 0.28, 0.57)
    max_wait_days: Annotated[int, Field(ge=1)] = 365
    keep_date_days: Annotated[int, Field(ge=0)] = 3
    late_days: Annotated[int, Field(ge=0)] = 3
    refit_days: Annotated[int, Field(ge=1, le=90)] = 7
    #: What these schemes look at, each used if schemes name it; rules are the operator's own.
    stratification: Stratification = Stratification()
    affinity: Affinity = Affinity()
    rules: Rules = Rules()


def _as_region(value: object) -> object:
    """Norway, which YAML reads as the word no."""
    return "NO" if value is False else value


class Identity(Section):
    """When two customers are one."""

    join_by: tuple[Literal["email", "phone"], ...] = ("email", "phone")
    #: Where phone numbers without a country code belong; None: such a number joins nobody.
    phone_region: (
        Annotated[str, BeforeValidator(_as_region), Field(pattern="^[A-Z]{2}$")] | None
    ) = None
    #: An address or number beside more than so many customers is a till's or an office's.
    shared_above: Annotated[int, Field(ge=1)] = 10


class Rate(Section):
    """What one unit of a currency is worth in the shop's, from a day on (None: always)."""

    start: date | None = Field(None, alias="from")
    rate: Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=8)]


def _as_dated(value: object) -> object:
    return value if isinstance(value, list | tuple) else [{"rate": value}]


Rates = Annotated[tuple[Rate, ...], BeforeValidator(_as_dated), Field(min_length=1)]


class Brake(Section):
    """When a run is held: more moves than both, or a source that shrank below a share."""

    max_share: Share = 0.10
    max_count: Annotated[int, Field(ge=0)] = 100
    #: Of those on lists, who may leave at once.
    max_removals: Share = 0.05
    min_source_share: Share = 0.5


class Engine(Section):
    """What computes, and what it may use."""

    type: Literal["duckdb", "spark"] = "duckdb"
    memory: str | None = None
    threads: Annotated[int, Field(ge=1)] | None = None
    #: Only for Spark: where it is, and settings of its own.
    master: str | None = None
    options: dict[str, str] = Field(default_factory=dict[str, str])

    @model_validator(mode="after")
    def _is_whole(self) -> Engine:
        if self.type == "spark" and self.master is None:
            raise ValueError("spark needs a master, such as local[4] or spark://host:7077")
        if self.type == "spark" and self.threads is not None:
            raise ValueError("threads are part of Spark's master: write local[4]")
        if self.type == "duckdb" and (self.master is not None or self.options):
            raise ValueError("master and options are for type: spark")
        return self


class Settings(BaseSettings):
    """The whole configuration; every key may come from the environment."""

    model_config = SettingsConfigDict(
        env_prefix="TIDESMAN_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    #: The shop's time zone: its day is the day of a run, its hours are those of the schedule.
    timezone: str
    #: The shop's currency, where a source does not say another.
    currency: str
    data_dir: File = File("data")
    #: Where none is given, config.load puts the file into ``data_dir``.
    state_url: SecretStr = SecretStr("sqlite:///./data/state.db")
    schedule: str = "0 5 * * *"
    log_format: Literal["text", "json"] = "text"
    sources: Annotated[dict[str, Source], Field(min_length=1)]
    segmentation: Segmentation = Segmentation()
    #: What segments are called and where edges are pinned; None: all as it ships.
    segments_file: File | None = None
    destinations: dict[str, Destination] = {}
    alerts: dict[str, Alert] = {}
    brake: Brake = Brake()
    engine: Engine = Engine()
    identity: Identity = Identity()
    #: What other currencies are worth in the shop's.
    currencies: dict[str, Rates] = {}

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            near = get_close_matches(value, zones, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "write it as 'Europe/London' or 'UTC'"
            raise ValueError(f"{value!r} is no time zone; {hint}")
        return value

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, value: str) -> str:
        if value not in CURRENCIES:
            code = value.upper()
            swapped = [each for each in sorted(CURRENCIES) if sorted(each) == sorted(code)]
            near = swapped or get_close_matches(code, sorted(CURRENCIES), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "write its ISO code, such as 'GBP'"
            raise ValueError(f"{value!r} is no currency; {hint}")
        return value

    @field_validator("currencies")
    @classmethod
    def _are_currencies(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        for code in value:
            cls._is_a_currency(code)
            if code == info.data.get("currency"):
                raise ValueError(f"{code} is the shop's own currency and needs no rate")
        return value

    @field_validator("schedule")
    @classmethod
    def _is_a_schedule(cls, value: str) -> str:
        trigger(value, "UTC")
        return value

    @field_validator("sources", "destinations", "alerts")
    @classmethod
    def _are_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name.replace("_", "a").replace("-", "a").isalnum() or "__" in name:
                raise ValueError(
                    f"{name!r} is no name here; use letters, digits, '-' and single '_'"
                )
        return value

    @classmethod
    def settings_customise_sources(  # noqa: D102 - the signature is pydantic's
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        # config.load reads the environment itself, as it keeps track of where a key came from
        return (init_settings,)
