"""The steps of the Dockerfile, done without an engine: each line in a folder that stands for /."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

# The packages of the lock are the ones that these tests run on (see test_locks.py); installing
# them a second time would show nothing and take a minute.
INSTALLS_THE_LOCK = re.compile(r"pip install --require-hashes .*-r requirements/(run|build)\.lock$")
NEEDS_ROOT = re.compile(r"^useradd ")
INSIDE = re.compile(r"(?<![\w./-])/(src|venv|dist|data)\b")

Step = tuple[str, str]  # the instruction and what follows it


def stages(text: str) -> list[list[Step]]:
    """The instructions of each stage, the FROM line first; comments and line ends removed."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    steps = [
        tuple(line.split(None, 1)) for line in "\n".join(lines).replace("\\\n", "").split("\n")
    ]
    found: list[list[Step]] = []
    for word, rest in steps:
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def only(stage: list[Step], word: str) -> str:
    (rest,) = [rest for name, rest in stage if name == word]
    return rest


@dataclass
class Image:
    """A folder in place of / and the settings that the lines so far have made."""

    root: Path
    source: Path
    env: dict[str, str] = field(default_factory=dict)
    folder: Path = Path("/")

    def inside(self, text: str) -> str:
        return INSIDE.sub(lambda found: f"{self.root}/{found[1]}", text)

    def take(self, word: str, rest: str) -> None:
        if word == "ENV":
            for pair in shlex.split(self.inside(rest)):
                name, _, value = pair.partition("=")
                self.env[name] = value.replace("$PATH", self.env["PATH"])
        elif word == "WORKDIR":
            self.folder = Path(self.inside(rest))
            self.folder.mkdir(parents=True, exist_ok=True)
        elif word == "COPY" and not rest.startswith("--from"):
            *names, target = rest.split()
            for name in names:
                self._copy(self.source / name, self.folder / target)
        elif word == "RUN" and not NEEDS_ROOT.match(rest):
            self._run(rest)

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def _run(self, command: str) -> None:
        if INSTALLS_THE_LOCK.search(command):
            if command.startswith("/venv"):
                (found,) = (self.root / "venv" / "lib").glob("python3*/site-packages")
                (found / "locked.pth").write_text(sysconfig.get_path("purelib"))
            return
        self.run("sh", "-ec", self.inside(command))

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done


@pytest.fixture(scope="session")
def recipe(root: Path) -> list[list[Step]]:
    return stages((root / "Dockerfile").read_text())


@pytest.fixture(scope="session")
def image(root: Path, recipe: list[list[Step]], tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What the Dockerfile makes, step by step, with this interpreter as the image's own."""
    place = tmp_path_factory.mktemp("image")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    built = Image(place, root, {"PATH": path, "HOME": str(place)})
    build, final = recipe
    for step in build:
        built.take(*step)
    running = Image(place, root, {"PATH": os.environ["PATH"], "HOME": str(place)})
    for step in final:
        running.take(*step)
    return running


def test_the_second_stage_holds_the_packages_and_nothing_else(recipe: list[list[Step]]) -> None:
    build, final = recipe
    assert only(build, "FROM") == f"{only(final, 'FROM')} AS build"
    assert only(final, "COPY") == "--from=build /venv /venv"
    installed = [rest for word, rest in build if word == "RUN" and "/venv/bin" in rest]
    assert installed[-1] == "/venv/bin/python -m pip install --no-deps --no-index /dist/*.whl"


def test_it_does_not_run_as_root(recipe: list[list[Step]]) -> None:
    final = recipe[1]
    assert only(final, "USER") == "tidesman"
    assert only(final, "RUN").startswith("useradd --system --uid 10001 ")
    words = [word for word, _ in final]
    assert words.index("USER") < words.index("ENTRYPOINT")


def test_nothing_is_installed_that_is_not_locked(recipe: list[list[Step]]) -> None:
    for word, rest in (step for stage in recipe for step in stage):
        if word == "RUN" and "pip install" in rest:
            assert INSTALLS_THE_LOCK.search(rest) or "--no-deps --no-index" in rest
    assert "PIP_NO_CACHE_DIR=1" in only(recipe[0], "ENV")


def test_the_four_names_are_ours_alone_in_the_image(image: Image) -> None:
    code = (
        "import json, importlib.metadata as m; d = m.packages_distributions();"
        "print(json.dumps({n: d[n] for n in ('connectors', 'segmenter', 'sync', 'config')}))"
    )
    owners = json.loads(image.run("python", "-c", code).stdout)
    assert all(set(owner) == {"tidesman"} for owner in owners.values()), owners
    where = image.run("python", "-c", "import sync, config; print(sync.__file__, config.__file__)")
    assert all(path.startswith(f"{image.root}/venv/") for path in where.stdout.split())


def test_what_lies_in_the_working_folder_is_not_imported(image: Image) -> None:
    for name in ("config", "sync"):
        (image.folder / f"{name}.py").write_text(
            "raise SystemExit('imported from the data folder')"
        )
    assert image.env["PYTHONSAFEPATH"] == "1"
    assert "lifecycle segments" in image.run("tidesman", "--help").stdout


def test_a_day_in_the_image(image: Image, recipe: list[list[Step]]) -> None:
    """From the entry point: write a configuration, check it, run it, ask whether all is well."""
    (entry,) = json.loads(only(recipe[1], "ENTRYPOINT"))
    image.run(entry, "init")
    assert image.env["TIDESMAN_CONFIG"] == str(image.folder / "tidesman.yaml")
    (image.folder / "orders").mkdir()
    (image.folder / "orders" / "may.csv").write_text(
        "order_id,customer_id,ordered_at,amount\n"
        + "".join(f"o{n},c{n % 7},2026-05-{n % 28 + 1:02d} 10:00,{n}.50\n" for n in range(1, 60))
    )
    settings = yaml.safe_load((image.folder / "tidesman.yaml").read_text())
    settings["destinations"] = {"disk": {"type": "files", "path": "./out"}}
    (image.folder / "tidesman.yaml").write_text(yaml.safe_dump(settings))
    image.run(entry, "check")
    day = json.loads(image.run(entry, "run", "--as-of", "2026-05-29", "--json").stdout)
    assert day["customers"] == 7
    assert day["destinations"]["disk"]["delivered"] == day["destinations"]["disk"]["planned"] > 0
    again = json.loads(image.run(entry, "run", "--as-of", "2026-05-29", "--json").stdout)
    assert again["destinations"]["disk"]["planned"] == 0
    health = only(recipe[1], "HEALTHCHECK").partition("CMD ")[2]
    assert json.loads(health) == ["tidesman", "status", "--healthy"]


def test_compose_names_the_volumes_and_the_keys(root: Path) -> None:
    service = yaml.safe_load((root / "compose.yaml").read_text())["services"]["tidesman"]
    assert set(service["environment"]) == {"KLAVIYO_API_KEY", "ITERABLE_API_KEY", "BRAZE_API_KEY"}
    assert {mount.split(":")[1] for mount in service["volumes"]} == {
        "/data/tidesman.yaml",
        "/data/orders",
        "/data/data",
        "/data/out",
    }


def test_the_build_sees_all_that_is_copied(root: Path, recipe: list[list[Step]]) -> None:
    kept = {
        line.removeprefix("!")
        for line in (root / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {name for word, rest in recipe[0] if word == "COPY" for name in rest.split()[:-1]}
    assert copied == kept
