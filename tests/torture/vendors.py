"""The look-alikes, served by a process of their own, and what can be asked of them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from processes import Process, start

NAMES = ("klaviyo", "iterable", "braze")
#: What somebody else wrote about a person; nobody of ours may ever touch it.
FOREIGN = {"favourite_colour": "blue", "lifecycle": "theirs"}
#: Every route that delivery may call (Klaviyo, Iterable, Braze): profiles and events, no consent
#: and no list.
OURS = {
    "/api/profile-bulk-import-jobs",
    "/api/profile-bulk-import-jobs/{id}",
    "/api/profile-bulk-import-jobs/{id}/import-errors",
    "/api/profile-bulk-import-jobs/{id}/profiles",
    "/api/event-bulk-create-jobs",
    "/api/users/bulkUpdate",
    "/api/events/trackBulk",
    "/users/track",
}
#: And those by which this file itself makes people known.
MINE = {"/api/profile-import", "/api/users/update"}


class Vendors:
    """Three accounts that outlive every run."""

    def __init__(self, folder: Path) -> None:
        reading, writing = os.pipe()

        def serve() -> None:
            from connectors.sandbox import Braze, Iterable, Klaviyo, KlaviyoDials
            from connectors.sandbox.server import serve_until_stopped

            apps = {
                "klaviyo": Klaviyo(limits=False, dials=KlaviyoDials(job_seconds=0.02)),
                "iterable": Iterable(limits=False),
                "braze": Braze(limits=False),
            }

            def ready(urls: dict[str, str]) -> None:
                os.write(writing, (json.dumps(urls) + "\n").encode())

            serve_until_stopped(apps, {}, ready=ready)

        self.process: Process = start(folder / "vendors.log", serve)
        os.close(writing)
        with os.fdopen(reading) as told:
            self.urls: dict[str, str] = json.loads(told.readline())
        self.client = httpx.Client(timeout=30)

    def close(self) -> None:
        """Stop them."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def preload(self, people: Sequence[str]) -> None:
        """Make people who are known already, with something that is not ours."""
        for person in people:
            email = f"{person}@example.com"
            attributes = {"external_id": person, "email": email, "properties": FOREIGN}
            self._post(
                "klaviyo",
                "/api/profile-import",
                {"data": {"type": "profile", "attributes": attributes}},
                {"Authorization": "Klaviyo-API-Key k", "revision": "2025-10-15"},
            )
            self._post(
                "iterable",
                "/api/users/update",
                {"email": email, "userId": person, "dataFields": FOREIGN},
                {"Api-Key": "k"},
            )
        users = [{"external_id": p, "email": f"{p}@example.com", **FOREIGN} for p in people]
        self._post("braze", "/sandbox/users", users, {})

    def _post(self, vendor: str, path: str, body: Any, headers: dict[str, str]) -> None:
        answer = self.client.post(self.urls[vendor] + path, json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"{vendor} {path}: {answer.status_code} {answer.text[:300]}")

    def reset(self) -> None:
        """Empty accounts, no faults."""
        for vendor in NAMES:
            self._post(vendor, "/sandbox/reset", {}, {})

    def turn(self, vendor: str, faults: Sequence[dict[str, Any]]) -> None:
        """Turn some dials."""
        self._post(vendor, "/sandbox/faults", list(faults), {})

    def well(self) -> None:
        """Turn all dials back."""
        for vendor in NAMES:
            self.client.delete(f"{self.urls[vendor]}/sandbox/faults").raise_for_status()

    def struck(self) -> Counter[str]:
        """How often each kind of fault has struck since the last reset."""
        found: Counter[str] = Counter()
        for vendor in NAMES:
            found.update(self.client.get(f"{self.urls[vendor]}/sandbox/faults").json()["struck"])
        return found

    def look(self, vendor: str, what: str) -> Any:
        """What it holds: profiles, events or requests."""
        url = f"{self.urls[vendor]}/sandbox/{what}"
        found = self.client.get(url, params={"limit": 1_000_000}).raise_for_status().json()
        return found[what]
