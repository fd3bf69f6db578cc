"""Bad input: a sentence with file, row and column, or a count under its own name; nothing lost."""

import asyncio
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import Misconfigured

HEADER = "order,customer,at,amount\n"
GOOD = "".join(f"G{i},{i % 9},2020-01-02,1\n" for i in range(200))
EMAILS = {"order_id": "order", "email": "mail", "ordered_at": "at", "amount": "amount"}
PLAIN = {"order_id": "order", "customer_id": "customer", "ordered_at": "at", "amount": "amount"}
PARTS = {
    "order_id": "order", "customer_id": "customer", "ordered_at": "at", "quantity": "n",
    "unit_price": "price",
}  # fmt: skip


def test_a_missing_file_is_named_with_the_nearest_name(pull, tmp_path):
    (tmp_path / "orders.csv").write_text(HEADER + GOOD)
    with pytest.raises(Misconfigured, match=r"no file .*order\.csv; did you mean orders\.csv\?"):
        pull(str(tmp_path / "order.csv"))
    with pytest.raises(Misconfigured, match=r"the folder .*nowhere does not exist"):
        pull(str(tmp_path / "nowhere/orders.csv"))
    with pytest.raises(Misconfigured, match=r"no file matches .*\*\.parquet"):
        pull(str(tmp_path / "*.parquet"))


