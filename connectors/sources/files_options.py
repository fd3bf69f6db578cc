"""What the operator sets for a source of files."""

from __future__ import annotations

import codecs
from hashlib import sha256

from pydantic import Field, field_validator

from connectors import http
from connectors.base import Options
from connectors.sources.rows_events import EventRowOptions
from connectors.sources.rows_options import RowOptions


class PlaceOptions(Options):
    """Where files are. Paths are absolute: a file, a pattern, a folder, or several."""

    path: str | tuple[str, ...] = Field(
        description="A file, a pattern, several, or a folder, in which no .txt is read; also in an"
        " object store, such as s3://bucket/orders/*.csv."
    )
    endpoint: str | None = Field(
        None, description="Where a store is that speaks as S3 does, if it is not AWS's own."
    )
    region: str | None = Field(
        None, description="That of the bucket, if the environment does not tell it."
    )
    encoding: str = Field("utf-8", description="How the text of CSV files is encoded.")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="Between columns; found out if left out."
    )

    @field_validator("endpoint")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None:
            http.web_address(value)
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(f"{value!r} is no encoding such as utf-8 or windows-1252") from error

    def paths(self) -> tuple[str, ...]:
        """The paths, also if there is only one."""
        return (self.path,) if isinstance(self.path, str) else self.path

    def meaning(self) -> str:
        """A digest of everything that decides how a file is read; where it lies does not."""
        return sha256(
            self.model_dump_json(exclude={"path", "endpoint", "region"}).encode()
        ).hexdigest()[:16]


class FilesOptions(RowOptions, PlaceOptions):
    """Options of a source of files of orders."""


class FileEventsOptions(EventRowOptions, PlaceOptions):
    """Options of a source of files of events."""
