"""Faults in where a pull goes on, and in a shop that goes on selling meanwhile."""

import itertools
from dataclasses import replace

from good_source import Good

from connectors.errors import ConnectorError
from connectors.http import read
from connectors.types import Page

COUNTER = itertools.count()


class Restless(Good):
    """Gives ids of its own, each time others."""

    breaks = "test_the_same_pull_twice_gives_the_same_rows"

    def order(self, row):
        return [
            replace(one, order_id=f"{one.order_id}-{next(COUNTER)}") for one in super().order(row)
        ]


class Numbers(Good):
    breaks = "test_a_cursor_is_text_that_can_be_stored"

    def cursor(self, place):
        return place


class KeyInTheCursor(Good):
    breaks = "test_a_cursor_is_text_that_can_be_stored"

    def cursor(self, place):
        return f"{place} {self.options.api_key.get_secret_value()}"

    def begin(self, since):
        return 0 if since is None else int(since.split()[0])


class Later(Good):
    """The cursor of a page is that of the page behind it."""

    breaks = "test_any_page_can_be_begun_from_again"
    also = ("test_broken_off_at_each_page_it_comes_to_its_end",)

    def cursor(self, place):
        return str(place + 4)


class CursorAtTheEndAlone(Good):
    """All pages bear the cursor from which the pull began, but for the last one."""

    breaks = "test_broken_off_at_each_page_it_comes_to_its_end"
    also = ("test_a_pull_gets_through_a_shop_that_often_fails",)

    async def orders(self, since):
        waiting = None
        async for page in super().orders(since):
            if waiting is not None:
                yield replace(waiting, cursor=since or "0")
            waiting = page
        if waiting is not None:
            yield waiting


class GivesUpItsPlace(Good):
    """Where nothing is new, it leaves a cursor of its own making."""

    breaks = "test_nothing_new_changes_nothing"

    async def orders(self, since):
        empty = True
        async for page in super().orders(since):
            empty = False
            yield page
        if empty and since is not None:
            yield Page.of([], str(int(since) + 5))


class AllOfItEachTime(Good):
    breaks = "test_a_pull_of_nothing_new_is_short"
    also = ("test_broken_off_at_each_page_it_comes_to_its_end",)

    def begin(self, since):  # noqa: ARG002
        return 0


class SwallowsErrors(Good):
    """Takes a failed page for the last one."""

    breaks = "test_a_pull_goes_on_after_any_failure"
    also = (
        "test_a_pull_gets_through_a_shop_that_often_fails",
        "test_401_is_unauthorized",
        "test_403_is_unauthorized",
        "test_a_servers_error_is_unavailable",
        "test_no_answer_is_unavailable",
        "test_a_wrong_address_is_misconfigured",
        "test_a_refused_request_is_an_error",
        "test_a_broken_answer_is_unavailable",
        "test_a_wrong_key_is_unauthorized",
        "test_a_missing_permission_is_unauthorized",
    )

    async def orders(self, since):
        try:
            async for page in super().orders(since):
                yield page
        except ConnectorError:
            return


class OnePlace(Good):
    """The instance remembers how far it has come, whoever asks."""

    breaks = "test_two_pulls_at_once_do_not_mix"
    place = 0

    def begin(self, since):
        return self.place if since is None else int(since)

    def following(self, told):
        self.place = super().following(told)
        return self.place


class ByPageNumber(Good):
    """Asks for page 2, 3, ... of what changed since the last pull."""

    breaks = "test_orders_that_change_while_pages_are_read_are_not_lost"
    also = (
        "test_orders_of_one_moment_that_change_are_not_lost",
        "test_orders_that_vanish_take_nobody_with_them",
    )

    def begin(self, since):
        number, _, skip = (since or "0:0").partition(":")
        return int(number), int(skip), int(number)

    def cursor(self, place):
        after, skip, top = place
        return f"{after}:{skip}" if self.more else f"{top}:0"

    async def listed(self, place):
        after, skip, _ = place
        asked = {"after": str(after), "limit": "4", "skip": str(skip)}
        return {**read(await self.call("GET", "/orders", params=asked)), "place": place}

    def following(self, told):
        after, skip, top = told["place"]
        self.more = told["more"]
        return after, skip + 4, max(top, told["next"])


class ByTime(Good):
    """Asks for what was touched after the moment of the last row, whatever bears the same."""

    breaks = "test_orders_of_one_moment_are_all_brought"
    also = (
        "test_orders_that_change_at_one_moment_are_all_found",
        "test_orders_of_one_moment_that_change_are_not_lost",
    )
    column = "touched"

    def begin(self, since):
        return since or "0"

    async def listed(self, place):
        asked = {"after": place, "limit": "4", "by": self.column}
        return read(await self.call("GET", "/orders", params=asked))

    def following(self, told):
        return told["rows"][-1][self.column]


class ByTheTimeOfTheOrder(ByTime):
    """Asks for what was ordered since, and not for what changed since."""

    breaks = "test_an_order_that_changed_comes_again"
    also = ("test_a_cancelled_order_is_taken_away",)
    column = "at"


class NewestFirst(Good):
    """Begins with what is new, and its first cursor lies there."""

    breaks = "test_any_page_can_be_begun_from_again"

    async def orders(self, since):
        pages = [page async for page in super().orders(since)]
        if pages:
            for page in reversed(pages):
                yield replace(page, cursor=pages[-1].cursor)


class UpToNow(Good):
    """Reads as many pages as there were when it began; its cursor is that of what came since."""

    breaks = "test_orders_placed_while_pages_are_read_are_not_lost"
    also = ("test_a_refund_while_pages_are_read_is_not_lost",)

    async def orders(self, since):
        seen = [page async for page in super().orders(since)]
        for page in seen[:-1]:
            yield page
        if seen:
            told = read(await self.call("GET", "/orders", params={"after": "0", "limit": "1000"}))
            yield replace(seen[-1], cursor=str(told["next"]))


class StaleByAPage(Good):
    """The last cursor lies before the last page, and the pull stops at what it knows by then."""

    breaks = "test_a_new_order_is_found_from_the_last_cursor"

    async def orders(self, since):
        async for page in super().orders(since):
            yield page
            if since is not None:
                return

    def cursor(self, place):
        return str(max(0, place - 8))
