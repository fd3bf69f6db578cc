"""Every order and refund in the tables of a real django-oscar shop is found by one query."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import venv
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from connectors.sources.sql import Sql, SqlOptions

# it is installed, and its tables are made
pytestmark = [pytest.mark.long, pytest.mark.timeout(700)]
HERE = Path(__file__).parent / "oscar"

#: Orders at their own moments, and refunds as rows of their own.
QUERY = """
SELECT o.number AS id, o.user_id, coalesce(nullif(o.guest_email, ''), u.email) AS mail,
    o.date_placed AS at, o.total_incl_tax AS amount, o.currency, o.status
FROM order_order AS o LEFT JOIN auth_user AS u ON u.id = o.user_id
UNION ALL
SELECT 'refund ' || t.id, o.user_id, coalesce(nullif(o.guest_email, ''), u.email),
    t.date_created, -t.amount, o.currency, ''
FROM payment_transaction AS t
    JOIN payment_source AS s ON s.id = t.source_id
    JOIN order_order AS o ON o.id = s.order_id
    LEFT JOIN auth_user AS u ON u.id = o.user_id
WHERE t.txn_type = 'Refund'
"""
COLUMNS = {
    "order_id": "id",
    "customer_id": "user_id",
    "email": "mail",
    "ordered_at": "at",
    "amount": "amount",
    "currency": "currency",
    "status": "status",
}


class Oscar:
    """A shop: its interpreter, and its database."""

    def __init__(self, python: Path, url: str) -> None:
        self.python, self.url = python, url
        target = sa.make_url(url)
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "oscar_settings",
            "SHOP_NAME": str(target.database),
            "SHOP_USER": str(target.username),
            "SHOP_PASSWORD": str(target.password),
            "SHOP_PORT": str(target.port),
        }

    def trade(self, *acts: list[Any]) -> list[str]:
        """Do these; the numbers of the orders that were placed."""
        given = "\n".join(map(json.dumps, acts))
        return self.do(str(HERE / "oscar_trade.py"), given=given).split()

    def do(self, *words: str, given: str = "") -> str:
        done = subprocess.run(
            [self.python, *words],
            env=self.env,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of an environment that has django-oscar; it is kept for the next time."""
    wanted = (HERE / "requirements.txt").read_bytes() + sys.version.encode()
    cache = Path(request.config.rootpath) / ".pytest_cache" / "servers"
    home = cache / f"oscar-{hashlib.sha256(wanted).hexdigest()[:12]}"
    found = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, clear=True, with_pip=True)
        pip = [found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "-r", HERE / "requirements.txt"],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            pytest.skip(f"NOT TESTED AGAINST A REAL DJANGO-OSCAR, AS THERE CAN BE NONE: {why}")
        (home / "complete").touch()
    return found


@pytest.fixture(scope="module")
def tables(python, postgresql) -> str:
    """The name of a database with the shop's tables, as the shop makes them."""
    url = postgresql.fresh()
    Oscar(python, url).do("-m", "django", "migrate", "-v0")
    return str(url.rpartition("/")[2])


@pytest.fixture
def oscar(python, postgresql, tables):
    url = postgresql.fresh(tables)
    yield Oscar(python, url)
    postgresql.drop(url)


def pull(oscar: Oscar, since: str | None = None, **options: Any) -> tuple[dict[str, Any], str]:
    """All rows since a cursor by id, and the cursor after them."""

    async def pages() -> list[Any]:
        given = {"url": oscar.url, "query": QUERY, "columns": COLUMNS, **options}
        given |= {"timezone": "UTC", "currency": "GBP"}
        transport = httpx.MockTransport(lambda _: httpx.Response(500))
        source = Sql(SqlOptions.model_validate(given), transport=transport)
        await source.check()
        found = [
            (page.rows.read_all().to_pylist(), page.cursor) async for page in source.orders(since)
        ]
        await source.aclose()
        return found

    found = asyncio.run(pages())
    if not found:
        return {}, since or ""
    [(rows, cursor)] = found
    return {row["order_id"]: row for row in rows}, cursor


def told(rows: dict[str, Any]) -> dict[str, tuple[str, Decimal]]:
    return {name: (row["kind"], row["amount"]) for name, row in rows.items()}


def test_every_order_is_found_to_the_cent_and_what_becomes_of_it(oscar):
    one, two, three = oscar.trade(
        ["place", ["10.00", "2.55"], "anna", None],
        ["place", ["5.00"], None, "guest@example.com"],
        ["place", ["0.10"] * 3, "bert", None],
    )
    rows, cursor = pull(oscar)
    assert told(rows) == {
        one: ("order", Decimal("12.55")),
        two: ("order", Decimal("5.00")),
        three: ("order", Decimal("0.30")),
    }
    assert rows[one]["email"] == "anna@example.com"
    assert (rows[two]["customer_id"], rows[two]["email"]) == (None, "guest@example.com")
    # none of these leaves a time of change on the order; one is gone without a trace
    oscar.trade(["refund", one, "2.55"], ["status", two, "Cancelled"], ["delete", three])
    rows, later = pull(oscar, cursor)
    [refund] = rows.keys() - {one, two}
    assert told(rows) == {
        one: ("order", Decimal("12.55")),
        two: ("void", Decimal(0)),
        refund: ("refund", Decimal("-2.55")),
    }
    assert rows[refund]["ordered_at"] > rows[one]["ordered_at"]
    assert pull(oscar, later) == ({}, later)


def test_by_its_only_moment_new_orders_are_found_and_the_rest_by_the_full_pull(oscar):
    first, second = oscar.trade(
        ["place", ["1.00"], "anna", None],
        ["place", ["2.00"], "anna", None],
    )
    options = {"cursor": "at", "overlap_hours": 0}
    _, cursor = pull(oscar, **options)
    [third] = oscar.trade(["place", ["3.00"], "anna", None], ["status", first, "Cancelled"])
    rows, _ = pull(oscar, cursor, **options)
    assert told(rows) == {
        second: ("order", Decimal(2)),
        third: ("order", Decimal(3)),
    }
    # what the cursor cannot see, the pull of everything does
    everything, _ = pull(oscar, **options)
    assert told(everything)[first] == ("void", Decimal(0))
