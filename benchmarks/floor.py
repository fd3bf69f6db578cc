"""The least that anyone must do: one aggregate over the same files, one row a customer."""

import sys

import duckdb


def main(files: str) -> None:
    duckdb.sql(
        "select customer_id, count(*) as orders, min(ordered_at), max(ordered_at), sum(amount) "
        f"from read_parquet('{files}') group by customer_id"
    ).to_arrow_table()


if __name__ == "__main__":
    main(sys.argv[1])
