"""The ways in which the state database fails; each message is a sentence for the operator.

StoreError
├── StoreMissing   there is no state database yet, and it was opened for reading only
├── StoreOutdated  its schema is older than this version's, and it was opened for reading only
└── LeaseLost      another process holds the lease: whatever this one still wants to write is stale
"""

from __future__ import annotations


class StoreError(Exception):
    """The state database cannot be used; the message says what to mend."""


class StoreMissing(StoreError):
    """There is no state database at this place."""


class StoreOutdated(StoreError):
    """The state database has the schema of an older version and may not be changed."""


class LeaseLost(StoreError):
    """The lease has passed to another process; this one must stop writing."""
