"""Stratification, affinity and rules from a configuration to what a destination holds."""

from __future__ import annotations

import json

import pytest

CHOICE = """
segmentation:
  schemes: [lifecycle, stratification, affinity, rules]
  stratification:
    data: {path: ./figures.csv, customer_id: who}
    loyalty: {metrics: [{column: orders}, {column: days_since_order, better: lower}]}
    buying_power: {metrics: [{column: past_revenue}]}
    profitability: {weight: 2, metrics: [{column: margin}]}
  affinity:
    data: {path: ./events.csv, customer_id: who, occurred_at: at}
  rules:
    otherwise: Rest
    segments:
      - {name: Ours, when: stratification_segment = 'Core' and affinity_segment <> 'Unscored'}
"""
SCHEMES = ("lifecycle", "stratification", "affinity", "rules")


@pytest.fixture
def chosen(shop):
    config = shop.folder / "tidesman.yaml"
    config.write_text(config.read_text() + CHOICE)
    figures = [f"c{n:04d},{n % 50 if n % 7 else ''}" for n in range(300)]
    (shop.folder / "figures.csv").write_text("\n".join(["who,margin", *figures]) + "\n")
    day = shop.day.isoformat()
    (shop.folder / "events.csv").write_text(f"who,kind,at\nc0001,email_click,{day} 10:00\n")
    return shop


def test_they_run_and_a_second_day_tells_their_causes(chosen):
    first = chosen.report(*chosen.as_of())
    assert set(first["segments"]) == set(SCHEMES)
    for scheme in SCHEMES:
        assert sum(first["segments"][scheme].values()) == first["customers"]
    assert set(first["segments"]["rules"]) == {"Ours", "Rest"}
    lines = [f"c{n:04d},-99" for n in range(300)]
    (chosen.folder / "figures.csv").write_text("\n".join(["who,margin", *lines]) + "\n")
    second = chosen.report(*chosen.as_of(1), code=3)
    causes = {(m["scheme"], m["cause"]) for m in second["moves"]}
    assert ("stratification", "figures") in causes


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("figures.csv", None, "figures.csv is not there"),
        ("figures.csv", "who,margn\nc1,2\n", "has no column 'margin'; did you mean 'margn'?"),
        ("figures.csv", "who,margin\nc1,much\n", "margin has 'much', which is no number"),
        ("figures.csv", "who,margin\nc1,1\nc1,2\n", "customer c1 has 2 rows"),
        ("figures.csv", "who,margin,orders\nc1,1,2\n", "orders is also a column"),
        ("events.csv", "who,kind,at\nc1,email_click,soon\n", "at has 'soon', which is no date"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(chosen, name, text, sentence):
    place = chosen.folder / name
    place.unlink()
    if text is not None:
        place.write_text(text)
    done = chosen.here("run", *chosen.as_of())
    assert done.exit_code == 2
    assert sentence in " ".join(done.stderr.split())


def test_what_strata_rest_on_is_told_after_a_run(chosen):
    chosen.report(*chosen.as_of())
    told = json.loads(chosen.here("stratification", "--by", "0.5", "--json").stdout)
    assert (told["as_of"], told["customers"], told["by"]) == ("2025-06-30", 300, 0.5)
    lacking = {gap["of"]: gap["missing"] for gap in told["gaps"]}
    # every seventh customer has no margin, and nothing else tells his profit
    assert lacking["metric margin of profitability"] == lacking["axis profit"] == 43
    assert lacking["metric orders of loyalty"] == 0
    assert {shift["by"] for shift in told["shifts"]} == {-0.5, 0.5}
    assert any(shift["mean_rank"] > 0 for shift in told["shifts"])
    assert all(0 <= shift["moved"] <= 1 for shift in told["shifts"])
    said = chosen.here("stratification").stdout
    assert "43" in said
    assert "+20%" in said
    assert max(map(len, said.splitlines())) <= 100


def test_without_strata_there_is_nothing_to_tell_of(shop):
    shop.report(*shop.as_of())
    done = shop.here("stratification")
    assert done.exit_code == 2
    assert "add stratification to segmentation.schemes" in " ".join(done.stderr.split())


def test_a_choice_that_cannot_be_is_told_before_anything_runs(chosen):
    config = chosen.folder / "tidesman.yaml"
    config.write_text(config.read_text().replace("{weight: 2,", "{weight: 0,"))
    done = chosen.here("run", *chosen.as_of())
    assert done.exit_code == 2
    assert "profitability and cost_to_serve have no metrics" in " ".join(done.stderr.split())


def test_tables_of_the_operator_reach_a_customer_under_an_id_he_had(chosen):
    folder = chosen.folder
    today = chosen.day.isoformat()
    chosen.write_orders("twins", [("w1", "c0000", chosen.day, 10.0)])
    twin = f"order,customer,mail,day,total\nw2,twin,c0000@example.com,{chosen.day},10.00\n"
    (folder / "orders" / "twin.csv").write_text(twin)
    (folder / "figures.csv").write_text(
        "\n".join(["who,margin", "twin,4000", *(f"c{n:04d},{n % 50}" for n in range(1, 300))])
        + "\n"
    )
    clicked = [f"twin,email_click,{today} 10:{minute:02}" for minute in range(60)]
    (folder / "events.csv").write_text("\n".join(["who,kind,at", *clicked]) + "\n")
    text = (folder / "tidesman.yaml").read_text()
    text = text.replace("path: ./out}", "path: ./out, also: [ranking_score]}")
    rule = "{name: Ours, when: ranking_score >= 0}"
    text = text[: text.index("      - {name: Ours")] + f"      - {rule}\n"
    (folder / "tidesman.yaml").write_text(text)

    told = chosen.report(*chosen.as_of())
    assert told["segments"]["rules"]["Ours"] == told["customers"] == 300
    (person,) = json.loads(chosen.here("customer", "twin", "--json").stdout)
    assert person["customer_id"] == "c0000"
    assert person["numbers"]["stratification_profit"] > 50
    assert person["numbers"]["affinity_score"] > 100
    (disk,) = [row for row in person["accepted"] if row["destination"] == "disk"]
    sent = disk["accepted"]["properties"]
    assert sent["ranking_score"] == round(person["numbers"]["ranking_score"], 4)
    others = [row for row in person["accepted"] if row["destination"] != "disk"]
    assert all("ranking_score" not in row["accepted"]["properties"] for row in others)
