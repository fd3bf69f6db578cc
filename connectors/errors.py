"""The ways in which a connector fails. The class alone decides what the engine does.

ConnectorError
├── BrokenConnector     the plugin cannot be loaded, or breaks the contract
├── Misconfigured       the operator must mend the configuration or the input; nothing goes on
├── Unauthorized        wrong key or missing permission: this connector stops, others go on
├── Throttled           too fast: the same again after ``retry_after``, free of charge
├── NotReady            a source's answer is still being prepared: asked again, free of charge
├── Unavailable         no usable answer: the same again later, on the retry budget
├── TicketLost          the vendor no longer knows the job: the batch is sent again
└── Refused             the whole request was refused: known culprits are taken out, the rest halved
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.types import Outcome


class ConnectorError(Exception):
    """A connector could not do what was asked; the message is a sentence for the operator.

    ``maybe_applied`` is False only if the request surely had no effect.
    """

    maybe_applied: bool = True


class BrokenConnector(ConnectorError):
    """A plugin cannot be loaded, or a receipt misses or invents a change id."""


class Misconfigured(ConnectorError):
    """The configuration or the input must be mended by a person; sending again cannot help."""

    def __init__(self, message: str, *, maybe_applied: bool = False) -> None:
        super().__init__(message)
        self.maybe_applied = maybe_applied


class Unauthorized(ConnectorError):
    """The vendor does not accept the key, or the key lacks a permission."""

    maybe_applied = False


class Throttled(ConnectorError):
    """The vendor asks for patience. ``retry_after`` is in seconds, None if it does not say."""

    maybe_applied = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotReady(ConnectorError):
    """The vendor still prepares what a source asked for, such as an export of all orders.

    The pull goes on from the cursor of the last page in ``retry_after`` seconds.
    """

    maybe_applied = False

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ConnectorError):
    """No usable answer."""

    def __init__(self, message: str, *, maybe_applied: bool = True) -> None:
        super().__init__(message)
        self.maybe_applied = maybe_applied


class TicketLost(ConnectorError):
    """The vendor no longer knows the job, or gave it up."""


class Refused(ConnectorError):
    """The vendor refused a whole request, with nothing of it done unless ``maybe_applied``.

    ``outcomes`` holds, by change id, those whose fate the answer already tells; the engine takes
    them out and sends the rest again, halved if none was named. Raised from a 2xx, of which a part
    was done, it must be ``maybe_applied``: what does not go out again then stays unsure.
    """

    def __init__(
        self,
        message: str,
        *,
        outcomes: Mapping[str, Outcome] | None = None,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(message)
        self.outcomes: Mapping[str, Outcome] = outcomes or {}
        self.maybe_applied = maybe_applied
