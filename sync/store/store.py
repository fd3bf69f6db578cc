"""The store: one class, put together from the parts that each keep one kind of fact."""

from __future__ import annotations

from sync.store.forgotten import Forgotten
from sync.store.lease import Leases
from sync.store.parts import Parts
from sync.store.pulls import Pulls
from sync.store.runs import Runs
from sync.store.snapshots import Snapshots
from sync.store.versions import Versions


class Store(Runs, Parts, Pulls, Versions, Snapshots, Forgotten, Leases):
    """The state database. Every method is one transaction; nothing is kept in memory.

    Once ``acquire`` has taken a lease, every later write of this object first checks that the
    lease is still its own, and raises LeaseLost if not.
    """
