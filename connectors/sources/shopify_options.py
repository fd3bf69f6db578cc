"""What the operator sets for a Shopify shop."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from connectors.base import HttpOptions

Status = Literal[
    "AUTHORIZED",
    "EXPIRED",
    "PAID",
    "PARTIALLY_PAID",
    "PARTIALLY_REFUNDED",
    "PENDING",
    "REFUNDED",
    "VOIDED",
]


class ShopifyOptions(HttpOptions):
    """One shop, and one of three ways to a token: fixed, by client credentials, from a file."""

    base_url: str = Field(description="The shop, such as https://example.myshopify.com.")
    version: str = Field(
        "2026-10",
        pattern=r"^\d{4}-(01|04|07|10)$",
        description="The version of the Admin API; each is served for at least a year.",
    )
    access_token: SecretStr | None = Field(
        None,
        description="A token that does not expire, of an app made in the shop's own admin.",
    )
    client_id: str | None = Field(
        None,
        min_length=1,
        description="With client_secret: the app of the Dev Dashboard that asks for its tokens, "
        "each good for a day. App and shop must belong to one organisation.",
    )
    client_secret: SecretStr | None = Field(
        None, description="The secret that goes with client_id."
    )
    token_file: Path | None = Field(
        None,
        description="A file with the present token, which your app keeps fresh; read at the start "
        "and again when Shopify refuses the token.",
    )
    overlap_minutes: int = Field(
        60,
        ge=1,
        le=10_080,
        description="So many minutes before the last change seen are asked for again each time.",
    )
    statuses: tuple[Status, ...] = Field(
        ("PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "REFUNDED"),
        min_length=1,
        description="The financial statuses whose orders count; add AUTHORIZED or PENDING where "
        "orders are paid after delivery.",
    )

    @model_validator(mode="after")
    def _has_one_way_to_a_token(self) -> ShopifyOptions:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret go together")
        ways = (self.access_token, self.client_id, self.token_file)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "needs one of access_token, client_id with client_secret, and token_file"
            )
        return self
