# ruff: noqa: E501 - what is replaced stands as it stands in the file
"""Deliberate faults in the engine, and the tests that must see each of them: see ``mutants.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, what stands there and what stands there then, and who must see it.

    ``seen_by`` is a test, as pytest names it, from the folder ``tests``.
    """

    name: str
    file: str
    good: str
    bad: str
    seen_by: str

    def put_into(self, text: str) -> str:
        """The text of the file with the fault. Raises LookupError if it is not as it was."""
        if text.count(self.good) != 1:
            raise LookupError(f"{self.file} no longer holds, once, what {self.name!r} replaces")
        return text.replace(self.good, self.bad)


FAULTS = [
    Fault(
        "acked before the wire",
        "sync/lane.py",
        "        self.book.unsure(batch)\n",
        "        self.book.unsure(batch)\n        from connectors.types import Delivered as D\n        self.book.answered({c.id: D() for c in batch})\n",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "not marked before the wire",
        "sync/lane.py",
        "        self.book.unsure(batch)\n",
        "        pass\n",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "202 counted as delivered",
        "sync/lane.py",
        '        self.book.ticketed([change.id for change in part], receipt.ticket)\n        reach("deliver.ticketed")\n        self._submit(Job(receipt.ticket, _ids(part), self._later(0), part))\n',
        "        from connectors.types import Delivered as D\n        self.book.answered({c.id: D() for c in part})\n",
        "delivery/test_delivery_jobs.py",
    ),
    Fault(
        "known although something else may have arrived",
        "sync/books.py",
        "before.mark is Mark.ACKED",
        "before.mark is not Mark.REFUSED",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "refused sent again for ever",
        "sync/scan.py",
        "ledger.c.mark.in_([Mark.ACKED.value, Mark.REFUSED.value])",
        "ledger.c.mark.in_([Mark.ACKED.value])",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "event repeated where repeats count",
        "sync/lane.py",
        "repeatable=self.delivery.idempotent",
        "repeatable=True",
        "delivery/test_delivery_events.py",
    ),
    Fault(
        "left on the wire sent again where repeats count",
        "sync/books.py",
        "adrift = [] if self.repeatable else self.outbox.adrift()",
        "adrift = []",
        "delivery/test_delivery_events.py",
    ),
    Fault(
        "event before its profile",
        "sync/way.py",
        "await self._profiles(due, held) + await self._events(due, held)",
        "await self._events(due, held) + await self._profiles(due, held)",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "event although its profile is unsure",
        "sync/way.py",
        "                event for event in page if event.change.id in (again if event.again else free_now)\n",
        "                event for event in page if event.change.id in free_now\n",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "events of held moves go",
        "sync/plan.py",
        "if held is None or difference is None or not waiting:",
        "if True:",
        "delivery/test_delivery_brake.py",
    ),
    Fault(
        "outcomes shifted by one",
        "sync/ledger.py",
        "acked = [key for key, outcome in outcomes.items() if isinstance(outcome, Delivered)]",
        "acked = [k for k, o in zip(list(outcomes), [*list(outcomes.values())[1:], list(outcomes.values())[0]]) if isinstance(o, Delivered)]",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "one request too many in a window",
        "sync/transport.py",
        "deque(maxlen=rate.calls)",
        "deque(maxlen=rate.calls + 1)",
        "delivery/test_delivery_transport.py",
    ),
    Fault(
        "the limit plus one",
        "sync/transport.py",
        "if len(self.begun) < self.rate.calls:",
        "if len(self.begun) <= self.rate.calls:",
        "delivery/test_delivery_transport.py",
    ),
    Fault(
        "no fence",
        "sync/store/database.py",
        "            if self._fence is not None:",
        "            if False:",
        "delivery/test_delivery_store.py",
    ),
    Fault(
        "approval let one more go",
        "sync/brake.py",
        "moves <= approved",
        "moves <= approved + 1",
        "delivery/test_delivery_brake.py",
    ),
    Fault(
        "throttling spends the budget",
        "sync/wire.py",
        "            except Throttled as throttled:",
        "            except ZeroDivisionError as throttled:",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "doubles in one request",
        "sync/batches.py",
        "if any(owner.get(address, mine) != mine for address in addresses):",
        "if False:",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "0 read as nothing",
        "sync/projection.py",
        'f"CASE WHEN isfinite({column}) THEN',
        'f"CASE WHEN isfinite({column}) AND {column} <> 0 THEN',
        "delivery/test_delivery_values.py",
    ),
    Fault(
        "lost job stays in flight",
        "sync/lane.py",
        '        self.book.lost(job.ticket)\n        reach("deliver.lost")',
        '        reach("deliver.lost")',
        "delivery/test_delivery_jobs.py",
    ),
    Fault(
        "first load makes noise",
        "sync/outbox.py",
        '            if row["customer_id"] in known:',
        "            if True:",
        "delivery/test_delivery_protocol.py",
    ),
    Fault(
        "cursor not with its part",
        "sync/store/parts.py",
        "            if cursor is not None:",
        "            if False:",
        "delivery/test_delivery_store.py",
    ),
    Fault(
        "first page of the errors only",
        "connectors/destinations/klaviyo.py",
        "            if link is None:\n",
        "            if True:\n",
        "connectors/test_klaviyo_adapter.py",
    ),
    Fault(
        "an error by index falls on the next record",
        "connectors/destinations/braze_answers.py",
        'rejected[sent.changes[cast("int", index)].id] = words',
        'rejected[sent.changes[cast("int", index) - 1].id] = words',
        "connectors/test_braze_adapter.py",
    ),
    Fault(
        "failures in a 200 not read",
        "connectors/destinations/iterable_answers.py",
        "        if reason is not None:\n            rejected[change.id] = reason\n",
        "",
        "connectors/test_iterable_adapter.py",
    ),
    Fault(
        "a cancelled job counts as done",
        "connectors/destinations/klaviyo.py",
        '        if status == "cancelled":\n            raise TicketLost(f"Klaviyo cancelled import job {ticket}")\n        if status != "complete":',
        '        if status not in {"complete", "cancelled"}:',
        "connectors/test_klaviyo_adapter.py",
    ),
    Fault(
        "the second half of a refused request is lost",
        "connectors/exchange.py",
        "return [Batch(part.changes[:middle]), Batch(part.changes[middle:])]",
        "return [Batch(part.changes[:middle])]",
        "connectors/test_exchange.py",
    ),
    Fault(
        "an outcome that is missing goes unnoticed",
        "connectors/exchange.py",
        "    if missing or invented:",
        "    if invented:",
        "connectors/test_exchange.py",
    ),
    Fault(
        "a wait told as a date is not kept",
        "connectors/http.py",
        "    if now is None:\n        return None\n    try:\n",
        "    if True:\n        return None\n    try:\n",
        "connectors/test_connector_http.py",
    ),
    Fault(
        "a property without a value is not cleared",
        "connectors/destinations/klaviyo.py",
        "        if unset:\n",
        "        if False:\n",
        "connectors/test_klaviyo_adapter.py",
    ),
    Fault(
        "who was merged keeps what was sent",
        "sync/difference.py",
        '            self._over = "ended"\n',
        "",
        "delivery/test_delivery_vanished.py",
    ),
]
