"""What the operator sets for a Medusa shop."""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.options import HttpOptions


class MedusaOptions(HttpOptions):
    """Options of a Medusa shop."""

    base_url: str = Field(description="The shop's server, such as https://shop.example.com.")
    api_key: SecretStr = Field(description="A secret key (sk_...) from the shop's settings.")
    not_orders: tuple[str, ...] = Field(
        ("not_paid", "awaiting", "requires_action", "canceled"),
        description="Statuses of payment with which an order does not count (yet). All others do, "
        "from authorized on.",
    )
    page_size: int = Field(100, ge=1, le=1000, description="Orders in one request.")
    overlap_minutes: int = Field(
        10,
        ge=0,
        description="How far before the end of the last pull the next one begins, for orders "
        "that were stored later than the moment they bear.",
    )
