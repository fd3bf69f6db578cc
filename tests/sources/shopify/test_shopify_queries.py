"""Every query of the connector against Shopify's own schema: right, of today, within the cap."""

from __future__ import annotations

import pytest
from graphql import (
    GraphQLSchema,
    Source,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)

from connectors.sandbox.shopify_schema import Costs
from connectors.sources import shopify_queries


class Deprecated(Visitor):
    """Collects the fields that Shopify wants nobody to ask for any more."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types, self.found = types, list[str]()

    def enter_field(self, *_: object) -> None:
        field = self.types.get_field_def()
        if field is not None and field.deprecation_reason is not None:
            self.found.append(field.deprecation_reason)


def deprecated(schema: GraphQLSchema, query: str) -> list[str]:
    types = TypeInfo(schema)
    visitor = Deprecated(types)
    visit(parse(query), TypeInfoVisitor(types, visitor))
    return visitor.found


@pytest.mark.parametrize("query", shopify_queries.QUERIES)
def test_shopify_understands_the_query(shopify_schema: GraphQLSchema, query: str) -> None:
    assert validate(shopify_schema, parse(Source(query))) == []
    assert deprecated(shopify_schema, query) == []


def test_what_is_deprecated_or_unknown_would_be_seen(shopify_schema: GraphQLSchema) -> None:
    query = "{ orders(first: 1) { nodes { totalPrice customer { email } } } }"
    assert len(deprecated(shopify_schema, query)) == 2
    assert validate(shopify_schema, parse("{ orders(first: 1) { nodes { total } } }"))


def test_the_first_page_and_a_single_order_are_within_the_cap(
    shopify_schema: GraphQLSchema,
) -> None:
    costs = Costs(shopify_schema, {"first": shopify_queries.FIRST_PAGE})
    page = costs.of(parse(shopify_queries.PAGE))
    assert page == shopify_queries.FIRST_PAGE * shopify_queries.COST_OF_ORDER
    assert page <= shopify_queries.MOST
    assert costs.of(parse(shopify_queries.ORDER)) <= shopify_queries.MOST
