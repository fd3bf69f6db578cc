"""Shopify's own schema, from a file that Shopify publishes, and what a query costs under it.

The file is the answer to an introspection query, as the npm package ``@shopify/dev-mcp`` holds it
in ``dist/data/admin_VERSION.json.gz``. It is read, never shipped.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLList,
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    build_client_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_object_type,
)

#: Objects of a list or connection whose size a query leaves open.
OPEN: Final = 10
#: What a mutation costs.
MUTATION: Final = 10
#: Where a connection has its objects.
CARRY: Final = frozenset({"edges", "nodes"})


def schema(file: Path) -> GraphQLSchema:
    """The schema in the file. Its own rules are not checked: Shopify's breaks one of them."""
    with gzip.open(file) as packed:
        told = json.load(packed)
    return build_client_schema(told["data"], assume_valid=True)


class Costs:
    """Points of a query: an object 1, a scalar nothing, a list as many times as it may be long."""

    def __init__(self, schema: GraphQLSchema, variables: dict[str, Any]) -> None:
        self._schema, self._variables = schema, variables

    def of(self, document: DocumentNode) -> int:
        """What is asked for before it is begun."""
        total = 0
        for each in document.definitions:
            if isinstance(each, OperationDefinitionNode):
                root = self._schema.get_root_type(each.operation)
                total += MUTATION if each.operation is OperationType.MUTATION else 0
                total += 0 if root is None else self._below(each.selection_set, root)
        return total

    def _below(self, selection: SelectionSetNode | None, of: GraphQLOutputType) -> int:
        named = get_named_type(of)
        if selection is None or not is_object_type(named):
            return 0
        nodes = [each for each in selection.selections if isinstance(each, FieldNode)]
        return sum(self._field(each, named.fields) for each in nodes)

    def _field(self, node: FieldNode, fields: dict[str, Any]) -> int:
        found = fields.get(node.name.value)
        if found is None or is_leaf_type(get_named_type(found.type)):
            return 0
        if get_named_type(found.type).name.endswith("Connection"):
            # the nodes are what costs, not the connection, its edges, or where the page ends
            kinds = get_named_type(found.type).fields
            below = sum(self._nodes(n, kinds) for n in _fields(node) if n.name.value in CARRY)
            return self._times(node) * below
        one = 1 + self._below(node.selection_set, found.type)
        is_list = isinstance(get_nullable_type(found.type), GraphQLList)
        return one * (self._times(node) if is_list else 1)

    def _nodes(self, node: FieldNode, fields: dict[str, Any]) -> int:
        kind = fields[node.name.value].type
        if node.name.value == "edges":
            kind = get_named_type(kind).fields["node"].type
            node = next(n for n in _fields(node) if n.name.value == "node")
        return 1 + self._below(node.selection_set, kind)

    def _times(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last"}:
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                if isinstance(value, VariableNode):
                    return int(self._variables[value.name.value])
        return OPEN


def _fields(node: FieldNode) -> list[FieldNode]:
    below = node.selection_set
    return [] if below is None else [n for n in below.selections if isinstance(n, FieldNode)]
