"""A configuration in a folder of its own, loaded against two plain connectors."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from config.load import Catalog, Loaded, load
from config.locate import Document


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    order_id: str
    amount: str | None = None


class FileOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str | list[str]
    columns: Inner | None = None
    lines: bool = False
    timezone: str
    currency: str = ""


class VendorOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api_key: SecretStr
    base_url: str = "https://vendor.example"
    headers: dict[str, SecretStr] = {}
    reserve: float = 0.0


def _catalog(group: str, name: str) -> type[BaseModel]:
    known = {("sources", "files"): FileOptions, ("destinations", "vendor"): VendorOptions}
    try:
        return known[group, name]
    except KeyError:
        raise LookupError(f"no connector of type {name!r} is installed") from None


GOOD = """\
timezone: Europe/London
currency: GBP
sources:
  shop:
    type: files
    path: ./orders/*.csv
    columns: {order_id: Invoice}
destinations:
  mail:
    type: vendor
    api_key: {env: MAIL_KEY}
"""


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_KEY", "k-canary")


@pytest.fixture
def catalog() -> Catalog:
    return _catalog


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[str], Loaded]:
    def read(text: str) -> Loaded:
        document = Document.parse(text, name="tidesman.yaml", folder=tmp_path)
        return load(document, _catalog)

    return read
