"""What the operator sets for a connector."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors import http


class Options(BaseModel):
    """What the operator sets for one connector. Secrets are ``SecretStr``; unknown keys fail."""

    # an error about one option would else repeat them all, secrets too
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HttpOptions(Options):
    """Options of a connector that speaks HTTP: it can be pointed at a look-alike or a region."""

    base_url: str

    @field_validator("base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        http.web_address(value)
        return value


class SharedOptions(HttpOptions):
    """Options of a connector whose limits count what the shop's other apps send as well."""

    reserve: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="The part of the vendor's limits that is left to the shop's other apps: with "
        "0.2 the limits are kept as if they were a fifth lower.",
    )
