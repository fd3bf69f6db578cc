"""The queries that are put to Shopify, and what they cost by its default arithmetic.

Tests hold each of them against Shopify's own schema, deprecated fields included.
"""

from __future__ import annotations

from typing import Final

#: A single query may cost so much, on every plan.
MOST: Final = 1_000
#: Refunds of an order that are asked for with a page; an order that has as many is asked for alone.
REFUNDS: Final = 5
#: Refunds that are asked for with a single order.
ALL_REFUNDS: Final = 250

#: An object costs 1 and a scalar nothing: the order, its customer with e-mail and phone, the total
#: with its money; each refund with its total and money.
COST_OF_ORDER: Final = 6 + 3 * REFUNDS
#: As many orders as fit; what Shopify then says of its cost corrects it.
FIRST_PAGE: Final = MOST // COST_OF_ORDER - 1

_MONEY = "shopMoney { amount currencyCode }"
_ORDER = f"""
id createdAt processedAt updatedAt cancelledAt test displayFinancialStatus email phone
customer {{ id defaultEmailAddress {{ emailAddress }} defaultPhoneNumber {{ phoneNumber }} }}
totalPriceSet {{ {_MONEY} }}
"""
_REFUND = f"id createdAt processedAt totalRefundedSet {{ {_MONEY} }}"

#: All that a bulk operation writes down: one line an order, its refunds in it.
EVERYTHING: Final = f"{{ orders {{ edges {{ node {{ {_ORDER} refunds {{ {_REFUND} }} }} }} }} }}"

PAGE: Final = f"""
query Orders($first: Int!, $query: String!, $sort: OrderSortKeys!) {{
  orders(first: $first, query: $query, sortKey: $sort) {{
    pageInfo {{ hasNextPage }}
    nodes {{ {_ORDER} refunds(first: {REFUNDS}) {{ {_REFUND} }} }}
  }}
}}
"""

ORDER: Final = f"""
query Order($id: ID!) {{
  order(id: $id) {{ {_ORDER} refunds(first: {ALL_REFUNDS}) {{ {_REFUND} }} }}
}}
"""

_OPERATION = "id status errorCode createdAt objectCount rootObjectCount url"

#: ``groupObjects: false``: an order's lines need not follow it, which costs Shopify less.
START: Final = f"""
mutation Start($query: String!) {{
  bulkOperationRunQuery(query: $query, groupObjects: false) {{
    bulkOperation {{ {_OPERATION} }}
    userErrors {{ code field message }}
  }}
}}
"""

POLL: Final = f"query Poll($id: ID!) {{ bulkOperation(id: $id) {{ {_OPERATION} }} }}"

ACCESS: Final = "{ currentAppInstallation { accessScopes { handle } } }"

#: All of them, for whoever wants to hold them against the schema.
QUERIES: Final = (EVERYTHING, PAGE, ORDER, START, POLL, ACCESS)
