"""Marks of several requests in one transaction: all of them stand, or none does."""

import asyncio

import pytest
import sqlalchemy as sa

from connectors.base import Delivery
from sync.commits import Commits
from sync.ledger import Entry, Ledger, Mark


def marked(ledger: Ledger) -> set[str]:
    return {key for key, row in ledger.standing(["a", "b"]).items() if row.mark is Mark.UNSURE}


def mark(ledger: Ledger, key: str, kit) -> None:
    ledger.unsure([Entry(key, key, "{}")], "2026-11-21-1", kit.NOW)


async def both(commits: Commits, *works) -> list[object]:
    return await asyncio.gather(*map(commits.write, works), return_exceptions=True)


def test_what_is_written_together_is_one_transaction(shop, kit) -> None:
    ledger, commits = Ledger(shop.store, "fake"), Commits(shop.store)

    def broken() -> None:
        mark(ledger, "b", kit)
        raise KeyError("b")

    told = asyncio.run(both(commits, lambda: mark(ledger, "a", kit), broken))
    assert [type(each) for each in told] == [KeyError, KeyError]
    assert marked(ledger) == set()
    fine = (lambda: mark(ledger, "a", kit), lambda: mark(ledger, "b", kit))
    assert asyncio.run(both(commits, *fine)) == [None, None]
    assert marked(ledger) == {"a", "b"}


def test_many_small_requests_cost_few_commits(shop, kit) -> None:
    commits = []
    sa.event.listen(shop.store.engine, "commit", commits.append)
    shop.publish([kit.row(f"{n:04d}") for n in range(320)])
    before = len(commits)
    assert shop.deliver()["fake"].delivered == 320
    assert len(shop.vendor.requests) == 32
    # the delivery reads in transactions of its own as well
    assert len(commits) - before < 32


@pytest.mark.parametrize(("size", "many"), [(1, 16), (75, 13), (250, 4), (10_000, 4)])
def test_small_requests_go_more_at_once_if_they_can_be_repeated(kit, size, many) -> None:
    assert kit.Pace().at_once(Delivery("identify", size, None, idempotent=True)) == many
    assert kit.Pace().at_once(Delivery("track", size, None, idempotent=False)) == 4
    assert kit.Pace(in_flight=2).at_once(Delivery("identify", size, None, idempotent=True)) == 2
