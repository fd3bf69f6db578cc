"""Laws of a shop that goes on selling while it is pulled."""

from __future__ import annotations

from decimal import Decimal

from connectors.testing.law import law, require, same
from connectors.testing.source_bench import MANY, SourceBench, missing
from connectors.testing.source_law import Has, SourceLaws

DAY = 86_400


class MovingLaws(SourceLaws):
    """What happens between two pages of a pull."""

    @law(Has.PAGES)
    async def test_orders_placed_while_pages_are_read_are_not_lost(
        self, bench: SourceBench
    ) -> None:
        """What is sold between two pages is found by this pull or by the next one."""
        sold = bench.sell_many()

        def sell(page: int) -> None:
            if page <= 5:
                bench.vendor.wait(1)
                sold.append(bench.sell())

        held = await bench.pull(between=sell)
        bench.vendor.wait(DAY)
        held = await bench.pull(held)
        require(not (lost := missing(list(held.standing()), sold)), f"lost: {lost}")

    @law(Has.PAGES, Has.CHANGES)
    async def test_orders_that_change_while_pages_are_read_are_not_lost(
        self, bench: SourceBench
    ) -> None:
        """Orders that change between two pages move in the list; nobody behind them is missed."""
        await self._changed(bench, apart=1)

    @law(Has.PAGES, Has.CHANGES)
    async def test_orders_of_one_moment_that_change_are_not_lost(self, bench: SourceBench) -> None:
        """The same where all orders have been changed last in one moment, as by an import."""
        await self._changed(bench, apart=0)

    @law(Has.PAGES, Has.CHANGES)
    async def test_orders_that_change_at_one_moment_are_all_found(self, bench: SourceBench) -> None:
        """More orders than a page holds that change together are all brought as they are then."""
        sold = bench.sell_many()
        held = await bench.pull()
        bench.vendor.wait(DAY)
        for order_id in sold:
            bench.vendor.change(order_id, Decimal("5.55"))
        found = (await bench.pull(held)).amounts()
        same(found, dict.fromkeys(sold, Decimal("5.55")), "amounts")

    @law(Has.PAGES, Has.DELETES)
    async def test_orders_that_vanish_take_nobody_with_them(self, bench: SourceBench) -> None:
        """Orders that vanish between two pages do not hide those behind them."""
        sold = bench.sell_many()
        bench.vendor.wait(DAY)
        gone: list[str] = []

        def delete(page: int) -> None:
            if page <= 5:
                gone.append(sold[page - 1])
                bench.vendor.delete(sold[page - 1])

        held = await bench.pull(between=delete)
        kept = [order_id for order_id in sold if order_id not in gone]
        require(not (lost := missing(list(held.standing()), kept)), f"lost: {lost}")

    @law(Has.PAGES, Has.REFUNDS)
    async def test_a_refund_while_pages_are_read_is_not_lost(self, bench: SourceBench) -> None:
        """Money that goes back between two pages is found by this pull or by the next one."""
        sold = bench.sell_many()
        refunded: list[str] = []

        def refund(page: int) -> None:
            if page <= 5:
                bench.vendor.wait(1)
                bench.vendor.refund(sold[page - 1], Decimal("0.25"))
                refunded.append(sold[page - 1])

        held = await bench.pull(between=refund)
        bench.vendor.wait(DAY)
        held = await bench.pull(held)
        kept = Decimal(MANY * (MANY + 1) // 2) - Decimal("0.25") * len(refunded)
        same(sum(held.amounts().values(), Decimal(0)), kept, "the sum of all rows")

    async def _changed(self, bench: SourceBench, *, apart: float) -> None:
        sold = bench.sell_many(apart=apart)
        bench.vendor.wait(DAY)
        expected = {k: Decimal(n) for n, k in enumerate(sold, start=1)}

        def change(page: int) -> None:
            bench.vendor.wait(1)
            for order_id in sold[(page - 1) * 2 : page * 2]:
                expected[order_id] += 100
                bench.vendor.change(order_id, expected[order_id])

        held = await bench.pull(between=change)
        bench.vendor.wait(DAY)
        same((await bench.pull(held)).amounts(), expected, "amounts")
