"""The days foretold are those on which a replay without a further order moves the customer."""

from datetime import date, timedelta

import ibis

from segmenter.basis import Basis
from segmenter.evaluate import evaluate
from segmenter.learn import learn, propose
from segmenter.outlook import outlook
from segmenter.replay import read_log, replay
from segmenter.schemes import ALL
from segmenter.settings import Settings

FIRST = date(2024, 1, 1) + timedelta(399)
DAYS, NEVER = 120, 10_000


def test_every_foretold_day_is_that_of_a_replay_without_orders(engine, orders_of, lively):
    settings, orders = Settings(), orders_of(lively)
    start = FIRST - timedelta(3)
    # some days first, so that some are held by hysteresis where they are
    log = read_log(engine, orders, FIRST)
    model = learn(engine, orders, start, settings)
    edges = propose(engine, orders, start, model, settings)
    last = FIRST + timedelta(DAYS)
    days = list(replay(engine, log, start, last, settings, refit_days=NEVER, pinned=edges.edges))
    chosen = set(log.names[::25])
    coming = {
        (log.names[w], scheme, each.day, ALL[scheme].segments[a], ALL[scheme].segments[b])
        for each in days
        if each.day > FIRST
        for scheme, m in each.moved.items()
        for w, a, b in zip(m.who, m.came_from, m.went_to, strict=True)
        if log.names[w] in chosen
    }
    published = by_evaluating(engine, orders, model, edges, settings, start)
    his = published.filter(published.customer_id.isin(sorted(chosen)))
    basis = Basis(orders, FIRST, model, edges, settings)
    told = outlook(engine, his, basis, settings, days=DAYS)
    assert {(m.customer_id, m.scheme, m.day, m.from_segment, m.to_segment) for m in told} == coming
    assert len(coming) > 50
    assert {m.scheme for m in told} == set(ALL)


def by_evaluating(engine, orders, model, edges, settings, start):
    """The result of FIRST, reached day by day, as hysteresis remembers the way."""
    previous = None
    for ahead in range((FIRST - start).days + 1):
        basis = Basis(orders, start + timedelta(ahead), model, edges, settings)
        found = evaluate(engine, basis, settings, before=None, previous=previous).to_pyarrow()
        name = ibis.util.gen_name("was")
        previous = engine.create_table(name, ibis.memtable(found), temp=True)
    return previous
