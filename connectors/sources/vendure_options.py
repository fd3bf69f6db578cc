"""What the operator sets for a Vendure shop."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator

from connectors.options import HttpOptions


class VendureOptions(HttpOptions):
    """Options of a Vendure shop. Either ``api_key``, or ``username`` and ``password``."""

    base_url: str = Field(description="The shop's server, such as https://shop.example.com.")
    path: str = Field("/admin-api", description="Where the Admin API is on that server.")
    api_key: SecretStr | None = Field(
        None,
        description="A key that createApiKey gave, of a role that may read orders (Vendure 3.6 and "
        "newer, where the shop's tokenMethod allows api-key).",
    )
    username: str | None = Field(
        None, description="An administrator who may read orders, where there is no key."
    )
    password: SecretStr | None = Field(None, description="The administrator's password.")
    channel: str | None = Field(
        None, description="The token of one channel; the default channel if left out."
    )
    decimals: dict[str, int] = Field(
        {},
        description="By currency, how many of the last digits of an amount are decimals, where "
        "that is not what the server says (moneyStrategyPrecision, 2 unless it was changed).",
    )
    page_size: int = Field(
        200,
        ge=10,
        le=1000,
        description="Orders in one request; smaller where the shop limits lists or complexity.",
    )
    overlap_minutes: int = Field(
        10,
        ge=0,
        description="How far before the end of the last pull the next one begins, for orders "
        "that were stored later than the moment they bear.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> VendureOptions:
        by_name = (self.username is not None) + (self.password is not None)
        if (self.api_key is None, by_name) not in {(False, 0), (True, 2)}:
            raise ValueError("needs either api_key, or both username and password")
        return self
