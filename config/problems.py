"""What is wrong with a configuration, told all at once: where, which key, and the mend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

#: A key by the way to it from the top: ``("destinations", "klaviyo", "api_key")``.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. ``where`` is a file and line, or the environment variable it came from."""

    where: str
    path: Path
    sentence: str

    def __str__(self) -> str:
        key = dotted(self.path)
        return f"{self.where}: {key}: {self.sentence}" if key else f"{self.where}: {self.sentence}"


class ConfigurationError(Exception):
    """The configuration cannot be used; ``problems`` has all that is to be mended."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def dotted(path: Path) -> str:
    """The key as people write it: ``sources.shop.path[1]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest right one, or all there are."""
    names = sorted(known)
    near = get_close_matches(name.lower(), [each.lower() for each in names], n=1)
    for each in names:
        if near and each.lower() == near[0]:
            return f"did you mean {each!r}?"
    if not 0 < len(names) <= 20:
        return "see config/example.yaml for what there is"
    return f"there are {', '.join(names)}"
