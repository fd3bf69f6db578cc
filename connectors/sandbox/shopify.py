"""A Shopify shop of one's own: the Admin GraphQL API, executed by Shopify's own published schema.

It holds orders in Shopify's shape, keeps the allowance of points, hides old orders from apps that
may not see them, works on bulk operations, and gives out tokens that expire. The schema is a file
that whoever starts it names (see ``shopify_schema``); ``graphql-core`` executes it, which comes
with the extra ``testing``.

Known from Shopify's documents: the points (a bucket of 2,000, 100 a second on the standard plan,
1,000 at most a query, costs as in ``shopify_schema``), the shape of THROTTLED and of ACCESS_DENIED,
five bulk operations at once, results kept seven days, tokens good for a day. Assumed: that hiding
goes by ``createdAt``, that a place in a paged answer is an offset, and the words of other errors.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

try:
    from graphql import DocumentNode, GraphQLError, GraphQLSchema, execute_sync, parse, validate
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "the look-alike of Shopify needs graphql-core: pip install 'tidesman[testing]'"
    ) from missing

from connectors.sandbox.lookalike import LookAlike
from connectors.sandbox.shopify_bulk import Operation, lines
from connectors.sandbox.shopify_schema import Costs, schema
from connectors.sandbox.shopify_shop import View, gid, resolve
from connectors.sandbox.windows import Verdict
from connectors.sandbox.wire import Call, answer, mapping

BUCKET: Final = 2_000.0
REFILL: Final = 100.0
MOST: Final = 1_000
PAGE: Final = 250
AT_ONCE: Final = 5
KEPT: Final = 7 * 86_400
DAY: Final = 86_399
ALL_SCOPES: Final = frozenset({"read_orders", "read_all_orders", "read_customers"})


class Shopify(LookAlike):
    """One shop and one app. ``orders`` may be changed between requests.

    ``keys`` are tokens that do not expire; ``app`` is an id and a secret that get tokens for a day.
    A bulk operation is done ``seconds_a_bulk`` after it was begun. ``export`` takes the place of a
    bulk result: its lines, and how many orders they are.
    """

    name: ClassVar[str] = "shopify"

    def __init__(
        self,
        schema_file: Path | GraphQLSchema,
        orders: Iterable[dict[str, Any]] = (),
        *,
        scopes: Collection[str] = ALL_SCOPES,
        app: tuple[str, str] | None = None,
        seconds_a_bulk: float = 0.0,
        export: tuple[Callable[[], Iterable[bytes]], int] | None = None,
        **told: Any,  # noqa: ANN401 - as for every look-alike
    ) -> None:
        super().__init__(**told)
        given = schema_file
        self.schema = given if isinstance(given, GraphQLSchema) else schema(given)
        self.orders: list[dict[str, Any]] = list(orders)
        self.scopes, self.app = frozenset(scopes), app
        self.seconds_a_bulk, self.export = seconds_a_bulk, export
        #: The error with which bulk operations fail, or None; refusals of queries by their code.
        self.fails: str | None = None
        self.refusals: Counter[str] = Counter()
        self.forget_jobs()

    def spend(self, points: float) -> None:
        """Take so many points away, as other programs with the same app would."""
        self._points -= points

    def forget_jobs(self) -> None:
        """No token, no bulk operation, a full bucket."""
        self.operations: dict[str, Operation] = {}
        self.tokens: dict[str, float] = {}
        self._points, self._counted_at = BUCKET, self.clock()

    def routes(self) -> list[BaseRoute]:
        """GraphQL, tokens, and the store of bulk results."""
        return [
            self.route("POST", "/admin/api/{version}/graphql.json", self._graphql),
            self.route("POST", "/admin/oauth/access_token", self._token),
            self.route("GET", "/store/{name}", self._stored),
        ]

    # -- the gate

    def authorize(self, call: Call) -> Response | None:
        """A token that has not expired; the store takes none, and must not be told one."""
        token = call.headers.get("X-Shopify-Access-Token")
        if call.path.startswith("/store/"):
            return (
                None if token is None else answer(400, {"errors": "a token was told to the store"})
            )
        if not call.path.endswith("/graphql.json"):
            return None
        good = token is not None and (
            (self.keys is None and not self.tokens)
            or (self.keys is not None and token in self.keys)
            or self.tokens.get(token, 0.0) > self.clock()
        )
        if good:
            return None
        said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return answer(401, {"errors": said})

    def problem(self, status: int, detail: str) -> Response:
        """An error in the vendor's shape."""
        return answer(status, {"errors": detail})

    def throttled(self, wait: float, verdict: Verdict | None) -> Response:  # noqa: ARG002
        """A 429, as some report it."""
        headers = {"Retry-After": f"{wait:.1f}"}
        return answer(429, {"errors": "Exceeded calls per second"}, headers)

    def _token(self, call: Call) -> Response:
        asked = mapping(call.json) or {}
        if asked.get("grant_type") != "client_credentials" or self.app is None:
            return answer(400, {"error": "unsupported_grant_type"})
        if (asked.get("client_id"), asked.get("client_secret")) != self.app:
            return answer(400, {"error": "application_cannot_be_found"})
        token = f"shpat_{secrets.token_hex(16)}"
        self.tokens[token] = self.clock() + DAY
        scope = ",".join(sorted(self.scopes))
        return answer(200, {"access_token": token, "scope": scope, "expires_in": DAY})

    # -- GraphQL

    def _graphql(self, call: Call) -> Response:
        asked = mapping(call.json) or {}
        variables = mapping(asked.get("variables")) or {}
        try:
            document = parse(str(asked.get("query", "")))
        except GraphQLError as error:
            return answer(200, {"errors": [error.formatted]})
        wrong = validate(self.schema, document)
        if wrong:
            return answer(200, {"errors": [error.formatted for error in wrong]})
        points = Costs(self.schema, variables).of(document)
        if points > MOST:
            return self._refused("MAX_COST_EXCEEDED", f"Query cost is {points}", points)
        self._refill()
        if self.limits and points > self._points + 1e-6:
            return self._refused("THROTTLED", "Throttled", points)
        body = self._executed(document, variables, call.base, PAGE)
        actual = min(points, _objects(body.get("data")))
        self._points -= actual
        return answer(200, {**body, "extensions": self._cost(points, actual)})

    def _executed(
        self, document: DocumentNode, variables: dict[str, Any], base: str, most: int | None
    ) -> dict[str, Any]:
        roots: dict[str, Callable[..., object]] = {
            "bulkOperationRunQuery": self._begin,
            "bulkOperation": partial(self._told, base=base),
            "currentAppInstallation": lambda: {
                "accessScopes": [{"handle": handle} for handle in sorted(self.scopes)]
            },
        }
        view = View(self.orders, self.scopes, self.now(), most)
        done = execute_sync(
            self.schema,
            document,
            context_value={"view": view, "roots": roots},
            variable_values=variables,
            field_resolver=resolve,
        )
        return done.formatted  # type: ignore[return-value]

    def _refill(self) -> None:
        now = self.clock()
        self._points = min(BUCKET, self._points + REFILL * (now - self._counted_at))
        self._counted_at = now

    def _cost(self, points: float, actual: float | None) -> dict[str, Any]:
        bucket = {
            "maximumAvailable": BUCKET,
            "currentlyAvailable": int(self._points),
            "restoreRate": REFILL,
        }
        told = {"requestedQueryCost": points, "actualQueryCost": actual, "throttleStatus": bucket}
        return {"cost": told}

    def _refused(self, code: str, said: str, points: float) -> Response:
        self.refusals[code] += 1
        error = {"message": said, "extensions": {"code": code}}
        return answer(200, {"errors": [error], "extensions": self._cost(points, None)})

    # -- bulk operations

    def _begin(self, query: str, **_: object) -> dict[str, Any]:
        running = [each for each in self.operations.values() if each.runs(self.clock())]
        if len(running) >= AT_ONCE:
            return _not_begun("LIMIT_REACHED", "Too many bulk operations")
        document = parse(query)
        wrong = validate(self.schema, document)
        if wrong:
            return _not_begun("INVALID", wrong[0].message)
        number = len(self.operations) + 1
        made = Operation(gid("BulkOperation", number), number, self.clock(), self.seconds_a_bulk)
        self.operations[made.id] = made
        if self.export is not None:
            made.write(*self.export)
        else:
            self._work(made, document)
        return {"bulkOperation": made.told(self.clock(), ""), "userErrors": []}

    def _work(self, made: Operation, document: DocumentNode) -> None:
        body = self._executed(document, {}, "", None)
        if body.get("errors") or self.fails is not None:
            made.fail(self.fails or "ACCESS_DENIED")
            return
        found = lines(body["data"])
        # those below an order need not follow it
        random.Random(made.number).shuffle(found)  # noqa: S311
        made.write(lambda: found, len(body["data"]["orders"]["edges"]))

    def _told(self, id: str, base: str) -> dict[str, Any] | None:  # noqa: A002 - Shopify's word
        made = self.operations.get(id)
        return None if made is None else made.told(self.clock(), base)

    def _stored(self, call: Call) -> Response:
        number = call.params["name"].removesuffix(".jsonl")
        made = self.operations.get(gid("BulkOperation", int(number)))
        if made is None or made.over(self.clock()):
            return Response("<Error><Code>ExpiredToken</Code></Error>", 403)
        if self.export is None:
            return Response(b"".join(made.content()), media_type="application/jsonl")
        return StreamingResponse(made.content(), media_type="application/jsonl")

    # -- what a person asks

    def counts(self) -> dict[str, int]:
        """Orders, and bulk operations."""
        return {"orders": len(self.orders), "bulk_operations": len(self.operations)}

    def values(self, name: str) -> Counter[str]:
        """How many orders hold each value of a field."""
        return Counter(str(each.get(name, "(absent)")) for each in self.orders)

    def profile(self, identifier: str) -> dict[str, Any] | None:
        """An order, by its number."""
        return next((o for o in self.orders if o["id"].endswith(f"/{identifier}")), None)

    def profiles(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """The orders, as they were put in."""
        return self.orders[offset : offset + limit]

    def events(self, limit: int) -> list[dict[str, Any]]:  # noqa: ARG002
        """There are none."""
        return []

    def forget(self) -> None:
        """An empty shop."""
        self.orders.clear()
        self.forget_jobs()


def _objects(part: object) -> int:
    """How many objects an answer holds."""
    if isinstance(part, dict):
        return 1 + sum(_objects(each) for each in part.values())
    return sum(_objects(each) for each in part) if isinstance(part, list) else 0


def _not_begun(code: str, said: str) -> dict[str, Any]:
    error = {"code": code, "field": None, "message": said}
    return {"bulkOperation": None, "userErrors": [error]}
