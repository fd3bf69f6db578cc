"""The one class that a source's tests subclass."""

from __future__ import annotations

from enum import Enum

from connectors.testing.laws.connector import ConnectorLaws
from connectors.testing.source_law import source_abilities
from connectors.testing.source_laws.asking import AskingLaws
from connectors.testing.source_laws.cursors import CursorLaws
from connectors.testing.source_laws.failures import SourceFailureLaws
from connectors.testing.source_laws.later import LaterLaws
from connectors.testing.source_laws.moving import MovingLaws
from connectors.testing.source_laws.rows import RowLaws
from connectors.testing.suite import Suite


class SourceSuite(
    ConnectorLaws,
    AskingLaws,
    RowLaws,
    LaterLaws,
    CursorLaws,
    MovingLaws,
    SourceFailureLaws,
    Suite,
):
    """All laws of a source of orders. Subclass it under a name that begins with ``Test``.

    Needed are ``source``, the class that is tried, and ``shop``, a class as ``shop.py`` describes
    it. What a shop cannot do has no laws: they are not collected. By class attribute may be said

    - ``currencies``: those in which the shop sells (``("EUR", "USD")`` by default)
    - ``guests``: whether one can buy without an account (True)
    - ``can_be_empty``: whether there may be no order at all (True)
    - ``units``: whether a page replaces another, as where each is a file (False)
    - ``check_requests``: the most requests that ``check`` makes (1)
    - ``own_waits``: the vendor's own headers of a 429, each with the seconds that it means
    - ``departs``: laws that this source rightly breaks, by name, each with the reason

    and by method ``customer_id`` and ``is_read``.
    """

    @classmethod
    def is_complete(cls) -> bool:
        """Whether it names a source and a shop."""
        return hasattr(cls, "source") and hasattr(cls, "shop")

    @classmethod
    def abilities(cls) -> frozenset[Enum]:
        """What source and shop can do. Raises TypeError if the shop lacks a method."""
        return source_abilities(cls)
