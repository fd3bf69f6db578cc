"""What an error of a database's driver means for the engine: mend it, ask leave, or come again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError

from connectors.errors import ConnectorError, Misconfigured, Unauthorized, Unavailable
from connectors.http import mask

#: Classes of SQLSTATE (the standard's, and PostgreSQL's appendix A) that pass by themselves:
#: connection, rollback, resources, locks, an operator's intervention, the system.
PASSING: Final = ("08", "40", "53", "55", "57", "58")
#: A timeout that the operator's database sets will strike again.
TOO_LONG: Final = "57014"
#: Wrong user or password; no privilege.
UNWANTED: Final = ("28", "42501")
#: The same in the words of drivers that tell no code.
REFUSALS: Final = ("authentication failed", "no pg_hba.conf entry", "access denied", "login failed")
#: What a person must mend, though it shows while connecting.
ABSENT: Final = ("does not exist", "unknown database", "cannot open database")


def meant(error: DBAPIError, name: str, secrets: Iterable[str]) -> ConnectorError:
    """The error for the engine. The driver's words are masked; only their first line is kept."""
    said = mask(str(error.orig).strip().split("\n")[0], secrets)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    words = str(error.orig).lower()
    if state.startswith(UNWANTED) or any(phrase in words for phrase in REFUSALS):
        return Unauthorized(
            f"{name} does not let this user read: {said}; look at user, password and rights"
        )
    if _passes(error, state, words):
        return Unavailable(f"{name} gave no usable answer: {said}", maybe_applied=False)
    return Misconfigured(f"{name} cannot be read by this query: {said}")


def _passes(error: DBAPIError, state: str, words: str) -> bool:
    if state:
        return state.startswith(PASSING) and state != TOO_LONG
    if error.connection_invalidated or isinstance(error, DisconnectionError):
        return True
    if "sqlite" in type(error.orig).__module__:
        return "locked" in words
    transient = isinstance(error, OperationalError | InterfaceError)
    return transient and not any(phrase in words for phrase in ABSENT)
