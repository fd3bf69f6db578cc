"""Laws of audiences: in and out, and nobody else's."""

from __future__ import annotations

from connectors.testing.bench import Bench
from connectors.testing.changes import AUDIENCE, enter, leave, person
from connectors.testing.law import Can, Laws, law, require, same
from connectors.types import Enter


class AudienceLaws(Laws):
    """What ``Enter``, ``Exit`` and ``ensure`` do."""

    @law(Can.ENTER)
    async def test_who_enters_is_in(self, bench: Bench) -> None:
        """Who entered is found in the audience."""
        await bench.deliver(enter(1))
        require(bench.holds(AUDIENCE, person(1)), "who entered is not in")

    @law(Can.ENTER, Can.EXIT)
    async def test_who_exits_is_out(self, bench: Bench) -> None:
        """Who left is not found, and can come back."""
        for change in (enter(1), leave(1), enter(1)):
            await bench.deliver(change)
            inside = bench.holds(AUDIENCE, person(1))
            same(inside, isinstance(change, Enter), f"membership after {type(change).__name__}")

    @law(Can.EXIT)
    async def test_who_was_never_in_may_exit(self, bench: Bench) -> None:
        """To leave an audience of which one is no part is delivered: the wish is fulfilled."""
        await bench.deliver(leave(1))
        require(not bench.holds(AUDIENCE, person(1)), "who left is in")

    @law(Can.ENTER)
    async def test_to_enter_twice_is_to_enter_once(self, bench: Bench) -> None:
        """The second time changes nothing."""
        await bench.deliver(enter(1))
        before = bench.state([person(1)])
        await bench.deliver(enter(1))
        same(bench.state([person(1)]), before, "state")

    @law(Can.ENTER, Can.EXIT)
    async def test_to_exit_touches_nobody_else(self, bench: Bench) -> None:
        """The others stay."""
        await bench.deliver(enter(1))
        await bench.deliver(enter(2))
        await bench.deliver(leave(1))
        require(bench.holds(AUDIENCE, person(2)), "somebody else was taken out")

    @law(Can.ENTER, Can.EXIT)
    async def test_audiences_do_not_mix(self, bench: Bench) -> None:
        """To leave one audience leaves the other, also when both were named in one batch."""
        await bench.send([enter(1, "lost"), enter(2, "champions")])
        same(bench.holds("lost", person(2)), False, "person 2 in lost")
        same(bench.holds("champions", person(2)), True, "person 2 in champions")
        await bench.deliver(leave(2, "lost"))
        require(bench.holds("champions", person(2)), "champions lost somebody to another exit")

    @law(Can.ENSURE)
    async def test_an_audience_is_found_again(self, bench: Bench) -> None:
        """To ensure an audience twice, also after a restart, makes one: a lost id is no harm."""
        first = await bench.it.ensure(AUDIENCE)
        same((await bench.it.ensure(AUDIENCE)).id, first.id, "id the second time")
        same(await bench.it.find(AUDIENCE), first, "what is found by its name")
        same((await bench.connect().ensure(AUDIENCE)).id, first.id, "id after a restart")

    @law(Can.ENSURE)
    async def test_an_audience_is_found_among_many(self, bench: Bench) -> None:
        """Of many audiences each is found by its name, however the vendor tells them by pages."""
        names = [f"segment {number}" for number in range(30)]
        made = [(await bench.it.ensure(name)).id for name in names]
        same(len(set(made)), len(names), "different ids")
        again = [(await bench.connect().ensure(name)).id for name in names]
        same(again, made, "ids the second time")

    @law(Can.ENSURE)
    async def test_a_name_is_kept_to_the_letter(self, bench: Bench) -> None:
        """Names that differ in a letter, a sign or its case are different audiences."""
        names = ("Can't Lose Them", 'Can"t Lose Them', "can't lose them", "Can't Lose Them, too")
        made = {name: await bench.it.ensure(name) for name in names}
        same(len({one.id for one in made.values()}), len(names), "different ids")
        for name, one in made.items():
            same(one.name, name, "name")

    @law(Can.ENSURE, Can.ENTER)
    async def test_to_ensure_an_audience_moves_nobody(self, bench: Bench) -> None:
        """It makes nobody, puts nobody in and takes nobody out."""
        await bench.deliver(enter(1))
        before = bench.state([person(1), person(2)])
        await bench.it.ensure(AUDIENCE)
        await bench.it.ensure("another")
        same(bench.state([person(1), person(2)]), before, "state")

    @law(Can.ENSURE)
    async def test_to_look_for_an_audience_makes_none(self, bench: Bench) -> None:
        """``find`` changes nothing: twice nothing is found where nothing is."""
        for _ in range(2):
            same(await bench.it.find("nobody made this"), None, "what is found")
