"""Rules are held against what a rule may say before anything runs."""

import pytest

from config.problems import ConfigurationError
from sync.app import prepared

CONFIG = """\
timezone: UTC
currency: EUR
sources: {{shop: {{type: files, path: o.csv, columns: {{order_id: a, customer_id: b, \
ordered_at: c, amount: d}}}}}}
segmentation:
  schemes: {schemes}
  rules:
    otherwise: Rest
    segments:
      - {{name: VIP, when: "{when}", description: d, action: a}}
"""


@pytest.fixture
def configured(tmp_path):
    def configure(when, schemes="[lifecycle, rules]"):
        place = tmp_path / "tidesman.yaml"
        place.write_text(CONFIG.format(when=when, schemes=schemes))
        return prepared(place, secrets=False)

    return configure


def test_a_good_rule_is_taken(configured):
    given = configured("past_revenue > 1 and lifecycle_segment = 'Lost'").settings.segmentation
    assert given.schemes == ("lifecycle", "rules")
    assert given.rules.segments[0].name == "VIP"


def test_a_wrong_rule_is_told_with_its_line_key_and_word_also_while_it_is_off(configured):
    for schemes in ("[lifecycle, rules]", "[lifecycle]"):
        with pytest.raises(ConfigurationError) as caught:
            configured("past_revenu > 1", schemes)
        (problem,) = caught.value.problems
        assert "line 9: segmentation.rules.segments[0].when: line 1, column 1, at" in str(problem)
        assert "did you mean 'past_revenue'?" in str(problem)


def test_a_column_of_a_scheme_that_is_off_is_told(configured):
    with pytest.raises(ConfigurationError, match="no such column"):
        configured("rfm_segment = 'New Customers'")


def test_an_unknown_key_of_a_rule_is_told(tmp_path):
    place = tmp_path / "tidesman.yaml"
    text = CONFIG.format(when="true", schemes="[rules]").replace("action:", "acton:")
    place.write_text(text)
    with pytest.raises(ConfigurationError, match="did you mean 'action'"):
        prepared(place, secrets=False)
