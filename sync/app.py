"""The composition root: the only place that reads the configuration."""

from __future__ import annotations

from pydantic import BaseModel

from config.load import Group
from connectors import registry
from connectors.errors import BrokenConnector, Misconfigured


def options_of(group: Group, name: str) -> type[BaseModel]:
    """The options of a connector by its type. Raises LookupError with a sentence."""
    try:
        if group == "sources":
            return registry.source(name).options_class
        return registry.destination(name).options_class
    except (Misconfigured, BrokenConnector) as error:
        raise LookupError(str(error)) from error
