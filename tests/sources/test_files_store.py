"""Files in an object store, moto's S3: found by pattern, read once, replaced when they change."""

import gzip
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from pyarrow import fs

from connectors.errors import Misconfigured, Unauthorized, Unavailable

HEAD = "order,customer,at,amount\n"
#: Requests that moto lets in with any key: those of the tests that are let in.
KNOWN = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "i-canary"}


def serve(folder: Path, **env: str):
    """Start a store; its process and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; main()", "-p", str(port)],
            env={**os.environ, **env},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{address}/moto-api/", timeout=1)
        except httpx.TransportError:
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        else:
            return process, address
    raise AssertionError("no store came up")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    process, address = serve(tmp_path_factory.mktemp("moto"))
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def bucket(address, monkeypatch, request):
    """An empty bucket: upload with ``put``."""
    for name, value in KNOWN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    name = request.node.name.replace("_", "-")[:60]
    store = fs.S3FileSystem(
        endpoint_override=address, region="us-east-1", allow_bucket_creation=True
    )
    store.create_dir(name)

    class Bucket:
        def __init__(self) -> None:
            self.url = f"s3://{name}"
            self.options = {"endpoint": address, "region": "us-east-1"}

        def put(self, key: str, content: str | bytes) -> None:
            # in one piece, as most clients upload a small file: then the ETag is its digest
            body = content if isinstance(content, bytes) else content.encode()
            httpx.put(f"{address}/{name}/{key}", content=body, headers=AWS).raise_for_status()

        def delete(self, key: str) -> None:
            store.delete_file(f"{name}/{key}")

    return Bucket()


AWS = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"}


def test_a_file_is_read_once_and_again_when_it_is_uploaded_otherwise(bucket, pull):
    bucket.put("orders/a.csv", HEAD + "1,7,2024-03-01,19.99\n2,7,2024-03-02,5\n")
    [first] = pull(f"{bucket.url}/orders/a.csv", **bucket.options)
    assert first.unit == f"{bucket.url}/orders/a.csv"
    assert [f"{order['amount']:.2f}" for order in first.orders] == ["19.99", "5.00"]
    assert pull(f"{bucket.url}/orders/a.csv", first.cursor, **bucket.options) == []
    # the same bytes once more are no news; other bytes of the same length are
    bucket.put("orders/a.csv", HEAD + "1,7,2024-03-01,19.99\n2,7,2024-03-02,5\n")
    assert pull(f"{bucket.url}/orders/a.csv", first.cursor, **bucket.options) == []
    bucket.put("orders/a.csv", HEAD + "1,7,2024-03-01,19.99\n3,7,2024-03-02,5\n")
    [again] = pull(f"{bucket.url}/orders/a.csv", first.cursor, **bucket.options)
    assert again.unit == first.unit
    assert set(again.by_id()) == {"1", "3"}


def test_folders_and_patterns_mean_what_they_mean_on_a_disk(bucket, pull):
    row = "1,7,2024-03-01,1\n"
    for key in ("a.csv", "b[1].csv", "_c.csv", "x/d.csv", "x/y/e.csv.gz", "notes.txt", "f.pdf"):
        body = gzip.compress((HEAD + row).encode()) if key.endswith(".gz") else HEAD + row
        bucket.put(f"o/{key}", body)

    def found(path: str) -> list[str]:
        pages = pull(f"{bucket.url}/{path}", **bucket.options)
        return [page.unit.removeprefix(f"{bucket.url}/o/") for page in pages]

    assert found("o") == found("o/") == ["a.csv", "b[1].csv"]
    assert found("o/*.csv") == ["a.csv", "b[1].csv"]
    assert found("o/[!b]*.csv") == ["a.csv"]
    assert found("o/*/?.csv") == ["x/d.csv"]
    assert found("o/**/*.csv*") == ["a.csv", "b[1].csv", "x/d.csv", "x/y/e.csv.gz"]
    assert found("o/notes.txt") == ["notes.txt"]


def test_a_local_file_and_one_in_a_store_are_one_source(bucket, pull, tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "1,7,2024-03-01,1\n")
    bucket.put("b.csv", HEAD + "2,7,2024-03-01,1\n")
    pages = pull([str(tmp_path), f"{bucket.url}/b.csv"], **bucket.options)
    assert [page.unit for page in pages] == [str(tmp_path / "a.csv"), f"{bucket.url}/b.csv"]
    # what is gone leaves its orders in place
    bucket.put("c.csv", HEAD + "3,7,2024-03-01,1\n")
    bucket.delete("b.csv")
    [page] = pull(f"{bucket.url}/*.csv", pages[-1].cursor, **bucket.options)
    assert page.unit == f"{bucket.url}/c.csv"


def test_what_is_wrong_is_told_with_the_url(bucket, pull):
    def said(path: str, kind: type[Exception] = Misconfigured, **options: str) -> str:
        with pytest.raises(kind) as caught:
            pull(path, **{**bucket.options, **options})
        return str(caught.value)

    bucket.put("bad.csv", HEAD + "1,7,soon,1\n")
    bucket.put("bad.jsonl", "nothing\n")
    bucket.put("bad.parquet", "text")
    assert f"there is no file {bucket.url}/none.csv" in said(f"{bucket.url}/none.csv")
    assert "there is no file" in said(f"{bucket.url}/*.pq")
    assert "there is no file s3://nowhere" in said("s3://nowhere-at-all/a.csv")
    assert f"{bucket.url}/bad.csv, row 2, column at: 'soon'" in said(f"{bucket.url}/bad.csv")
    assert f"{bucket.url}/bad.jsonl, row 1" in said(f"{bucket.url}/bad.jsonl")
    assert f"{bucket.url}/bad.parquet is named as Parquet" in said(f"{bucket.url}/bad.parquet")
    assert "s3:// or gs://" in said("ftp://x/a.csv")
    assert "no usable answer" in said(
        f"{bucket.url}/a.csv", Unavailable, endpoint="http://127.0.0.1:1"
    )


def test_a_key_that_is_not_let_in_is_told_and_not_shown(bucket, pull, tmp_path):
    process, closed = serve(tmp_path, INITIAL_NO_AUTH_ACTION_COUNT="0")
    try:
        with pytest.raises(Unauthorized, match="look at AWS_ACCESS_KEY_ID") as caught:
            pull(f"{bucket.url}/a.csv", endpoint=closed, region="us-east-1")
    finally:
        process.terminate()
        process.wait()
    assert "i-canary" not in str(caught.value)
