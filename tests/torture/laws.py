"""What must hold once a day is over, read from the vendors and the state, not from a report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from vendors import FOREIGN, MINE, NAMES, OURS, Vendors

SEGMENTS = ("lifecycle_segment", "rfm_segment", "risk_value_segment")
ROWS = {"klaviyo": "properties", "iterable": "dataFields", "braze": "custom_attributes"}


def state(url: str, data: Path) -> dict[str, Any]:
    """All that is kept, as plain values, read only; ``data`` is the folder of results."""
    import pyarrow.parquet as pq
    import sqlalchemy as sa

    from sync.store import Store, tables

    store = Store(url, read_only=True)
    kept: dict[str, Any] = {}
    with store.read() as connection:
        for name in ("ledger", "outbox", "jobs", "runs", "transitions"):
            rows = connection.execute(sa.select(tables.metadata.tables[name])).mappings()
            kept[name] = [
                {key: None if value is None else str(value) for key, value in row.items()}
                for row in rows
            ]
    snapshot, last = store.latest_snapshot(), store.last_run()
    assert snapshot is not None
    assert last is not None
    kept["report"] = last.report
    store.close()
    columns = ["customer_id", *SEGMENTS]
    kept["customers"] = pq.read_table(data / snapshot.path, columns=columns).to_pylist()
    return kept


class Laws:
    """Each method tells what is broken, as sentences."""

    def __init__(self, kept: dict[str, Any], vendors: Vendors, strangers: set[str]) -> None:
        self.kept = kept
        self.strangers = strangers
        self.ledger = {(r["destination"], r["customer_id"]): r for r in kept["ledger"]}
        self.profiles = {v: _by_id(v, vendors.look(v, "profiles")) for v in NAMES}
        self.events = {v: _events(v, vendors.look(v, "events")) for v in NAMES}
        self.requests = {v: vendors.look(v, "requests") for v in NAMES}

    def broken(self, orders: int) -> list[str]:
        """All of it."""
        found = [*self.nothing_left(), *self.every_order_counted_once(orders)]
        for vendor in NAMES:
            found += [*self.as_desired(vendor), *self.foreign_untouched(vendor)]
            found += [*self.every_event_once(vendor), *self.only_our_calls(vendor)]
        return found

    def nothing_left(self) -> Iterator[str]:
        """No job is open, no row is unsure, nothing lacks its reason."""
        if self.kept["jobs"]:
            yield f"{len(self.kept['jobs'])} jobs are still open"
        for table in ("ledger", "outbox"):
            for row in self.kept[table]:
                if row["mark"] in ("unsure", "new") or row["ticket"] is not None:
                    yield f"{table}: {row} is not settled"
                elif row["mark"] in ("refused", "unknown") and not row["reason"]:
                    yield f"{table}: {row} has no reason"

    def every_order_counted_once(self, orders: int) -> Iterator[str]:
        """What was pulled is what the merchant wrote, whatever was killed on the way."""
        told = (self.kept["report"] or {}).get("orders")
        if told != orders:
            yield f"{told} orders were counted, and {orders} were written"

    def as_desired(self, vendor: str) -> Iterator[str]:
        """The vendor holds each customer as published, or the refusal is written down."""
        for row in self.kept["customers"]:
            customer = row["customer_id"]
            known = self.ledger.get((vendor, customer))
            if known is None:
                yield f"{vendor}: nothing is known of {customer}"
            elif known["mark"] == "acked":
                held = self.profiles[vendor].get(customer, {})
                wrong = {n: (held.get(n), row[n]) for n in SEGMENTS if held.get(n) != row[n]}
                if wrong:
                    yield f"{vendor}: {customer} has (held, desired) {wrong}"

    def foreign_untouched(self, vendor: str) -> Iterator[str]:
        """What others wrote stands, and of ours there is nothing but what we name."""
        for customer in self.strangers:
            held = self.profiles[vendor].get(customer, {})
            wrong = {n: held.get(n) for n, v in FOREIGN.items() if held.get(n) != v}
            if wrong:
                yield f"{vendor}: what others wrote of {customer} is now {wrong}"

    def every_event_once(self, vendor: str) -> Iterator[str]:
        """Each acknowledged event is there, once; none is there that was not to be sent."""
        rows = [r for r in self.kept["outbox"] if r["destination"] == vendor]
        there = self.events[vendor]
        twice = {key: count for key, count in there.items() if count > 1}
        if twice:
            yield f"{vendor}: events came twice: {twice}"
        acked = Counter(_key(vendor, r) for r in rows if r["mark"] == "acked")
        may = acked + Counter(_key(vendor, r) for r in rows if r["mark"] in ("unknown", "refused"))
        if acked - there:
            yield f"{vendor}: acknowledged, but not there: {acked - there}"
        if there - may:
            yield f"{vendor}: there, but never to be sent: {there - may}"
        moved = {
            (t["customer_id"], t["from_segment"], t["to_segment"], t["as_of"])
            for t in self.kept["transitions"]
            if t["scheme"] == "lifecycle"
        }
        if len({r["id"] for r in rows}) > len(moved):
            yield f"{vendor}: more events than moves"

    def only_our_calls(self, vendor: str) -> Iterator[str]:
        """No consent, no list, nothing but what delivery needs."""
        for row in self.requests[vendor]:
            if row["path"] not in OURS | MINE:
                yield f"{vendor}: {row['method']} {row['path']} was called"


def _by_id(vendor: str, profiles: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The customer id is what stands before the @ as well; Klaviyo is not told it."""
    names = {str(p.get("email") or p.get("external_id")).partition("@")[0]: p for p in profiles}
    return {name: p.get(ROWS[vendor]) or {} for name, p in names.items()}


def _events(vendor: str, events: list[dict[str, Any]]) -> Counter[str]:
    """By the id that the vendor knows; Braze has none, so by person, moment and move."""
    if vendor != "braze":
        key = {"klaviyo": "unique_id", "iterable": "id"}[vendor]
        return Counter(event[key] for event in events)
    return Counter(
        _braze(e["external_id"], e["time"], e["properties"]["from"], e["properties"]["to"])
        for e in events
    )


def _key(vendor: str, row: dict[str, Any]) -> str:
    if vendor != "braze":
        return str(row["id"])
    said = json.loads(row["payload"])
    return _braze(row["customer_id"], row["occurred_at"], said["from"], said["to"])


def _braze(customer: str, at: str, came: str, went: str) -> str:
    return f"{customer} {datetime.fromisoformat(at).timestamp():.3f} {came} > {went}"
