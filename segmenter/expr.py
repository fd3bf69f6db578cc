"""Names for what ibis hands out.

ibis ships no types, and what a checker guesses from its source is wrong (that a column has no
``delta``, for one). So these names say what is meant; to a checker they are all alike.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Engine: TypeAlias = Any
Table: TypeAlias = Any
Column: TypeAlias = Any
Text: TypeAlias = Any
Flag: TypeAlias = Any
Whole: TypeAlias = Any
