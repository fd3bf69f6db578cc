"""Laws of the cursor: from that of any page a pull can be begun again, and nothing is lost."""

from __future__ import annotations

import json
from decimal import Decimal

from connectors.testing import wire
from connectors.testing.law import Can, law, require, same
from connectors.testing.source_bench import SourceBench
from connectors.testing.source_law import Has, SourceLaws
from connectors.testing.vendor import KEY

DAY = 86_400


class CursorLaws(SourceLaws):
    """Where a pull goes on."""

    @law()
    async def test_the_same_pull_twice_gives_the_same_rows(self, bench: SourceBench) -> None:
        """Pulled from the beginning twice, nothing differs: ids do not change, nor does order."""
        bench.sell_many()
        first, second = await bench.pull(), await bench.pull()
        same(second.rows, first.rows, "rows")
        same(list(second.rows), list(first.rows), "order of rows")

    @law()
    async def test_many_orders_are_several_pages(self, bench: SourceBench) -> None:
        """The shop of the suite has small pages; without it most laws of cursors say nothing."""
        bench.sell_many()
        pages = [rows for rows in (await bench.pull()).pages if rows]
        require(self.units or len(pages) > 2, f"25 orders are {len(pages)} page; make it smaller")

    @law()
    async def test_a_cursor_is_text_that_can_be_stored(self, bench: SourceBench) -> None:
        """A cursor is a text of which JSON and UTF-8 lose nothing, and holds no key or address."""
        bench.sell_many()
        for cursor in (await bench.pull()).cursors:
            require(type(cursor) is str and cursor, f"a cursor is {cursor!r}")
            same(json.loads(json.dumps(cursor)), cursor, "cursor through JSON")
            same(cursor.encode().decode(), cursor, "cursor through UTF-8")
            told = [word for word in (KEY, "canary") if word in cursor]
            require(not told, "a cursor holds the key or an address")

    @law()
    async def test_any_page_can_be_begun_from_again(self, bench: SourceBench) -> None:
        """A process that is killed after any page goes on from its cursor, and has all."""
        sold = bench.sell_many()
        bench.vendor.wait(DAY)
        whole = await bench.pull()
        same(set(whole.standing()), {*sold}, "orders of the whole")
        for number in range(1, len(whole.pages) + 1):
            held = await bench.pull(upto=number)
            found = await bench.pull(held)
            same(found.rows, whole.rows, f"rows after a kill at page {number}")

    @law(Has.PAGES)
    async def test_broken_off_at_each_page_it_comes_to_its_end(self, bench: SourceBench) -> None:
        """A pull that is stopped after each single page still gets through."""
        sold = bench.sell_many()
        bench.vendor.wait(DAY)
        held = await bench.page_by_page()
        same(set(held.standing()), {*sold}, "orders")

    @law()
    async def test_nothing_new_changes_nothing(self, bench: SourceBench) -> None:
        """A pull without anything new changes no row and loses its place to nobody."""
        bench.sell_many()
        held = await bench.pull()
        before = dict(held.rows)
        for _ in range(3):
            bench.vendor.wait(DAY)
            held = await bench.pull(held)
            same(held.rows, before, "rows")
        sold = bench.sell("77.00")
        same((await bench.pull(held)).amounts().get(sold), Decimal(77), "the new order's amount")

    @law(Has.PAGES)
    async def test_a_pull_of_nothing_new_is_short(self, bench: SourceBench) -> None:
        """From the last cursor not all is brought again."""
        bench.sell_many(apart=DAY)
        held = await bench.pull()
        bench.vendor.wait(DAY)
        again = held.copy()
        await bench.pull(again)
        rows = sum(map(len, again.pages))
        require(rows < 10, f"{rows} of 25 rows came again although nothing is new")

    @law(Can.HTTP)
    async def test_a_pull_goes_on_after_any_failure(self, bench: SourceBench) -> None:
        """Whichever request fails, what was brought before stays good and the rest comes."""
        sold = bench.sell_many()
        bench.vendor.wait(DAY)
        whole = await bench.pull()
        bench.wire.requests.clear()
        await bench.pull()
        for number in range(len(bench.wire.requests)):
            bench.wire.suffer(wire.once_after(number, wire.answer(503, text="oh")))
            held = await bench.pull_through()
            bench.wire.recover()
            same(held.rows, whole.rows, f"rows when request {number + 1} failed")
        same(set(whole.standing()), {*sold}, "orders")

    @law(Can.HTTP)
    async def test_a_pull_gets_through_a_shop_that_often_fails(self, bench: SourceBench) -> None:
        """A shop that answers two requests and fails at the third is pulled to its end."""
        sold = bench.sell_many()
        bench.vendor.wait(DAY)
        bench.wire.suffer(wire.every(3, wire.answer(503, text="oh")))
        held = await bench.pull_through()
        same(set(held.standing()), {*sold}, "orders")

    @law()
    async def test_two_pulls_at_once_do_not_mix(self, bench: SourceBench) -> None:
        """Two pulls of one instance, one of them broken off, do not disturb each other."""
        bench.sell_many()
        source = bench.connect()
        first = await bench.pull(by=source)
        async for _ in source.orders(None):
            break
        same((await bench.pull(by=source)).rows, first.rows, "rows")
