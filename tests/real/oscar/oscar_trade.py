"""Trade in the shop by its own code: reads what to do as JSON, tells the numbers of new orders.

Each line of the input is one of ``["place", lines, user or null, guest's address or null]``,
``["status", number, status]``, ``["refund", number, amount]`` and ``["delete", number]``.
"""

import json
import sys
from decimal import Decimal

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from oscar.apps.order.models import Order  # noqa: E402
from oscar.apps.payment.models import Source, SourceType  # noqa: E402
from oscar.test.factories import create_basket, create_order, create_product  # noqa: E402


def place(prices: list[str], user: str | None, guest: str | None) -> str:
    basket = create_basket(empty=True)
    for price in prices:
        basket.add_product(create_product(price=Decimal(price), num_in_stock=9))
    buyer = None
    if user is not None:
        buyer, _ = User.objects.get_or_create(username=user, email=f"{user}@example.com")
    number = str(100_000 + Order.objects.count())
    given = {} if guest is None else {"guest_email": guest}
    order = create_order(number=number, basket=basket, user=buyer, **given)
    kind, _ = SourceType.objects.get_or_create(name="card")
    source = Source.objects.create(order=order, source_type=kind, currency=order.currency)
    source.debit(order.total_incl_tax)
    return number


def act(what: str, *given: object) -> None:
    if what == "place":
        sys.stdout.write(f"{place(*given)}\n")
        return
    number, *rest = given
    order = Order.objects.get(number=number)
    if what == "status":
        order.set_status(*rest)
    elif what == "refund":
        order.sources.get().refund(Decimal(rest[0]))
    else:
        order.delete()


for line in sys.stdin:
    act(*json.loads(line))
