from __future__ import annotations

import yaml

from segmenter.schemes import ALL


def test_every_segment_is_explained_in_the_order_of_its_scheme(root):
    told = yaml.safe_load((root / "config" / "segments.yaml").read_text(encoding="utf-8"))
    assert list(told) == list(ALL)
    for name, scheme in ALL.items():
        assert list(told[name]["segments"]) == list(scheme.segments)
        for segment in told[name]["segments"].values():
            assert list(segment) == ["description", "do", "measure"]
            assert all(text.endswith(".") for text in segment.values())
