"""Faults in finding and making audiences."""

from good import Good

from connectors.types import Audience, Enter, Person
from connectors.types import Batch as Some


class MakesAnother(Good):
    """Never looks whether there is one."""

    breaks = "test_an_audience_is_found_again"
    also = ("test_an_audience_is_found_among_many",)

    async def ensure(self, name):
        return await self.make(name)


class ReadsOnePage(Good):
    """Looks at the first page only."""

    breaks = "test_an_audience_is_found_among_many"

    def following(self, told):
        return None if "audiences" in told else super().following(told)


class LooksByMaking(Good):
    """Makes what it does not find."""

    breaks = "test_to_look_for_an_audience_makes_none"

    async def find(self, name):
        return await super().find(name) or await self.make(name)


class FoldsNames(Good):
    """Takes names for equal that are not."""

    breaks = "test_a_name_is_kept_to_the_letter"

    async def ensure(self, name):
        found = await Good.ensure(self, name.casefold())
        return Audience(found.id, name)


class PutsSomebodyIn(Good):
    """Fills the first audience whenever it makes a further one."""

    breaks = "test_to_ensure_an_audience_moves_nobody"

    async def make(self, name):
        made = await super().make(name)
        if made.id > "A2":
            await self.enter(Some((Enter("first", Person("customer-00002"), "A0"),)))
        return made
