"""A look into a look-alike from outside, for curl: routes under ``/sandbox``, free of any limit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.sandbox.faults import Fault
from connectors.sandbox.wire import answer, mapping, sequence

if TYPE_CHECKING:
    from connectors.sandbox.lookalike import LookAlike


def routes(look_alike: LookAlike) -> list[BaseRoute]:
    """The inspection routes of one look-alike."""
    inspection = _Inspection(look_alike)
    return [
        Route("/sandbox/state", inspection.state, methods=["GET"]),
        Route("/sandbox/profiles", inspection.profiles, methods=["GET"]),
        Route("/sandbox/profiles/{identifier:path}", inspection.profile, methods=["GET"]),
        Route("/sandbox/events", inspection.events, methods=["GET"]),
        Route("/sandbox/requests", inspection.requests, methods=["GET"]),
        Route("/sandbox/faults", inspection.faults, methods=["GET"]),
        Route("/sandbox/faults", inspection.add_faults, methods=["POST"]),
        Route("/sandbox/faults", inspection.clear_faults, methods=["DELETE"]),
        Route("/sandbox/reset", inspection.reset, methods=["POST"]),
    ]


class _Inspection:
    def __init__(self, look_alike: LookAlike) -> None:
        self._it = look_alike

    async def state(self, request: Request) -> Response:
        """Counts by kind; with ``?by=PROPERTY`` also the head counts by value."""
        self._it.settle()
        body: dict[str, object] = {"vendor": self._it.name, **self._it.counts()}
        body["requests"] = self._it.requests.total()
        name = request.query_params.get("by")
        if name is not None:
            body["by"] = {name: dict(sorted(self._it.values(name).items()))}
        return answer(200, body)

    async def profile(self, request: Request) -> Response:
        """What is stored of one person."""
        self._it.settle()
        found = self._it.profile(request.path_params["identifier"])
        if found is None:
            return answer(404, {"error": "nobody is stored under this identifier"})
        return answer(200, found)

    async def profiles(self, request: Request) -> Response:
        """Everybody, by pages: ``?offset=&limit=`` (0 and 100 by default)."""
        self._it.settle()
        offset, limit = _number(request, "offset", 0), _number(request, "limit", 100)
        if offset is None or limit is None:
            return answer(400, {"error": "offset and limit are whole numbers from 0 up"})
        return answer(200, {"profiles": self._it.profiles(offset, limit)})

    async def events(self, request: Request) -> Response:
        """The latest events: ``?limit=`` (100 by default)."""
        self._it.settle()
        limit = _number(request, "limit", 100)
        if limit is None:
            return answer(400, {"error": "limit is a whole number from 0 up"})
        return answer(200, {"events": self._it.events(limit)})

    async def requests(self, _request: Request) -> Response:
        """How many calls there were, by method, route and status; status 0 is no answer."""
        rows = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in sorted(self._it.requests.items())
        ]
        return answer(200, {"requests": rows})

    async def faults(self, _request: Request) -> Response:
        """The dials that are turned, and how often each kind has struck."""
        standing = [fault.model_dump() for fault in self._it.faults.standing()]
        return answer(200, {"faults": standing, "struck": dict(self._it.faults.struck)})

    async def add_faults(self, request: Request) -> Response:
        """Turn one dial (an object) or several (an array); all or none."""
        try:
            body: object = json.loads(await request.body())
            given = [body] if mapping(body) is not None else sequence(body)
            if given is None:
                return answer(400, {"error": "a fault is an object, several are an array"})
            faults = [Fault.model_validate(one) for one in given]
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            return answer(400, {"error": f"{where}: {first['msg']}"})
        except ValueError as error:
            return answer(400, {"error": f"this is not JSON: {error}"})
        for fault in faults:
            self._it.faults.add(fault)
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """Turn all dials back; ``?seed=`` begins their chances anew."""
        seed = _number(request, "seed", 0) if "seed" in request.query_params else None
        self._it.faults.clear(seed=seed)
        return await self.faults(request)

    async def reset(self, _request: Request) -> Response:
        """Begin anew: no state, no faults, fresh windows, nothing counted."""
        self._it.reset()
        return answer(200, {"vendor": self._it.name, **self._it.counts()})


def _number(request: Request, name: str, default: int) -> int | None:
    text = request.query_params.get(name, str(default))
    return int(text) if text.isdecimal() else None
