"""Laws of what an order becomes: all of them, exactly as the shop has them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from connectors.testing.law import law, require, same
from connectors.testing.source_bench import SourceBench, address, missing
from connectors.testing.source_law import Has, SourceLaws, source_abilities
from connectors.types import ORDERS, Kind

AMOUNTS = ("0.01", "0.10", "19.99", "100000.07", "1234567.89")


class RowLaws(SourceLaws):
    """What one order becomes."""

    @law()
    async def test_every_order_of_the_shop_is_brought(self, bench: SourceBench) -> None:
        """A pull from the beginning brings each order that there is, to the last page."""
        sold = bench.sell_many()
        held = await bench.pull()
        require(not (lost := missing(list(held.rows), sold)), f"not brought: {lost}")
        same(len(held.standing()), len(sold), "rows that count")

    @law(Has.EMPTY)
    async def test_an_empty_shop_brings_nothing(self, bench: SourceBench) -> None:
        """Where there is no order, a pull ends without a row and without an error."""
        held = await bench.pull()
        same(held.rows, {}, "rows of an empty shop")

    @law(Has.EMPTY)
    async def test_the_first_order_of_a_shop_is_found(self, bench: SourceBench) -> None:
        """What the pull of an empty shop left behind does not hide the first order."""
        held = await bench.pull()
        bench.vendor.wait(3_600)
        sold = bench.sell()
        same(set((await bench.pull(held)).standing()), {sold}, "orders")

    @law()
    async def test_every_page_has_the_columns_of_orders(self, bench: SourceBench) -> None:
        """Names and types are those of ``ORDERS``, and what must not be null is not."""
        bench.sell_many()
        held = await bench.pull()
        for schema in held.schemas:
            require(schema.equals(ORDERS), f"the columns of a page are {schema}")
        for name in ("order_id", "ordered_at", "amount", "currency", "kind"):
            empty = [k for k, row in held.rows.items() if row[name] is None]
            require(not empty, f"{name} is null in {empty[:3]}")

    @law()
    async def test_amounts_are_exact(self, bench: SourceBench) -> None:
        """Money arrives to the last digit, whatever its size."""
        sold = {bench.sell(amount): Decimal(amount) for amount in AMOUNTS}
        same((await bench.pull()).amounts(), sold, "amounts")

    @law()
    async def test_an_order_of_nothing_is_an_order(self, bench: SourceBench) -> None:
        """An order of zero is an order and no gap."""
        sold = bench.sell("0.00")
        row = (await bench.pull()).rows.get(sold)
        require(row is not None, "an order of zero was dropped")
        found = row and (row["kind"], row["amount"])
        same(found, (Kind.ORDER.value, Decimal(0)), "kind and amount")

    @law()
    async def test_moments_are_exact_and_in_utc(self, bench: SourceBench) -> None:
        """An order bears the second at which it was placed, in winter and in summer."""
        sold = {}
        for _ in range(3):
            sold[bench.sell()] = bench.vendor.now()
            bench.vendor.wait(100 * 86_400 + 7)
        held = await bench.pull()
        for order_id, moment in sold.items():
            found = held.rows[order_id]["ordered_at"]
            same(found.utcoffset(), timedelta(0), f"time zone of {order_id}")
            off = abs((found - moment).total_seconds())
            require(off < 1, f"{order_id} is {off} seconds off: {found}, placed at {moment}")

    @law()
    async def test_the_currency_is_that_of_the_order(self, bench: SourceBench) -> None:
        """Each order bears its own currency."""
        sold = {bench.sell(currency=code): code for code in self.currencies}
        held = await bench.pull()
        same({k: held.rows[k]["currency"] for k in sold}, sold, "currencies")

    @law()
    async def test_a_customer_is_told_by_id(self, bench: SourceBench) -> None:
        """Two orders of one customer bear one id, those of two customers two."""
        sold = {bench.sell(customer=n, email=address(n)): n for n in (7, 7, 8)}
        held = await bench.pull()
        found = {k: held.rows[k]["customer_id"] for k in sold}
        same(found, {k: self.customer_id(n) for k, n in sold.items()}, "customers")

    @law(Has.GUESTS)
    async def test_a_guest_is_told_by_address(self, bench: SourceBench) -> None:
        """Who buys without an account has no id, and the address that he gave."""
        sold = bench.sell(customer=None, email=address(3))
        row = (await bench.pull()).rows[sold]
        same((row["customer_id"], row["email"]), (None, address(3)), "the guest")

    @law(Has.GUESTS)
    async def test_two_guests_are_two(self, bench: SourceBench) -> None:
        """No guest takes the address of another."""
        sold = {bench.sell(customer=None, email=address(n)): address(n) for n in (3, 4)}
        held = await bench.pull()
        same({k: held.rows[k]["email"] for k in sold}, sold, "addresses")

    @law()
    async def test_no_id_stands_twice_in_a_page(self, bench: SourceBench) -> None:
        """An id stands once in a page, as the engine takes one version of it."""
        for order_id in bench.sell_many():
            if Has.REFUNDS in source_abilities(type(self)):
                bench.vendor.refund(order_id, Decimal("0.50"))
        for rows in (await bench.pull()).pages:
            ids = [row["order_id"] for row in rows]
            same(len(set(ids)), len(ids), "different ids in a page")

    @law(Has.SPOILS)
    async def test_what_cannot_be_used_is_counted(self, bench: SourceBench) -> None:
        """A row that cannot be used is told as a fault, and takes no other with it."""
        sold = bench.sell_many()
        bench.vendor.spoil(sold[3])
        held = await bench.pull()
        same(set(held.standing()), {*sold} - {sold[3]}, "orders")
        require(held.faults, "a row that could not be used was dropped in silence")

    @law()
    async def test_orders_of_one_moment_are_all_brought(self, bench: SourceBench) -> None:
        """More orders of the same moment than a page holds are all brought."""
        before = bench.sell_many(3, apart=86_400)
        sold = bench.sell_many(apart=0)
        bench.vendor.wait(86_400)
        after = bench.sell_many(3, apart=86_400)
        held = await bench.pull()
        lost = missing(list(held.standing()), before + sold + after)
        require(not lost, f"not brought: {lost}")
