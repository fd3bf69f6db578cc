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
        "        await self._commits.write(lambda: self.book.unsure(batch))\n",
        "        self.book.unsure(batch)\n        from connectors.types import Delivered as D\n        self.book.answered({c.id: D() for c in batch})\n",
        "delivery/test_delivery_protocol.py::test_only_who_moved_is_sent_and_his_event_follows_his_profile",
    ),
    Fault(
        "not marked before the wire",
        "sync/lane.py",
        "        await self._commits.write(lambda: self.book.unsure(batch))\n",
        "        pass\n",
        "delivery/test_delivery_protocol.py::test_a_first_load_sets_every_property_and_sends_no_event",
    ),
    Fault(
        "202 counted as delivered",
        "sync/lane.py",
        '        await self._commits.write(lambda: self.book.ticketed(ids, ticket))\n        reach("deliver.ticketed")\n        self._submit(Job(ticket, ids, self._later(0), part))\n',
        "        from connectors.types import Delivered as D\n        self.book.answered({c.id: D() for c in part})\n",
        "delivery/test_delivery_jobs.py::test_accepted_is_not_delivered_until_the_job_says_so",
    ),
    Fault(
        "known although something else may have arrived",
        "sync/books.py",
        "before.mark is Mark.ACKED",
        "before.mark is not Mark.REFUSED",
        "delivery/test_delivery_protocol.py::test_nothing_is_known_of_whom_something_else_may_have_reached",
    ),
    Fault(
        "refused sent again for ever",
        "sync/scan.py",
        "ledger.c.mark.in_([Mark.ACKED.value, Mark.REFUSED.value])",
        "ledger.c.mark.in_([Mark.ACKED.value])",
        "delivery/test_delivery_protocol.py::test_who_is_refused_is_named_and_not_sent_again_until_he_changes",
    ),
    Fault(
        "event repeated where repeats count",
        "sync/lane.py",
        "repeatable=self.delivery.idempotent",
        "repeatable=True",
        "delivery/test_delivery_events.py::test_where_repeats_count_a_lost_answer_is_left_to_a_person",
    ),
    Fault(
        "left on the wire sent again where repeats count",
        "sync/books.py",
        "adrift = [] if self.repeatable else self.outbox.adrift()",
        "adrift = []",
        "delivery/test_delivery_events.py::test_what_a_killed_process_left_on_the_wire_is_unknown_where_repeats_count",
    ),
    Fault(
        "event before its profile",
        "sync/way.py",
        "await self._profiles(due, held) + await self._events(due, held)",
        "await self._events(due, held) + await self._profiles(due, held)",
        "delivery/test_delivery_protocol.py::test_only_who_moved_is_sent_and_his_event_follows_his_profile",
    ),
    Fault(
        "event although its profile is unsure",
        "sync/way.py",
        "                event for event in page if event.change.id in (again if event.again else free_now)\n",
        "                event for event in page if event.change.id in free_now\n",
        "delivery/test_delivery_events.py::test_an_event_on_the_wire_waits_as_well_while_its_profile_is_unsure",
    ),
    Fault(
        "events of held moves go",
        "sync/plan.py",
        "if held is None or difference is None or not waiting:",
        "if True:",
        "delivery/test_delivery_brake.py::test_moves_are_held_and_entries_go_on",
    ),
    Fault(
        "outcomes shifted by one",
        "sync/ledger.py",
        "acked = [key for key, outcome in outcomes.items() if isinstance(outcome, Delivered)]",
        "acked = [k for k, o in zip(list(outcomes), [*list(outcomes.values())[1:], list(outcomes.values())[0]]) if isinstance(o, Delivered)]",
        "delivery/test_delivery_protocol.py::test_who_is_refused_is_named_and_not_sent_again_until_he_changes",
    ),
    Fault(
        "one request too many in a window",
        "sync/transport.py",
        "deque(maxlen=rate.calls)",
        "deque(maxlen=rate.calls + 1)",
        "delivery/test_delivery_transport.py::test_no_window_ever_holds_more_than_the_limit",
    ),
    Fault(
        "the limit plus one",
        "sync/transport.py",
        "if len(self.begun) < self.rate.calls:",
        "if len(self.begun) <= self.rate.calls:",
        "delivery/test_delivery_transport.py::test_no_window_ever_holds_more_than_the_limit",
    ),
    Fault(
        "no fence",
        "sync/store/database.py",
        "            if self._fence is not None:",
        "            if False:",
        "delivery/test_delivery_store.py::test_a_holder_that_was_paused_past_its_lease_writes_nothing",
    ),
    Fault(
        "approval let one more go",
        "sync/brake.py",
        "moves <= approved",
        "moves <= approved + 1",
        "delivery/test_delivery_brake.py::test_an_approval_lets_just_so_many_go",
    ),
    Fault(
        "throttling spends the budget",
        "sync/wire.py",
        "            except Throttled as error:",
        "            except ZeroDivisionError as error:",
        "delivery/test_delivery_protocol.py::test_being_throttled_costs_no_attempt",
    ),
    Fault(
        "doubles in one request",
        "sync/batches.py",
        "if any(owner.get(address, mine) != mine for address in addresses):",
        "if False:",
        "delivery/test_delivery_protocol.py::test_two_people_with_one_address_never_share_a_request",
    ),
    Fault(
        "0 read as nothing",
        "sync/projection.py",
        'f"CASE WHEN isfinite({column}) THEN',
        'f"CASE WHEN isfinite({column}) AND {column} <> 0 THEN',
        "delivery/test_delivery_values.py::test_the_database_writes_what_python_would",
    ),
    Fault(
        "lost job stays in flight",
        "sync/lane.py",
        '        self.book.lost(job.ticket)\n        reach("deliver.lost")',
        '        reach("deliver.lost")',
        "delivery/test_delivery_jobs.py::test_a_job_lost_between_runs_is_planned_anew_with_what_is_wanted_by_then",
    ),
    Fault(
        "first load makes noise",
        "sync/outbox.py",
        '            if row["customer_id"] in known:',
        "            if True:",
        "delivery/test_delivery_protocol.py::test_an_unsure_change_is_sent_again_with_what_is_wanted_by_then",
    ),
    Fault(
        "cursor not with its part",
        "sync/store/parts.py",
        "            if cursor is not None:",
        "            if False:",
        "delivery/test_delivery_store.py::test_a_part_and_its_cursor_are_one_fact",
    ),
    Fault(
        "first page of the errors only",
        "connectors/destinations/klaviyo.py",
        "            if link is None:\n",
        "            if True:\n",
        "connectors/test_klaviyo_adapter.py::test_import_errors_are_read_to_the_last_page",
    ),
    Fault(
        "an error by index falls on the next record",
        "connectors/destinations/braze_answers.py",
        'rejected[sent.changes[cast("int", index)].id] = words',
        'rejected[sent.changes[cast("int", index) - 1].id] = words',
        "connectors/test_braze_adapter.py::test_errors_by_index_are_given_to_the_changes_that_were_sent",
    ),
    Fault(
        "failures in a 200 not read",
        "connectors/destinations/iterable_answers.py",
        "        elif reason is not None:\n            rejected[change.id] = reason\n",
        "",
        "connectors/test_iterable_adapter.py::test_failures_are_read_by_address_whatever_its_case",
    ),
    Fault(
        "a cancelled job counts as done",
        "connectors/destinations/klaviyo.py",
        '        if status == "cancelled":\n            raise TicketLost(f"Klaviyo cancelled import job {ticket}")\n        if status != "complete":',
        '        if status not in {"complete", "cancelled"}:',
        "connectors/test_klaviyo_adapter.py::test_a_job_that_is_gone_or_cancelled_is_a_lost_ticket",
    ),
    Fault(
        "the second half of a refused request is lost",
        "connectors/exchange.py",
        "return [Batch(part.changes[:middle]), Batch(part.changes[middle:])]",
        "return [Batch(part.changes[:middle])]",
        "connectors/test_exchange.py::test_each_change_has_one_fate_and_only_the_bad_are_refused",
    ),
    Fault(
        "an outcome that is missing goes unnoticed",
        "connectors/exchange.py",
        "    if missing or invented:",
        "    if invented:",
        "connectors/test_exchange.py::test_a_receipt_that_misses_or_invents_is_a_broken_connector",
    ),
    Fault(
        "a wait told as a date is not kept",
        "connectors/http.py",
        "    if now is None:\n        return None\n    try:\n",
        "    if True:\n        return None\n    try:\n",
        "connectors/test_connector_http.py::test_retry_after_in_each_of_its_dresses",
    ),
    Fault(
        "a property without a value is not cleared",
        "connectors/destinations/klaviyo.py",
        "        if unset:\n",
        "        if False:\n",
        "connectors/test_klaviyo_adapter.py::test_an_import_is_what_the_official_models_accept",
    ),
    Fault(
        "who was merged keeps what was sent",
        "sync/plan.py",
        "        if self.retired is not None:\n",
        "        if False:\n",
        "delivery/test_delivery_vanished.py::test_what_was_sent_of_somebody_merged_is_cleared_once",
    ),
    Fault(
        "who was merged is made where nobody knew of him",
        "sync/difference.py",
        '            self._over = "ended"\n',
        "",
        "delivery/test_delivery_vanished.py::test_somebody_merged_whom_the_vendor_never_had_is_not_made_there",
    ),
]
