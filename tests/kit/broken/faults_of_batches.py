"""Faults of batches, receipts and instances."""

from typing import Any, ClassVar

from good import Good

from connectors.base import delivers
from connectors.errors import Refused, TicketLost, Unavailable
from connectors.http import encode
from connectors.types import Batch, Identify, Receipt, Rejected, Track


class WeighsNothing(Good):
    breaks = "test_no_request_is_larger_than_declared"

    def wire(self, _change):
        return {}


class GivesUpOnLargeOnes(Good):
    breaks = "test_a_change_too_large_for_any_request_harms_nobody"

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        if any(len(encode(self.event(change))) > 200_000 for change in batch):
            raise Unavailable("too large")
        return await super().track(batch)


class OnlyTheBad(Good):
    breaks = "test_a_receipt_accounts_for_each_change"

    def told(self, _batch, failed, _stored):
        return Receipt({one["id"]: Rejected("bad") for one in failed})


class SendsLeftovers(Good):
    breaks = "test_a_batch_leaves_nothing_for_the_next"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left: tuple[Any, ...] = ()

    @delivers(Track, size=10, bytes=200_000)
    async def track(self, batch):
        together = Batch((*self.left, *batch))
        told = await super().track(together)
        self.left = tuple(c for c in together if hasattr(told.outcomes[c.id], "reason"))
        return told


class LastKeyWins(Good):
    breaks = "test_two_instances_do_not_mix"
    keys: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys["last"] = self.options.api_key.get_secret_value()

    def authorize(self, request):
        request.headers["X-Key"] = self.keys["last"]
        return request


class OneByOne(Good):
    breaks = "test_bad_changes_cost_few_requests"

    async def move(self, verb, batch):
        try:
            return await super().move(verb, batch)
        except Refused as refusal:
            if len(batch) == 1:
                return batch.delivered({batch.changes[0].id: str(refusal)})
        outcomes: dict[str, Any] = {}
        for change in batch:
            outcomes |= (await self.move(verb, Batch((change,)))).outcomes
        return Receipt(outcomes)


class UnsureOfAll(Good):
    breaks = "test_all_may_be_bad"

    def told(self, batch, failed, stored):
        if len(failed) == len(batch):
            return batch.delivered(unsure={change.id: "all failed" for change in batch})
        return super().told(batch, failed, stored)


class PollsByWriting(Good):
    breaks = "test_asking_for_a_job_only_reads"

    async def settle(self, ticket, batch):
        receipt = await super().settle(ticket, batch)
        await self.call("POST", "/imports", json={"people": []})
        return receipt


class NewJobForEachPoll(Good):
    breaks = "test_an_unfinished_job_is_pending_again"

    async def settle(self, ticket, batch):
        receipt = await super().settle(ticket, batch)
        return receipt if receipt.ticket is None else batch.delivered()


class NotInCapitals(Good):
    breaks = "test_a_rejection_finds_an_address_in_capitals"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        receipt = await super().identify(batch)
        told = await self.settle(receipt.ticket, batch)
        loud = {c.id for c in batch if c.person.email and c.person.email != c.person.email.lower()}
        unsure = dict.fromkeys(loud, "who is it?")
        bad = {i: o.reason for i, o in told.outcomes.items() if hasattr(o, "reason")}
        return batch.delivered({i: r for i, r in bad.items() if i not in loud}, unsure)


class IndexZeroIsNone(Good):
    breaks = "test_the_first_may_be_bad"

    async def page(self, ticket, page):
        told = await super().page(ticket, page)
        return {**told, "errors": [one for one in told.get("errors", []) if one["index"]]}


class NeverForgives(Good):
    breaks = "test_a_rejected_change_is_delivered_once_it_is_good"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bad: dict[str, str] = {}

    def told(self, batch, failed, stored):
        receipt = super().told(batch, failed, stored)
        self.bad |= {i: o.reason for i, o in receipt.outcomes.items() if hasattr(o, "reason")}
        return batch.delivered({c.id: self.bad[c.id] for c in batch if c.id in self.bad})


class PatienceOfThree(Good):
    breaks = "test_a_job_that_finishes_late_settles"
    also = ("test_a_lost_job_is_made_good_by_sending_again",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.polls = 0
        self.sent: set[str] = set()

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        again = self.sent & {change.id for change in batch}
        self.sent |= {change.id for change in batch}
        return batch.delivered() if again else await super().identify(batch)

    async def settle(self, ticket, batch):
        self.polls += 1
        if self.polls > 3:
            raise Unavailable("it takes too long")
        return await super().settle(ticket, batch)


class NeverLost(Good):
    breaks = "test_a_job_that_is_gone_is_lost"

    async def settle(self, ticket, batch):
        try:
            return await super().settle(ticket, batch)
        except TicketLost:
            return batch.pending(ticket)


class OneJobAtATime(Good):
    breaks = "test_two_jobs_do_not_mix"

    @delivers(Identify, size=20, bytes=300_000)
    async def identify(self, batch):
        self.latest = await super().identify(batch)
        return self.latest

    async def settle(self, _ticket, batch):
        return await super().settle(self.latest.ticket, batch)
