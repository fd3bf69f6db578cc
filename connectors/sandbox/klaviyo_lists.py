"""Klaviyo's lists and who is on them, by Klaviyo's own profile ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class ProfileList:
    """One list; members in the order in which they came."""

    id: str
    name: str
    created: datetime
    updated: datetime
    opt_in_process: str = "single_opt_in"
    members: dict[str, None] = field(default_factory=dict[str, None])

    def resource(self, base: str) -> dict[str, Any]:
        """The list as JSON:API."""
        me = f"{base}/api/lists/{self.id}"
        return {
            "type": "list",
            "id": self.id,
            "attributes": {
                "name": self.name,
                "created": self.created.isoformat(),
                "updated": self.updated.isoformat(),
                "opt_in_process": self.opt_in_process,
            },
            "relationships": {
                "profiles": {
                    "links": {"self": f"{me}/relationships/profiles", "related": f"{me}/profiles"}
                }
            },
            "links": {"self": me},
        }
