"""Faults in what an order becomes."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
from good_source import Good

from connectors.errors import Misconfigured
from connectors.types import Coverage, Kind, Page


class OnlyTheFirstPage(Good):
    """Never asks whether there is more."""

    breaks = "test_every_order_of_the_shop_is_brought"
    also = ("test_many_orders_are_several_pages",)

    async def orders(self, since):
        async for page in super().orders(since):
            yield page
            return


class NoOrderIsAnError(Good):
    breaks = "test_an_empty_shop_brings_nothing"

    async def orders(self, since):
        empty = True
        async for page in super().orders(since):
            empty = False
            yield page
        if empty and since is None:
            raise Misconfigured("there is no order")


class FarAhead(Good):
    """The cursor of an empty shop lies where orders will be."""

    breaks = "test_the_first_order_of_a_shop_is_found"

    async def orders(self, since):
        empty = True
        async for page in super().orders(since):
            empty = False
            yield page
        if empty:
            yield Page.of([], "1000")


class Floats(Good):
    breaks = "test_every_page_has_the_columns_of_orders"

    def page(self, rows, cursor):
        page = super().page(rows, cursor)
        cast = page.rows.schema.set(5, pa.field("amount", pa.float64()))
        return replace(page, rows=page.rows.cast(cast))


class Rounded(Good):
    breaks = "test_amounts_are_exact"

    def amount(self, text):
        return Decimal(f"{float(super().amount(text)):.6g}")


class NoZeros(Good):
    breaks = "test_an_order_of_nothing_is_an_order"

    def order(self, row):
        return [one for one in super().order(row) if one.amount]


class LocalTime(Good):
    breaks = "test_moments_are_exact_and_in_utc"

    def moment(self, text):
        return datetime.fromisoformat(text) + timedelta(hours=1)


class OneCurrency(Good):
    breaks = "test_the_currency_is_that_of_the_order"

    def order(self, row):
        return [replace(one, currency="EUR") for one in super().order(row)]


class EveryOrderIsACustomer(Good):
    breaks = "test_a_customer_is_told_by_id"

    def order(self, row):
        return [replace(one, customer_id=one.order_id) for one in super().order(row)]


class NoGuests(Good):
    breaks = "test_a_guest_is_told_by_address"

    def order(self, row):
        return [replace(one, customer_id=one.customer_id or "0") for one in super().order(row)]


class AllGuestsAreOne(Good):
    breaks = "test_two_guests_are_two"

    def order(self, row):
        made = super().order(row)
        return made if row["customer"] else [replace(one, email="a@example.com") for one in made]


class EachTwice(Good):
    breaks = "test_no_id_stands_twice_in_a_page"

    def order(self, row):
        return super().order(row) * 2


class DroppedInSilence(Good):
    breaks = "test_what_cannot_be_used_is_counted"

    def faults(self, rows):  # noqa: ARG002
        return ()


class NamesTheCustomer(Good):
    breaks = "test_faults_name_no_address"

    def example(self, row):
        return f"{row['id']} of {row['email']}"


class BornOnce(Good):
    """Looks at orders that are new and at no other."""

    breaks = "test_an_order_that_changed_comes_again"
    also = ("test_orders_that_change_at_one_moment_are_all_found",)

    async def orders(self, since):
        async for page in super().orders(since):
            ids = page.rows.column("order_id").to_pylist()
            new = [int(one[1:]) >= int(since or 0) for one in ids]
            yield replace(page, rows=page.rows.filter(pa.array(new)))


class RefundIsTheOrder(Good):
    """A refund bears the id of its order, and takes its place."""

    breaks = "test_a_refund_is_a_negative_row_of_its_own"
    also = ("test_a_whole_refund_leaves_the_order",)

    def order(self, row):
        return [replace(one, order_id=row["of"] or one.order_id) for one in super().order(row)]


class NobodysRefunds(Good):
    breaks = "test_a_refund_is_its_customers"

    def order(self, row):
        made = super().order(row)
        return [replace(one, customer_id=None) if row["of"] else one for one in made]


class TakenOffTwice(Good):
    """The order is told less its refunds, and the refunds as well."""

    breaks = "test_a_refund_is_taken_off_once"

    async def listed(self, place):
        told = await super().listed(place)
        asked = {"after": "0", "limit": "1000"}
        whole = (await self.call("GET", "/orders", params=asked)).json()["rows"]
        back = {row["of"]: Decimal(row["amount"]) for row in whole if row["of"]}
        for row in told["rows"]:
            if row["id"] in back:
                row["amount"] = str(Decimal(row["amount"]) + back[row["id"]])
        return told


class OneRefundAnOrder(Good):
    breaks = "test_two_refunds_of_an_order_are_two"

    def order(self, row):
        made = super().order(row)
        return [replace(one, order_id=f"R-{row['of']}") if row["of"] else one for one in made]


class RefundsOfTheMonth(Good):
    """Thinks that nobody gives money back after 30 days."""

    breaks = "test_a_refund_long_after_the_order_is_brought"

    async def orders(self, since):
        async for page in super().orders(since):
            kinds = page.rows.column("kind").to_pylist()
            keep = [since is None or kind != Kind.REFUND.value for kind in kinds]
            yield replace(page, rows=page.rows.filter(pa.array(keep)))


class CancelledCounts(Good):
    breaks = "test_a_cancelled_order_is_taken_away"
    also = ("test_a_cancelled_order_counts_in_no_first_pull",)

    def kind(self, row):
        return Kind.REFUND if row["of"] else Kind.ORDER


class RefundsStay(Good):
    """Takes a cancelled order away and leaves its refunds."""

    breaks = "test_no_refund_stands_without_its_order"

    def kind(self, row):
        return Kind.REFUND if row["of"] else super().kind(row)


class Remembers(Good):
    """Keeps what it once saw, and tells it again."""

    breaks = "test_a_full_pull_lacks_what_is_gone"

    def __init__(self, options, *, transport):
        super().__init__(options, transport=transport)
        self.transport = transport

    async def orders(self, since):
        kept = self.transport.__dict__.setdefault("kept", [])
        for page in kept if since is None else ():
            yield page
        async for page in super().orders(since):
            kept.append(page)
            yield page


class HidesTheOld(Good):
    """Asks for the last year and says nothing of it."""

    breaks = "test_the_probe_is_honest"

    def page(self, rows, cursor):
        page = super().page(rows, cursor)
        return replace(page, rows=page.rows.filter(pa.array([r["id"] != "A0" for r in rows])))


class TellsNoWay(HidesTheOld):
    """Knows that it does not see all, and leaves it at that."""

    breaks = "test_the_probe_is_honest"

    async def probe(self):
        return Coverage(timedelta(days=365))