def test_a_folder_without_orders_says_what_is_there(pull, tmp_path):
    with pytest.raises(Misconfigured, match="nothing"):
        pull(str(tmp_path))
    (tmp_path / "orders.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(Misconfigured, match=r"only orders\.xlsx"):
        pull(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("o.csv", b"PAR1....PAR1", "is Parquet, not text"),
        ("o.csv", b"PK\x03\x04....", "is a spreadsheet"),
        ("o.csv", b"\x1f\x8b....", "is gzip"),
        ("o.csv", b"", "is empty"),
        ("o.csv", b"\n1,2\n", "row 1: there is no header"),
        ("o.parquet", b"order,customer\n", "is named as Parquet but is text"),
        ("o.parquet", b"PAR1 broken", "cannot be read to its end"),
        ("o.csv.gz", b"\x1f\x8b\x08 broken", "cannot be read to its end"),
        ("o.xlsx", b"PK\x03\x04", r"is no \.csv, \.csv\.gz, \.parquet or \.jsonl"),
        ("o.jsonl", b'{"order": 1}\nnothing\n', r"row 2 is no JSON object"),
        ("o.jsonl", b"[1]\n", r"row 1 is JSON but no object"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(read, name, content, sentence):
    with pytest.raises(Misconfigured, match=sentence):
        read(content, name=name)


def test_an_unknown_column_is_named_with_the_nearest(read):
    with pytest.raises(Misconfigured) as caught:
        read("Order,customer,at,amount\n" + GOOD)
    assert "row 1: there is no column 'order' (columns.order_id); did you mean 'Order'" in str(
        caught.value
    )
    with pytest.raises(Misconfigured, match="it has a, b"):
        read("a,b\n1,2\n")


def test_a_column_that_stands_twice_is_refused(read):
    with pytest.raises(Misconfigured, match="has 2 columns 'amount'"):
        read("order,customer,at,amount,amount\n1,2,2020-01-02,1,2\n")


def test_another_encoding_is_told_and_can_be_set(read):
    text = "order,customer,at,amount\n1,Zoë,2020-01-02,1\n"
    with pytest.raises(Misconfigured, match="set encoding, such as windows-1252"):
        read(text.encode("cp1252"))
    assert read(text.encode("cp1252"), encoding="windows-1252").orders[0]["customer_id"] == "Zoë"
    assert read(text.encode("utf-16"), encoding="utf-16").orders[0]["customer_id"] == "Zoë"
    assert read(text.encode("utf-8-sig")).orders[0]["customer_id"] == "Zoë"


@pytest.mark.parametrize(
    ("row", "name", "example"),
    [
        ("B,1,31.12.2020,1", "unreadable dates", "row 202, column at: '31.12.2020'"),
        ("B,1,,1", "unreadable dates", "row 202, column at: is empty"),
        ("B,1,2020-01-02,", "missing amounts", "row 202, column amount: is empty"),
        ("B,1,2020-01-02,x", "unreadable amounts", "row 202, column amount: 'x'"),
        (",1,2020-01-02,1", "missing order ids", "row 202, column order: is empty"),
        ("B,,2020-01-02,1", "lines without a customer", "row 202, column customer: is empty"),
        ("B,None,2020-01-02,1", "lines without a customer", "row 202, column customer: is empty"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_named_and_kept_aside(read, row, name, example):
    page = read(HEADER + GOOD + row + "\n")
    assert page.counts() == {name: 1}
    assert page.faults[name].example == f"orders.csv, {example}"
    assert len(page.orders) == 200
    [aside] = page.aside
    assert (aside["file"], aside["row"], aside["problem"]) == ("orders.csv", 202, name)
    assert [aside[c] for c in ("order", "customer", "at", "amount")] == row.split(",")


def test_too_many_unreadable_rows_refuse_the_file_and_name_the_first(read):
    bad = GOOD.replace("G7,7,2020-01-02", "G7,7,7.2.2020").replace("G9,0,2020-01-02,1", "G9,0,,x")
    bad = bad.replace("G11,2,2020-01-02,1", "G11,2,2020-01-02,y")
    with pytest.raises(Misconfigured) as caught:
        read(HEADER + bad)
    assert "orders.csv, row 9, column at: '7.2.2020' can be read" in str(caught.value)
    assert "(3 of 200 rows cannot be read); mend that" in str(caught.value)
    assert "or set tolerate: 0.02 to set such rows aside and go on" in str(caught.value)
    assert read(HEADER + bad, tolerate=0.02).counts() == {
        "unreadable dates": 2,
        "unreadable amounts": 1,
    }


@pytest.mark.parametrize("bad", [29, 58, 7])
def test_the_share_that_is_named_is_enough(read, bad):
    good = "".join(f"G{i},1,2020-01-02,1\n" for i in range(100 - bad))
    text = HEADER + good + "".join(f"B{i},1,2020-01-02,x\n" for i in range(bad))
    with pytest.raises(Misconfigured, match=rf"set tolerate: 0\.{bad:02} to set"):
        read(text)
    assert len(read(text, tolerate=bad / 100).orders) == 100 - bad


def test_rows_with_too_many_or_too_few_cells(read):
    page = read(HEADER + GOOD + "X,1,2020-01-02\nY,2,2020-01-02,1\n")
    assert page.counts() == {"unreadable rows": 1}
    assert "row 202" in page.faults["unreadable rows"].example
    assert "Y" in page.by_id()
    assert page.aside == [
        {"file": "orders.csv", "row": 202, "problem": "unreadable rows", "order": "X,1,2020-01-02",
         "customer": None, "at": None, "amount": None}
    ]  # fmt: skip
    with pytest.raises(Misconfigured, match="row 3: has not as many cells as the header"):
        read(HEADER + "Y,2,2020-01-02,1\nX,1,2020-01-02\n")


def test_a_quote_that_is_never_closed_hides_no_row(read):
    page = read(HEADER + GOOD + '"X,1,2020-01-02,1\n' + "Y,2,2020-01-02,1\n", tolerate=0.1)
    assert page.counts() == {"unreadable rows": 2}
    assert "Y,2" in page.aside[0]["order"]


def test_no_address_of_a_customer_stands_in_a_message(read):
    swapped = {**PLAIN, "ordered_at": "customer", "customer_id": "at"}
    for options in ({}, {"tolerate": 1}):
        with pytest.raises(Misconfigured) as caught:
            read(HEADER + "1,bob@x.org,2020-01-02,1\n", columns=swapped, **options)
        assert "bob" not in str(caught.value)
    page = read(
        HEADER + GOOD.replace("G1,1,", "G1,2020-01-02,").replace("G2,2,20", "G2,bob@x.org,20")
    )
    assert "bob" not in str(page.faults)


def test_row_numbers_are_those_of_a_spreadsheet(read):
    text = HEADER + 'A,"two\nlines",2020-01-02,1\n\n,,,\nX,1\nB,1,2020-01-02,1\nC,,2020-01-02,1\n'
    page = read(text, tolerate=1)
    assert len(page.orders) == 2
    assert page.faults["unreadable rows"].example.startswith("orders.csv, row 5")
    assert page.faults["lines without a customer"].example.startswith("orders.csv, row 7,")


def test_a_product_that_no_order_can_hold_is_an_unreadable_amount(read):
    rows = "".join(f"{i},1,9,7,2020-01-02\n" for i in range(200)) + "X,1000000,1e9,7,2020-01-02\n"
    page = read("order,n,price,customer,at\n" + rows, columns=PARTS)
    assert page.counts() == {"unreadable amounts": 1}
    assert "row 202, column price" in page.faults["unreadable amounts"].example


def test_a_negative_amount_is_a_refund_and_zero_is_an_order(read):
    page = read(HEADER + "1,1,2020-01-02,-5.5\n2,1,2020-01-02,0\n")
    assert [(o["kind"], o["amount"]) for o in page.orders] == [
        ("refund", Decimal("-5.5")),
        ("order", 0),
    ]
    assert page.counts() == {"refunds": 1}


def test_of_a_repeated_order_id_the_last_row_wins_and_the_others_are_kept_aside(read):
    page = read(HEADER + GOOD + "G3,3,2020-01-05,9\nG3,3,2020-01-04,7\n")
    assert page.counts() == {"duplicate order ids": 2}
    assert page.by_id()["G3"]["amount"] == 7
    assert [a["row"] for a in page.aside] == [5, 202]


def test_many_repeated_order_ids_ask_for_lines(read):
    text = HEADER + "1,1,2020-01-02,5\n1,1,2020-01-02,6\n2,1,2020-01-02,6\n"
    with pytest.raises(Misconfigured, match=r"1 of 3 rows repeat .* column order; set lines: true"):
        read(text)
    assert read(text, lines=True).by_id()["1"]["amount"] == 11
    assert read(text, latest_row_wins=True).by_id()["1"]["amount"] == 6


def test_what_is_no_e_mail_address_is_counted_but_never_shown(read):
    page = read(
        "order,mail,at,amount\n1, A@b.Co ,2020-01-02,1\n2,five@,2020-01-02,1\n3,,2020-01-02,1\n",
        columns=EMAILS,
    )
    assert page.counts() == {"not an e-mail address": 1, "lines without a customer": 1}
    assert page.faults["not an e-mail address"].example == "orders.csv, row 3, column mail"
    assert [o["email"] for o in page.orders] == ["a@b.co"]
    assert [a["mail"] for a in page.aside] == ["five@", ""]


def test_a_customer_with_a_bad_address_keeps_the_order(read):
    columns = {**EMAILS, "customer_id": "customer"}
    page = read("order,customer,mail,at,amount\n1,7,me at home,2020-01-02,1\n", columns=columns)
    assert page.counts() == {"not an e-mail address": 1}
    assert (page.orders[0]["customer_id"], page.orders[0]["email"]) == ("7", None)


def test_an_empty_source_is_said_to_be_empty(read):
    for text in (HEADER, HEADER + "1,,2020-01-02,1\n"):
        with pytest.raises(Misconfigured, match=r"there is no order in .*orders\.csv"):
            read(text)


def test_an_empty_file_beside_a_full_one_is_counted(pull, tmp_path):
    (tmp_path / "a.csv").write_text(HEADER)
    (tmp_path / "b.csv").write_text(HEADER + GOOD)
    first, second = pull(str(tmp_path))
    assert first.counts() == {"files without a row": 1}
    assert (len(first.orders), len(second.orders)) == (0, 200)


def test_an_order_that_cannot_be_read_whole_is_not_read_in_part(read):
    page = read(
        HEADER + GOOD + "L,1,2020-01-02,5\nL,1,2020-01-02,?\nL,1,2020-01-02,3\n", lines=True
    )
    assert "L" not in page.by_id()
    assert page.counts() == {
        "unreadable amounts": 1, "lines of an order that cannot be read whole": 2,
    }  # fmt: skip
    assert [a["row"] for a in page.aside] == [202, 203, 204]


def test_an_order_of_two_customers_or_two_currencies_is_set_aside(read):
    rows = ["1,7,GBP", "1,8,GBP", "2,7,EUR", "2,7,USD", "3,7,eur"]
    text = "order,customer,money,at,amount\n" + "".join(f"{r},2020-01-02,1\n" for r in rows)
    page = read(text, columns={**PLAIN, "currency": "money"}, lines=True)
    assert [(o["order_id"], o["currency"]) for o in page.orders] == [("3", "EUR")]
    assert page.counts() == {
        "lines of an order of several customers or currencies": 4, "orders in another currency": 1,
    }  # fmt: skip


def test_a_status_takes_an_order_away(read):
    columns = {**PLAIN, "status": "status"}
    rows = ["1,7,2020-01-02,1,Cancelled", "2,7,2020-01-02,2,paid", "3,7,2020-01-02,2,"]
    text = "\n".join(["order,customer,at,amount,status", *rows, ""])
    page = read(text, columns=columns)
    assert [(o["order_id"], o["kind"], o["amount"]) for o in page.orders] == [
        ("1", "void", 0), ("2", "order", 2), ("3", "order", 2),
    ]  # fmt: skip
    assert page.counts() == {"orders taken away by their status": 1}
    lines = text + "2,7,2020-01-02,5,VOID\n"
    by_line = read(lines, columns=columns, lines=True).by_id()
    assert (by_line["1"]["kind"], by_line["2"]["amount"]) == ("void", 2)
    kept = read(text, columns=columns, void=["paid"]).by_id()
    assert (kept["1"]["kind"], kept["2"]["kind"]) == ("order", "void")


def test_an_invoice_of_lines_at_price_zero_alone_is_no_order(read):
    rows = ["1,3,0", "2,3,0", "2,1,2.5"]
    text = "order,n,price,customer,at\n" + "".join(f"{r},7,2020-01-02\n" for r in rows)
    page = read(text, columns=PARTS, lines=True)
    assert {o["order_id"]: o["amount"] for o in page.orders} == {"2": Decimal("2.5")}
    assert page.counts() == {"lines at price zero": 2}


def test_a_line_of_quantity_zero_adds_nothing_and_makes_no_order(read):
    rows = ["1,0,5", "2,0,5", "2,1,2.5", "3,0,0", "4,1,5", "4,-1,5", "5,0,5", "5,1,0"]
    text = "order,n,price,customer,at\n" + "".join(f"{r},7,2020-01-02\n" for r in rows)
    page = read(text, columns=PARTS, lines=True)
    amounts = {o["order_id"]: (o["kind"], o["amount"]) for o in page.orders}
    assert amounts == {"2": ("order", Decimal("2.5")), "4": ("order", 0)}
    assert page.counts() == {"lines of quantity zero": 3, "lines at price zero": 2}
    assert page.faults["lines of quantity zero"].example == "orders.csv, row 2"
    assert page.aside == []
    single = read("order,n,price,customer,at\n1,0,5,7,2020-01-02\n", columns=PARTS)
    assert ([o["amount"] for o in single.orders], single.faults) == ([0], {})


def test_an_order_was_made_when_its_first_line_was(read):
    text = HEADER + "1,7,2020-01-05,1\n1,7,2020-01-03,1\n1,7,2020-01-04,1\n"
    assert str(read(text, lines=True).orders[0]["ordered_at"].date()) == "2020-01-03"


def test_all_files_are_looked_at_before_the_first_page(source, tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + GOOD)
    pq.write_table(pa.table({"order": [1]}), tmp_path / "b.parquet")
    with pytest.raises(Misconfigured, match=r"b\.parquet, row 1: there is no column"):
        asyncio.run(anext(source(str(tmp_path)).orders(None)))
