"""Files in an object store: s3:// with what speaks like it, and gs://.

Credentials come from where AWS's own tools look for them: AWS_ACCESS_KEY_ID and the like, profiles,
the machine's role. A file is known by its ETag, which every upload gives anew unless the content is
the same. It is brought to this machine's disk while it is read. Tried on moto's S3; gs:// goes the
same way through pyarrow, with Google's default credentials, and was not tried.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path
from typing import Any, Final

from pyarrow import fs

from connectors.errors import ConnectorError, Misconfigured, Unauthorized, Unavailable
from connectors.http import mask
from connectors.sources.files_find import REMOTE, unfinished
from connectors.sources.files_open import is_export
from connectors.sources.files_seen import Seen

#: Seconds after which a store that does not answer is given up.
SILENCE: Final = 20
BLOCK: Final = 4_000_000
#: How AWS's client names what a person must mend, and what passes by itself.
REFUSALS: Final = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN_ID"
    r"|EXPIRED_TOKEN|MISSING_AUTHENTICATION_TOKEN|HTTP status 403"
)
PASSING: Final = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|THROTTLING|REQUEST_TIMEOUT"
    r"|INTERNAL_FAILURE|HTTP status 5\d\d|[Tt]imed? ?out"
)


@dataclass(frozen=True, slots=True)
class Store:
    """How a store is reached. ``endpoint`` and ``region`` None: as the environment has it."""

    endpoint: str | None = None
    region: str | None = None

    def files(self, url: str) -> list[Stored]:
        """The files that a URL, a folder or a pattern means, by name.

        Raises Misconfigured if there is none, Unauthorized and Unavailable by what the store says.
        """
        scheme, _, path = url.rstrip("/").partition(REMOTE)
        with told(url):
            store = self._opened(scheme, url)
            infos = list(_matching(store, path) if has_magic(path) else _meant(store, path))
        if not infos:
            raise Misconfigured(f"there is no file {url}; are the bucket and the path right?")
        found = [Stored(store, i.path, f"{scheme}{REMOTE}{i.path}", i.size) for i in infos]
        return sorted(found, key=lambda stored: stored.name)

    def _opened(self, scheme: str, url: str) -> Any:  # noqa: ANN401 - pyarrow is not typed
        if scheme == "gs":
            return fs.GcsFileSystem(retry_time_limit=None)
        if scheme != "s3":
            raise Misconfigured(f"{url} is in no object store that can be read: s3:// or gs://")
        return fs.S3FileSystem(
            endpoint_override=self.endpoint,
            region=self.region,
            connect_timeout=SILENCE,
            request_timeout=SILENCE,
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in an object store. ``name`` is its URL."""

    store: Any = field(repr=False)
    key: str
    name: str
    size: int
    near: bool = False

    def is_as(self, seen: Seen) -> bool:
        """By size, then by the ETag."""
        return seen.size == self.size and seen.mark == self.now().mark

    def now(self) -> Seen:
        """By one HEAD request."""
        with told(self.name), self._stream() as stream:
            known = {name.lower(): value for name, value in stream.metadata().items()}
        if "etag" not in known:
            raise Unavailable(f"the store does not tell the ETag of {self.name}")
        return Seen(int(known.get("content-length", self.size)), 0, known["etag"].decode())

    @contextmanager
    def here(self) -> Generator[Path]:
        """A copy on this machine's disk."""
        with tempfile.TemporaryDirectory(prefix="tidesman-") as folder:
            copy = Path(folder, self.key.rsplit("/", 1)[-1])
            with told(self.name), self._stream() as stream, copy.open("wb") as file:
                shutil.copyfileobj(stream, file, BLOCK)
            yield copy

    def rests(self, before: Seen) -> bool:
        """By the ETag."""
        return self.now().mark == before.mark

    def _stream(self) -> Any:  # noqa: ANN401
        # as it is: pyarrow would unpack what is named .gz
        return self.store.open_input_stream(self.key, compression=None)


@contextmanager
def told(url: str) -> Generator[None]:
    """Errors of the store become sentences."""
    try:
        yield
    except FileNotFoundError as error:
        raise Misconfigured(f"there is no file {url}") from error
    except OSError as error:
        raise _error(url, str(error)) from error


def _error(url: str, text: str) -> ConnectorError:
    said = mask(text.partition(" (Request ID")[0])
    if REFUSALS.search(text):
        return Unauthorized(
            f"the store does not let {url} be read: {said}; look at AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY, and whether they may list and read there"
        )
    if PASSING.search(text):
        return Unavailable(f"no usable answer about {url}: {said}", maybe_applied=False)
    return Misconfigured(f"{url} cannot be read: {said}; are bucket, region and endpoint right?")


def _meant(store: Any, path: str) -> Iterator[Any]:  # noqa: ANN401
    """The file itself; or of a folder those files that are exports by their names."""
    info = store.get_file_info(path)
    if info.is_file:
        yield info
    elif info.type == fs.FileType.Directory:
        for each in store.get_file_info(fs.FileSelector(path)):
            name = Path(each.path)
            if each.is_file and is_export(name) and not unfinished(name):
                yield each


def _matching(store: Any, pattern: str) -> Iterator[Any]:  # noqa: ANN401
    """The files that match, as patterns match on a disk: a star stays within a folder."""
    parts = pattern.split("/")
    fixed = next(place for place, part in enumerate(parts) if has_magic(part))
    if fixed == 0:
        raise Misconfigured(f"the bucket in {pattern} must be named in full")
    wanted = re.compile("/".join(map(_part, parts)).replace("(?:.+/)?/", "(?:.+/)?"))
    below = fs.FileSelector("/".join(parts[:fixed]), recursive=True, allow_not_found=True)
    for each in store.get_file_info(below):
        if each.is_file and wanted.fullmatch(each.path) and not unfinished(Path(each.path)):
            yield each


def _part(part: str) -> str:
    """One part of a pattern as a regular expression; ``**`` is any folders, or none."""
    if part == "**":
        return "(?:.+/)?"
    return "".join(map(_sign, re.split(r"(\*|\?|\[!?[^\]]*\])", part)))


def _sign(piece: str) -> str:
    if piece.startswith("["):
        return piece.replace("[!", "[^")
    return {"*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece)
