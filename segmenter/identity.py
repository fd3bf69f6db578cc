"""Who is who: one id a customer, and where he can be reached.

The id is the shop's own customer id where there is one, else the e-mail address in small letters.
"""

from __future__ import annotations

import ibis

from segmenter.expr import Table, Text


def normal_email(email: Text) -> Text:
    """Small letters, no blanks around; null if it cannot be an address."""
    # Blanks are rare and stripping is slow, so only where there is one.
    bare: Text = ibis.ifelse(email.like("% %"), email.strip(), email)
    text = bare.lower()
    plausible = text.like("%_@_%._%") & ~text.like("%@%@%") & ~text.like("% %") & ~text.like("%.")
    return ibis.ifelse(plausible, text, ibis.null("string"))


def with_customer(orders: Table) -> Table:
    """Orders with the column ``customer``; rows that name nobody are left out."""
    named = orders.customer_id.notnull() & (orders.customer_id != "")
    # The address is worked out for guests only: over every row it would double the whole cost.
    customer = ibis.ifelse(named, orders.customer_id, normal_email(orders.email))
    return orders.mutate(customer=customer).filter(ibis._.customer.notnull())


def latest_contact(rows: Table, column: str) -> Table:
    """``customer`` and his latest usable ``column`` (email or phone), for those who used several.

    Two on the same moment: the last by the alphabet, so that the order of rows does not matter.
    """
    value = normal_email(rows[column]) if column == "email" else rows[column].strip().nullif("")
    used = rows.select("customer", "ordered_at", contact=value).filter(ibis._.contact.notnull())
    newest = ibis.row_number().over(
        group_by="customer", order_by=[ibis.desc("ordered_at"), ibis.desc("contact")]
    )
    ranked = used.mutate(newest=newest)
    return ranked.filter(ranked.newest == 0).select("customer", "contact")
