"""Laws of what happens to an order later: changed, refunded, cancelled, gone."""

from __future__ import annotations

from decimal import Decimal

from connectors.testing.law import law, require, same
from connectors.testing.source_bench import Held, SourceBench, address
from connectors.testing.source_law import Has, SourceLaws
from connectors.types import Kind

DAY = 86_400


class LaterLaws(SourceLaws):
    """What becomes of an order after it was brought."""

    @law()
    async def test_a_new_order_is_found_from_the_last_cursor(self, bench: SourceBench) -> None:
        """What was sold since the last pull comes with the next one."""
        bench.sell_many()
        held = await bench.pull()
        bench.vendor.wait(DAY)
        sold = bench.sell("77.00")
        later = await bench.pull(held)
        same(later.amounts().get(sold), Decimal(77), "the new order's amount")
        same(len(later.standing()), 26, "rows that count")

    @law(Has.CHANGES)
    async def test_an_order_that_changed_comes_again(self, bench: SourceBench) -> None:
        """An order that is worth something else since the last pull replaces what it was."""
        sold = bench.sell_many()
        held = await bench.pull()
        bench.vendor.wait(DAY)
        for order_id in (sold[0], sold[-1]):
            bench.vendor.change(order_id, Decimal("99.99"))
        found = (await bench.pull(held)).amounts()
        same((found[sold[0]], found[sold[-1]]), (Decimal("99.99"),) * 2, "amounts")
        same(len(found), len(sold), "rows that count")

    @law(Has.REFUNDS)
    async def test_a_refund_is_a_negative_row_of_its_own(self, bench: SourceBench) -> None:
        """Money that went back is a row with an id, an amount and a moment of its own."""
        sold = bench.sell("20.00", customer=7, email=address(7))
        bench.vendor.wait(3 * DAY)
        at = bench.vendor.now()
        bench.vendor.refund(sold, Decimal("5.01"))
        bench.vendor.wait(DAY)
        held = await bench.pull()
        (row,) = held.of(Kind.REFUND).values() or ({},)
        require(row, "there is no refund")
        require(row["order_id"] != sold, "the refund bears the id of its order")
        same(row["amount"], Decimal("-5.01"), "amount of the refund")
        off = abs((row["ordered_at"] - at).total_seconds())
        require(off < 1, f"the refund is {off} seconds off: {row['ordered_at']}, made at {at}")

    @law(Has.REFUNDS)
    async def test_a_refund_is_its_customers(self, bench: SourceBench) -> None:
        """A refund bears customer, address and currency of its order."""
        sold = bench.sell("20.00", customer=7, email=address(7), currency=self.currencies[-1])
        bench.vendor.refund(sold, Decimal(5))
        held = await bench.pull()
        for row in held.of(Kind.REFUND).values():
            for name in ("customer_id", "email", "currency"):
                same(row[name], held.rows[sold][name], f"{name} of the refund")

    @law(Has.REFUNDS)
    async def test_a_refund_is_taken_off_once(self, bench: SourceBench) -> None:
        """Orders and refunds add up to what the shop kept, to the cent."""
        for order_id in bench.sell_many():
            bench.vendor.refund(order_id, Decimal("0.99"))
        held = await bench.pull()
        kept = sum((Decimal(n) for n in range(1, 26)), Decimal(0)) - 25 * Decimal("0.99")
        same(sum(held.amounts().values(), Decimal(0)), kept, "the sum of all rows")
        same(sum(row["amount"] < 0 for row in held.of(Kind.ORDER).values()), 0, "negative orders")

    @law(Has.REFUNDS)
    async def test_two_refunds_of_an_order_are_two(self, bench: SourceBench) -> None:
        """The second refund of an order does not replace the first."""
        sold = bench.sell("20.00")
        for amount in ("5.00", "7.00"):
            bench.vendor.wait(DAY)
            bench.vendor.refund(sold, Decimal(amount))
        held = await bench.pull()
        found = sorted(row["amount"] for row in held.of(Kind.REFUND).values())
        same(found, [Decimal(-7), Decimal(-5)], "refunds")

    @law(Has.REFUNDS)
    async def test_a_refund_long_after_the_order_is_brought(self, bench: SourceBench) -> None:
        """A refund of an order that was pulled long ago comes with the next pull."""
        sold = bench.sell_many()
        held = await bench.pull()
        bench.vendor.wait(200 * DAY)
        bench.vendor.refund(sold[4], Decimal("2.50"))
        later = await bench.pull(held)
        found = [row["amount"] for row in later.of(Kind.REFUND).values()]
        same(found, [Decimal("-2.50")], "refunds")

    @law(Has.REFUNDS)
    async def test_a_whole_refund_leaves_the_order(self, bench: SourceBench) -> None:
        """An order that was refunded whole is still an order, and adds up to nothing."""
        sold = bench.sell("20.00")
        bench.vendor.wait(DAY)
        bench.vendor.refund(sold, Decimal(20))
        held = await bench.pull()
        require(sold in held.of(Kind.ORDER), f"the order is {held.rows.get(sold)}")
        same(sum(held.amounts().values()), Decimal(0), "the sum of all rows")

    @law(Has.CANCELS)
    async def test_a_cancelled_order_is_taken_away(self, bench: SourceBench) -> None:
        """An order that was brought and is cancelled then does not count any more."""
        sold = bench.sell_many()
        held = await bench.pull()
        bench.vendor.wait(DAY)
        bench.vendor.cancel(sold[3])
        later = await bench.pull(held)
        require(sold[3] not in later.standing(), "the cancelled order still counts")
        same(len(later.standing()), len(sold) - 1, "rows that count")

    @law(Has.CANCELS)
    async def test_a_cancelled_order_counts_in_no_first_pull(self, bench: SourceBench) -> None:
        """An order that was cancelled before the first pull never counts."""
        sold = bench.sell_many(3)
        bench.vendor.cancel(sold[1])
        same(set((await bench.pull()).standing()), {sold[0], sold[2]}, "orders")

    @law(Has.CANCELS, Has.REFUNDS)
    async def test_no_refund_stands_without_its_order(self, bench: SourceBench) -> None:
        """An order that is cancelled after a refund leaves no negative rest behind."""
        sold = bench.sell("20.00")
        bench.vendor.refund(sold, Decimal(5))
        held = await bench.pull()
        bench.vendor.wait(DAY)
        bench.vendor.cancel(sold)
        for found in (await bench.pull(held), await bench.pull(Held())):
            same(sum(found.amounts().values()), 0, "the sum of all rows")

    @law(Has.DELETES)
    async def test_a_full_pull_lacks_what_is_gone(self, bench: SourceBench) -> None:
        """Pulled from the beginning anew, an order that vanished does not count."""
        sold = bench.sell_many()
        await bench.pull()
        bench.vendor.wait(DAY)
        bench.vendor.delete(sold[7])
        whole = await bench.pull()
        same(set(whole.standing()), {*sold} - {sold[7]}, "orders")
