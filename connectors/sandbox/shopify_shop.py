"""What a look-alike shop knows, and how its fields are answered when the schema is executed.

An order is a mapping with Shopify's own field names; ``order`` makes one. Connections below an
order (line items) are lists there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from graphql import GraphQLError, GraphQLResolveInfo, get_named_type

#: Without ``read_all_orders`` older orders are hidden.
HIDDEN: Final = timedelta(days=60)
#: Objects that one query may be paged through.
PAGED: Final = 25_000
#: Fields that a permission of their own opens.
SCOPES: Final = {
    ("QueryRoot", "orders"): "read_orders",
    ("QueryRoot", "order"): "read_orders",
    ("Order", "customer"): "read_customers",
    ("InventoryItem", "unitCost"): "read_inventory",
}
_TERM: Final = re.compile(r"(updated_at|id):(>=|<)'?([^']+?)'?")


def gid(kind: str, number: int) -> str:
    """Shopify's id of a thing."""
    return f"gid://shopify/{kind}/{number}"


def money(amount: Decimal, currency: str = "EUR", shown: str | None = None) -> dict[str, Any]:
    """An amount in the shop's money; the buyer saw it in another, if ``shown`` names one."""
    presented = {"amount": str(amount), "currencyCode": currency}
    if shown is not None:
        presented = {"amount": str(amount * 2), "currencyCode": shown}
    return {
        "shopMoney": {"amount": str(amount), "currencyCode": currency},
        "presentmentMoney": presented,
    }


def moment(at: datetime) -> str:
    """A moment as Shopify writes it: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def customer(number: int, email: str | None, phone: str | None = None) -> dict[str, Any]:
    """Somebody with an account."""
    return {
        "id": gid("Customer", number),
        "defaultEmailAddress": None
        if email is None
        else {"emailAddress": email, "marketingState": "NOT_SUBSCRIBED"},
        "defaultPhoneNumber": None if phone is None else {"phoneNumber": phone},
    }


def order(
    number: int,
    at: datetime,
    total: Decimal,
    *,
    currency: str = "EUR",
    shown: str | None = None,
    **fields: Any,  # noqa: ANN401 - they are Shopify's
) -> dict[str, Any]:
    """A paid order of a guest; ``fields`` are Shopify's own and go over what stands here."""
    return {
        "id": gid("Order", number),
        "createdAt": moment(at),
        "processedAt": moment(at),
        "updatedAt": moment(at),
        "cancelledAt": None,
        "test": False,
        "displayFinancialStatus": "PAID",
        "email": None,
        "phone": None,
        "customer": None,
        "totalPriceSet": money(total, currency, shown),
        "refunds": [],
        "lineItems": [],
        **fields,
    }


def refund(number: int, at: datetime, total: Decimal, currency: str = "EUR") -> dict[str, Any]:
    """Money that was paid back."""
    return {
        "id": gid("Refund", number),
        "createdAt": moment(at),
        "processedAt": moment(at),
        "totalRefundedSet": money(total, currency),
    }


@dataclass(frozen=True)
class View:
    """What one request may see: its permissions, the moment, and whether it is a bulk operation."""

    orders: Sequence[dict[str, Any]]
    scopes: frozenset[str]
    now: datetime
    most: int | None

    def visible(self) -> list[dict[str, Any]]:
        """The orders that the permissions show."""
        if "read_all_orders" in self.scopes:
            return list(self.orders)
        since = moment(self.now - HIDDEN)
        return [each for each in self.orders if each["createdAt"] >= since]


def resolve(source: Any, info: GraphQLResolveInfo[Any], **asked: Any) -> Any:  # noqa: ANN401
    """A field of the shop, as graphql-core asks for it."""
    view: View = info.context["view"]
    scope = SCOPES.get((info.parent_type.name, info.field_name))
    if scope is not None and scope not in view.scopes:
        raise GraphQLError(
            f"Access denied for {info.field_name} field. Required access: `{scope}` access scope.",
            extensions={"code": "ACCESS_DENIED"},
        )
    own = info.context["roots"].get(info.field_name) if source is None else None
    if own is not None:
        return own(**asked)
    if source is None and info.field_name == "orders":
        return connection(_found(view, asked.get("query"), asked.get("sortKey")), view, asked)
    if source is None and info.field_name == "order":
        return next((o for o in view.visible() if o["id"] == asked["id"]), None)
    value = {} if source is None else source.get(info.field_name)
    if get_named_type(info.return_type).name.endswith("Connection") and isinstance(value, list):
        return connection(value, view, asked)
    first = asked.get("first")
    return value[:first] if isinstance(value, list) and first is not None else value


def _found(view: View, query: str | None, sort: str | None) -> list[dict[str, Any]]:
    found = view.visible()
    if query is not None:
        for term in query.split(" AND "):
            found = [each for each in found if _fits(each, term)]
    if sort == "UPDATED_AT":
        return sorted(found, key=lambda each: (each["updatedAt"], number(each)))
    return sorted(found, key=number)


def number(each: dict[str, Any]) -> int:
    """The end of Shopify's id."""
    return int(each["id"].rpartition("/")[2])


def _fits(each: dict[str, Any], term: str) -> bool:
    told = _TERM.fullmatch(term)
    if told is None:
        raise GraphQLError(f"the look-alike does not know the filter {term}")
    name, comparator, value = told.groups()
    if name == "id":
        return number(each) >= int(value) if comparator == ">=" else number(each) < int(value)
    there: str = each["updatedAt"]
    return there >= value if comparator == ">=" else there < value


def connection(
    found: Sequence[dict[str, Any]], view: View, asked: dict[str, Any]
) -> dict[str, Any]:
    """A page of a list; a bulk operation (no ``most``) brings all of it."""
    if view.most is None:
        return {"edges": [{"node": each} for each in found]}
    first = asked.get("first")
    if first is None:
        raise GraphQLError("you must provide one of first or last")
    if first > view.most:
        raise GraphQLError(f"first cannot exceed {view.most}")
    begin = _place(asked.get("after"))
    if begin + first > PAGED:
        raise GraphQLError("Paginating beyond 25000 objects is not supported.")
    page = found[begin : begin + first]
    return {
        "nodes": page,
        "edges": [{"node": each} for each in page],
        "pageInfo": {
            "hasNextPage": begin + len(page) < len(found),
            "endCursor": f"place-{begin + len(page)}" if page else None,
        },
    }


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.startswith("place-"):
        raise GraphQLError("Invalid cursor for current pagination sort.")
    return int(after.removeprefix("place-"))
