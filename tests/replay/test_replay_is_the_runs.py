"""A replay tells, customer by customer, what evaluating each day would have told."""

from datetime import date, timedelta

import ibis

from segmenter.basis import Basis
from segmenter.evaluate import evaluate, moves
from segmenter.learn import learn, propose
from segmenter.replay import read_log, replay
from segmenter.schemes import ALL
from segmenter.settings import Settings

FIRST = date(2024, 1, 1) + timedelta(388)
REFIT = 2


def by_evaluating(engine, orders, days, settings):
    """The moves of each day as runs publish them, each with the result of the day before."""
    before = previous = edges = model = None
    for ahead in range(days):
        day = FIRST + timedelta(ahead)
        if model is None or (day - model.fitted_on).days >= REFIT:
            model = learn(engine, orders, day, settings)
        edges = edges or propose(engine, orders, day, model, settings)
        basis = Basis(orders, day, model, edges, settings)
        today = evaluate(engine, basis, settings, before=before, previous=previous)
        name = ibis.util.gen_name("was")
        previous = engine.create_table(name, ibis.memtable(today.to_pyarrow()), temp=True)
        before = basis
        yield {
            tuple(m.values())
            for m in moves(previous, day, settings).to_pyarrow().to_pylist()
            if m["from_segment"] is not None
        }


def by_replay(engine, orders, days, settings):
    log = read_log(engine, orders, FIRST + timedelta(days))
    last = FIRST + timedelta(days - 1)
    for day in replay(engine, log, FIRST, last, settings, refit_days=REFIT):
        found = set()
        for scheme, moved in day.moved.items():
            names = ALL[scheme].segments
            for who, was, to, cause in zip(
                moved.who, moved.came_from, moved.went_to, moved.because, strict=True
            ):
                found.add((log.names[who], scheme, names[was], names[to], cause))
        yield found


def test_every_move_and_every_cause_is_that_of_evaluate(engine, orders_of, lively):
    orders, settings = orders_of(lively), Settings()
    told = list(by_replay(engine, orders, 5, settings))
    assert told == list(by_evaluating(engine, orders, 5, settings))
    assert told[0] == set()
    assert {m[4] for day in told for m in day} == {"purchase", "silence", "model", "correction"}
    assert {m[1] for day in told for m in day} == set(ALL)
