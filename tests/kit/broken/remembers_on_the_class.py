"""Keeps what it has sent on the class, and passes over what any instance sent before."""

from good import Good

from connectors.types import Batch


class Broken(Good):
    breaks = "test_nothing_is_kept_on_the_class"

    seen = []  # noqa: RUF012 - that is the fault

    async def move(self, verb, batch):
        new = [c for c in batch if (verb, c.person.id, c.audience) not in self.seen]
        self.seen.extend((verb, c.person.id, c.audience) for c in new)
        if new:
            await super().move(verb, Batch(tuple(new)))
        return batch.delivered()
