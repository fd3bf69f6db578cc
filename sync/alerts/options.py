"""What stands under ``alerts`` in the configuration, by type. Nothing is sent from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from connectors.base import Options
from connectors.http import web_address


class AlertOptions(Options):
    """What all channels have in common."""

    title: str = Field("Tidesman", min_length=1, max_length=100)
    #: Told once more than this share of a run's changes, and more than ten, did not land.
    undelivered_share: Annotated[float, Field(ge=0, le=1)] = 0.05

    def place(self) -> str:
        """Where it goes, without what is secret of it."""
        return ""


class WebhookOptions(AlertOptions):
    """A server that takes a JSON object by POST. The address may itself be the key."""

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: SecretStr) -> SecretStr:
        web_address(value.get_secret_value())
        return value

    def place(self) -> str:
        """The host alone: the whole address may be a key."""
        return f"to {web_address(self.url.get_secret_value()).host}"


class SlackOptions(WebhookOptions):
    """An incoming webhook of Slack, or of what takes the same, such as Mattermost."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _is_address(value: str) -> str:
    local, at, host = value.rpartition("@")
    if not (local and at and host) or not value.isprintable() or " " in value:
        raise ValueError("must be an e-mail address such as ops@example.com")
    return value


class EmailOptions(AlertOptions):
    """A mail server. Without a port it is the usual one of the encryption."""

    host: str = Field(min_length=1)
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = Field(alias="from")
    to: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
    username: str | None = None
    password: SecretStr | None = None

    @field_validator("sender")
    @classmethod
    def _has_a_sender(cls, value: str) -> str:
        return _is_address(value)

    @field_validator("to")
    @classmethod
    def _has_recipients(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_is_address(each) for each in value)

    @model_validator(mode="after")
    def _keeps_its_password(self) -> EmailOptions:
        if (self.username is None) != (self.password is None):
            raise ValueError("needs both username and password, or neither")
        if self.password is not None and self.encryption == "none":
            raise ValueError("would send the password in the clear; use encryption: starttls")
        return self

    def place(self) -> str:
        """How many are written to by which server."""
        return f"by {self.host}, recipients: {len(self.to)}"


KINDS: dict[str, type[AlertOptions]] = {
    "email": EmailOptions,
    "slack": SlackOptions,
    "webhook": WebhookOptions,
}


def channel(kind: str) -> type[AlertOptions]:
    """The options of a channel by its type. Raises LookupError with a sentence."""
    if kind not in KINDS:
        raise LookupError(f"there is no channel {kind!r}; there are {', '.join(sorted(KINDS))}")
    return KINDS[kind]
