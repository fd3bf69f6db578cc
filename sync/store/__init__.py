"""The state database: what was pulled, computed, published, sent and answered."""

from sync.store.errors import LeaseLost, StoreError, StoreMissing, StoreOutdated
from sync.store.records import (
    Approval,
    Fence,
    LastPull,
    Moved,
    NewSnapshot,
    OutboxEvent,
    Part,
    Proposal,
    Rechecked,
    Run,
    Snapshot,
    Somebody,
    Status,
    Step,
    Transition,
    Version,
)
from sync.store.store import Store

__all__ = [
    "Approval",
    "Fence",
    "LastPull",
    "LeaseLost",
    "Moved",
    "NewSnapshot",
    "OutboxEvent",
    "Part",
    "Proposal",
    "Rechecked",
    "Run",
    "Snapshot",
    "Somebody",
    "Status",
    "Step",
    "Store",
    "StoreError",
    "StoreMissing",
    "StoreOutdated",
    "Transition",
    "Version",
]
