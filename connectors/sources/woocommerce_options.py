"""What the operator sets for a WooCommerce shop."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, SecretStr

from connectors.base import HttpOptions


class WoocommerceOptions(HttpOptions):
    """Where the shop is, a key that may read, and what counts as an order.

    Over https the key and secret go as Basic auth. Only where ``base_url`` itself says http, as
    WooCommerce asks, each request is signed by OAuth 1.0a in place of it.
    """

    base_url: str = Field(
        description="The shop's address, such as https://shop.example.com, with the path in "
        "which WordPress lies, if any."
    )
    consumer_key: SecretStr = Field(
        description="A REST API key with the permission to read, of a user who may see all orders."
    )
    consumer_secret: SecretStr = Field(description="The secret that was shown with the key.")
    not_orders: tuple[str, ...] = Field(
        ("pending", "failed", "cancelled"),
        description="Statuses that count as no order, as in WooCommerce's own Analytics. All "
        "others count, those of plugins too; unfinished checkouts and the trash never do.",
    )
    overlap_minutes: int = Field(
        10,
        ge=1,
        description="What was changed so short a time before a pull is asked for again by the "
        "next one: a shop may show a change late.",
    )
    page_size: int = Field(
        100, ge=1, le=100, description="Orders that are asked for at once; fewer for a slow shop."
    )

    def overlap(self) -> timedelta:
        """How long it takes until no older change can show."""
        return timedelta(minutes=self.overlap_minutes)
