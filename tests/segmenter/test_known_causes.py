"""A shop in which it is known what was done to whom: the causes told are the true ones.

What is true is told by twins: the same shop with one thing left undone. Who moves in his twin as
well was not moved by that thing.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from segmenter.evaluate import evaluate
from segmenter.learn import learn
from segmenter.schemes.rules_settings import Rule, Rules
from segmenter.settings import SCHEMES, Settings
from segmenter.thresholds import Thresholds

END = date(2024, 12, 31)
RULES = Rules("rest", (Rule("big", "past_revenue > 150"), Rule("often", "orders > 3")))
CHOICE = Settings(schemes=(*SCHEMES, "rules"), rules=RULES)
AIM = 0.99


def history(customers=900, seed=5):
    chance = random.Random(seed)
    rows = []
    for number in range(customers):
        day, every = END - timedelta(chance.randrange(700)), chance.choice([9, 30, 90])
        while day <= END - timedelta(chance.choice([0, 0, 30])):
            rows.append(order(f"c{number:03d}", day, chance.uniform(5, 90), len(rows)))
            day += timedelta(1 + int(chance.expovariate(1 / every)))
            if chance.random() < 0.2:
                break
        if not rows or rows[-1]["customer_id"] != f"c{number:03d}":
            rows.append(order(f"c{number:03d}", day - timedelta(40), 20, len(rows)))
    return rows


def order(customer, day, amount, number, kind="order"):
    return {
        "customer_id": customer,
        "order_id": f"{kind}{number}",
        "ordered_at": day,
        "amount": f"{amount:.2f}",
        "kind": kind,
    }


def deeds(rows, names, day, chance):
    """The rows after something was done to each of the names, and what that was."""
    rows, done = list(rows), {}
    for name in names:
        mine = [i for i, row in enumerate(rows) if row["customer_id"] == name]
        what = chance.choice(["purchase", "refund", "edit", "gone", "late"])
        number = f"-{name}-{day}"
        if what == "purchase":
            rows.append(order(name, day, chance.uniform(5, 300), number))
        elif what == "late":
            rows.append(order(name, day - timedelta(25), chance.uniform(5, 300), number))
        elif what == "refund":
            rows.append(order(name, day, -chance.uniform(5, 90), number, "refund"))
        elif what == "edit":
            rows[mine[-1]] = {**rows[mine[-1]], "amount": f"{chance.uniform(1, 400):.2f}"}
        elif len(mine) > 1:
            del rows[mine[-1]]
        done[name] = "purchase" if what == "purchase" else "correction"
    return rows, done


class World:
    """The shop from day to day, with the count of true and told causes."""

    def __init__(self, days, shop):
        self.days, self.shop = days, shop
        self.days.settings = CHOICE
        self.basis = days.first_basis(shop(history()), END)
        self.days.run(self.basis)
        self.told = Counter()

    def step(self, now, twins):
        """Go on to ``now``; ``twins`` has the true cause and the world without it, in order.

        A true cause is a word, or a cause by customer. Who moves in every twin fell silent.
        """
        before, previous, engine = self.days.before, self.days.previous, self.days.engine
        without = []
        for cause, basis in twins:
            settings = basis.settings
            found = evaluate(engine, basis, settings, before=before, previous=previous)
            without.append((cause, {r["customer_id"]: r for r in found.to_pyarrow().to_pylist()}))
        self.days.settings = now.settings
        for name, row in self.days.run(now).items():
            for scheme in now.settings.schemes:
                if row[f"{scheme}_changed"] and row[f"{scheme}_previous"] is not None:
                    truth = _truth(without, name, scheme, row[f"{scheme}_segment"])
                    self.told[truth, row[f"{scheme}_cause"]] += 1
        self.basis = now


def _truth(without, name, scheme, segment):
    for cause, there in without:
        word = cause if isinstance(cause, str) else cause.get(name)
        if word is not None and (name not in there or there[name][f"{scheme}_segment"] != segment):
            return word
    return "silence"


def test_at_least_99_in_100_causes_are_the_true_ones(days, shop, engine):
    chance = random.Random(3)
    world = World(days, shop)
    rows, names = history(), [f"c{n:03d}" for n in range(900)]

    day = END + timedelta(1)
    quiet = replace(world.basis, as_of=day)
    rows, done = deeds(rows, chance.sample(names, 500), day, chance)
    world.step(replace(quiet, orders=shop(rows)), [(done, quiet)])

    day = END + timedelta(30)
    world.step(replace(world.basis, as_of=day), [])

    raised = {k: tuple(e * 1.6 for e in v) for k, v in world.basis.thresholds.edges.items()}
    edges = {k: v if "churn" in k else raised[k] for k, v in world.basis.thresholds.edges.items()}
    harder = replace(world.basis, thresholds=Thresholds(day, edges))
    world.step(harder, [("threshold", world.basis)])

    habits = replace(world.basis.model.orders, alpha=world.basis.model.orders.alpha * 2)
    world.step(
        replace(world.basis, model=replace(world.basis.model, orders=habits)),
        [("model", world.basis)],
    )

    rules = Rules("rest", (Rule("big", "past_revenue > 90"), Rule("often", "orders > 2")))
    world.step(replace(world.basis, settings=replace(CHOICE, rules=rules)), [("rule", world.basis)])

    # two things on one day: some buy, are refunded or edited, and the model is fitted anew
    day += timedelta(1)
    rows, done = deeds(rows, chance.sample(names, 300), day, chance)
    orders, old = shop(rows), replace(world.basis, as_of=day)
    model = learn(engine, orders, day, CHOICE)
    now = replace(old, orders=orders, model=model)
    twins = [(done, replace(old, model=model)), ("model", replace(old, orders=orders))]
    twins.append((done, old))  # for whom either thing was enough
    world.step(now, twins)

    # merges, which have a cause of their own, are tested beside the joining of customers
    right = sum(n for (truth, told), n in world.told.items() if truth == told)
    moved = sum(world.told.values())
    table = sorted(world.told.items())
    assert right >= AIM * moved, table
    true = Counter()
    for (truth, _), n in world.told.items():
        true[truth] += n
    causes = ("purchase", "silence", "correction", "threshold", "model", "rule")
    assert set(true) == set(causes)
    assert min(true.values()) >= 30, table
