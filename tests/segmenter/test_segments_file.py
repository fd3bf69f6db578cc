from __future__ import annotations

import yaml

from segmenter.schemes import FIXED


def test_every_segment_is_explained_in_the_order_of_its_scheme(root):
    told = yaml.safe_load((root / "config" / "segments.yaml").read_text(encoding="utf-8"))
    assert list(told) == list(FIXED)
    for name, scheme in FIXED.items():
        assert list(told[name]["segments"]) == list(scheme.segments)
        for segment in told[name]["segments"].values():
            assert list(segment) == ["description", "do", "measure"]
            assert all(text.endswith(".") for text in segment.values())
