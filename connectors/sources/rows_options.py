"""What the operator sets for rows, wherever they come from: which column is what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import Options


class Chosen(BaseModel):
    """Which column is what; ``customer_id``, ``email`` and ``phone`` name whose a row is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def chosen(self) -> Iterator[tuple[str, str]]:
        """What is set: (what it is, the column there)."""
        for name in type(self).model_fields:
            column: str | None = getattr(self, name)
            if column is not None:
                yield name, column

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not {name for name, _ in self.chosen()} & {"customer_id", "email", "phone"}:
            raise ValueError("columns needs at least one of customer_id, email and phone")
        return self


class Columns(Chosen):
    """Which column is what. Either ``amount``, or ``quantity`` and ``unit_price``."""

    order_id: str
    ordered_at: str
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    amount: str | None = None
    quantity: str | None = None
    unit_price: str | None = None
    currency: str | None = None
    status: str | None = None

    @model_validator(mode="after")
    def _enough(self) -> Columns:
        parts = (self.quantity is not None) + (self.unit_price is not None)
        if (self.amount is None, parts) not in {(False, 0), (True, 2)}:
            raise ValueError("columns needs either amount, or both quantity and unit_price")
        return self


class MomentOptions(Options):
    """How moments are read, and how many rows may be unreadable."""

    timezone: str = Field(description="The zone of moments that are written without one.")
    date_format: str | tuple[str, ...] = Field(
        (), description="One format or several in the signs of strptime; ISO 8601 if left out."
    )
    tolerate: float = Field(
        0.01, ge=0, le=1, description="Share of unreadable rows above which all is refused."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone such as Europe/London") from error
        return value

    @field_validator("date_format")
    @classmethod
    def _complete_format(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for form in (value,) if isinstance(value, str) else value:
            day = "%j" in form or (
                any(sign in form for sign in ("%d", "%-d"))
                and any(sign in form for sign in ("%m", "%-m", "%b", "%B"))
            )
            if not (day and ("%Y" in form or "%y" in form)):
                raise ValueError(f'{form!r} does not tell day, month and year, as "%d/%m/%Y" does')
        return value

    def formats(self) -> tuple[str, ...]:
        """The date formats, none for ISO 8601."""
        return (self.date_format,) if isinstance(self.date_format, str) else self.date_format


class RowOptions(MomentOptions):
    """How rows are read as orders.

    ``timezone`` is that of moments without a zone, ``currency`` that of rows without one.
    ``date_format`` is one format or several in the signs of strptime; without it ISO 8601 is
    read. A row whose ``status`` is one of ``void`` (in any case) takes its order away.
    ``tolerate`` is the share of a file's rows that may be unreadable before it is refused.
    """

    columns: Columns = Field(description="Which column is what.")
    lines: bool = Field(False, description="Whether an order is several rows, to be added up.")
    currency: str = Field("", description="That of rows without one.")
    decimal: str = Field(".", min_length=1, max_length=1, description="The mark before cents.")
    thousands: str = Field("", max_length=1, description="The mark between thousands, if any.")
    void: tuple[str, ...] = Field(
        (
            *("cancelled", "canceled", "void", "voided", "failed"),
            *("refunded", "deleted", "draft", "test"),
        ),
        description="A row with such a status, in any case, takes its order away.",
    )
    latest_row_wins: bool = Field(
        False, description="Whether many repeated order ids are corrections: the last row counts."
    )

    @model_validator(mode="after")
    def _signs_differ(self) -> RowOptions:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same sign")
        return self
