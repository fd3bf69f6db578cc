"""What no file of the project may do."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("connectors", "segmenter", "sync", "config")
LONGEST_FILE = 300
LONGEST_TESTS = 500
LONGEST_FUNCTION = 60

# Longer than the limit, and why that is better than two files. Tests may list more cases.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {
    "sync/migrations/versions/0001_the_first_schema.py:upgrade": "a schema reads as one list",
}

# Who may ask what time it is; everybody else is told. A look-alike is a server of its own.
CLOCKS = {"sync/clock.py", "connectors/sandbox/lookalike.py"}
ASKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}

# Words of the calls by which vendors change what a person agreed to.
CONSENT = re.compile(r"(un)?subscri|suppress|opt[_-]?(in|out)|/email/(status|blacklist)|consent")
# The names that an adapter refuses to send stand in its `reserved`; nowhere else may one stand.
REFUSED = "reserved"
# Iterable's words for putting a user on a list and taking him off. They change consent only with a
# further field in the request, which that file does not know; no other file may hold these words.
LIST_WORDS = {
    "connectors/destinations/iterable_lists.py": {
        "/api/lists/subscribe",
        "/api/lists/unsubscribe",
        "subscribers",
    }
}
TALKERS = ("connectors/sources", "connectors/destinations")

REGISTRIES = re.compile(
    "|".join(
        re.escape(host + top)
        for host, top in (
            ("pypi.", "org"),
            ("files.pythonhosted.", "org"),
            ("registry.npmjs.", "org"),
            ("deb.debian.", "org"),
        )
    )
)


def files(root: Path) -> list[Path]:
    """All files under version control; where there is no git, those of the packages and tests."""
    if shutil.which("git") is not None and (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
        )
        return [root / name for name in listed.stdout.split("\0") if (root / name).is_file()]
    return [path for part in (*PACKAGES, "tests") for path in (root / part).rglob("*.*")]


def modules(root: Path, *parts: str) -> Iterator[tuple[str, ast.Module]]:
    for part in parts:
        for path in sorted((root / part).rglob("*.py")):
            yield str(path.relative_to(root)), ast.parse(path.read_text())


def imported(tree: ast.Module) -> set[str]:
    """The top packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def refused(tree: ast.Module) -> list[ast.Constant]:
    """The names that an adapter never sends."""
    return [
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and REFUSED in {getattr(target, "id", "") for target in ast.walk(node)}
        for part in ast.walk(node)
        if isinstance(part, ast.Constant)
    ]


def texts(tree: ast.Module) -> Iterator[str]:
    """The strings of a module but its docstrings, and but the names that it refuses."""
    told = {id(part) for part in refused(tree)} | {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_no_file_is_too_long_but_those_with_a_reason(root: Path) -> None:
    long = set()
    for path in files(root):
        name = str(path.relative_to(root))
        limit = LONGEST_TESTS if name.startswith("tests/") else LONGEST_FILE
        if path.suffix == ".py" and len(path.read_text().splitlines()) > limit:
            long.add(name)
    assert long == set(LONG_FILES)


def test_no_function_is_too_long_but_those_with_a_reason(root: Path) -> None:
    long = {
        f"{name}:{node.name}"
        for name, tree in modules(root, *PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    }
    assert long == set(LONG_FUNCTIONS)


def test_one_file_knows_lifetimes(root: Path) -> None:
    knowing = {name for name, tree in modules(root, *PACKAGES) if "lifetimes" in imported(tree)}
    assert {name for name in knowing if name.startswith("segmenter")} == {"segmenter/lifetime.py"}
    assert knowing <= {"segmenter/lifetime.py", "sync/demo.py"}


def test_the_time_is_told_and_not_asked(root: Path) -> None:
    asking = {
        name
        for name, tree in modules(root, *PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in ASKS
    }
    assert asking <= CLOCKS


def test_nothing_that_speaks_to_a_vendor_can_change_consent(root: Path) -> None:
    said = [
        (name, text)
        for name, tree in modules(root, *TALKERS)
        for text in texts(tree)
        if CONSENT.search(text.lower()) and " " not in text
        if text not in LIST_WORDS.get(name, ())
    ]
    assert said == []


def test_every_vendor_of_ours_refuses_the_names_that_hold_consent(root: Path) -> None:
    for vendor in ("klaviyo", "iterable", "braze", "hubspot", "customerio"):
        tree = ast.parse((root / f"connectors/destinations/{vendor}.py").read_text())
        assert any(CONSENT.search(str(name.value).lower()) for name in refused(tree)), vendor


@pytest.mark.parametrize(
    "path", ["/api/profile-subscription-bulk-create-jobs", "/lists/unsubscribe", "/email/status"]
)
def test_a_path_that_changes_consent_would_be_seen(path: str) -> None:
    assert CONSENT.search(path)


def test_no_address_of_a_package_registry_is_written_down(root: Path) -> None:
    naming = []
    for path in files(root):
        try:
            if REGISTRIES.search(path.read_text()):
                naming.append(str(path.relative_to(root)))
        except (UnicodeDecodeError, IsADirectoryError):
            continue  # data files
    assert naming == []


def test_nothing_is_skipped_without_a_way_to_run_it(root: Path) -> None:
    marked = [
        str(path.relative_to(root))
        for path in (root / "tests").rglob("test_*.py")
        if re.search(r"mark\.(skip|xfail)\b", path.read_text())
    ]
    assert marked == []
