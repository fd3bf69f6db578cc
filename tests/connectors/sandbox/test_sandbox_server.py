import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from connectors.sandbox import Braze, Fault, Iterable, look_alikes, serve

TRACK = {"attributes": [{"external_id": "c1", "lifecycle_segment": "Champions"}]}
KEY = {"Authorization": "Bearer key"}


def track(url):
    return httpx.post(f"{url}/users/track", json=TRACK, headers=KEY)


def test_several_are_served_on_free_ports_and_stop_with_their_block():
    before = threading.active_count()
    with serve({"braze": Braze(), "iterable": Iterable()}) as urls:
        assert set(urls) == {"braze", "iterable"}
        assert httpx.get(f"{urls['braze']}/sandbox/state").json()["vendor"] == "braze"
        assert httpx.get(f"{urls['iterable']}/sandbox/state").json()["vendor"] == "iterable"
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        track(urls["braze"])


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}"),
            serve({"braze": Braze()}, ports={"braze": port}),
        ):
            pass


def test_the_same_port_can_be_served_again_at_once():
    with serve({"braze": Braze()}) as urls:
        port = int(urls["braze"].rpartition(":")[2])
        assert track(urls["braze"]).status_code == 201
    with serve({"braze": Braze()}, ports={"braze": port}) as urls:
        assert track(urls["braze"]).status_code == 201


@pytest.mark.parametrize(
    ("dial", "seen", "applied"),
    [
        ({"kind": "drop", "reset": True}, httpx.ReadError, 0),
        ({"kind": "drop", "reset": False}, httpx.RemoteProtocolError, 0),
        ({"kind": "lost", "reset": True}, httpx.ReadError, 1),
        ({"kind": "lost", "reset": False}, httpx.RemoteProtocolError, 1),
        ({"kind": "cut"}, httpx.RemoteProtocolError, 1),
    ],
)
def test_a_dropped_connection_is_a_real_one(dial, seen, applied):
    app = Braze()
    app.faults.add(Fault(**dial))
    with serve({"braze": app}) as urls:
        with pytest.raises(seen):
            track(urls["braze"])
        assert httpx.get(f"{urls['braze']}/sandbox/state").json()["profiles"] == applied
        assert track(urls["braze"]).status_code == 201


def test_a_reset_is_a_tcp_reset():
    app = Braze()
    app.faults.add(Fault(kind="drop"))
    with (
        serve({"braze": app}) as urls,
        socket.create_connection(("127.0.0.1", int(urls["braze"].rpartition(":")[2]))) as raw,
    ):
        raw.sendall(b"POST /users/track HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


def test_in_process_a_drop_is_what_httpx_would_raise():
    app = Braze()
    app.faults.add(Fault(kind="lost"))

    async def track_in_process():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://braze") as client:
            await client.post("/users/track", json=TRACK, headers=KEY)

    with pytest.raises(httpx.ReadError):
        asyncio.run(track_in_process())
    assert app.counts()["profiles"] == 1


def test_a_stalled_answer_makes_a_client_give_up_after_it_was_done():
    app = Braze()
    app.faults.add(Fault(kind="stall", seconds=0.5))
    impatient = httpx.Timeout(10, read=0.1)
    with serve({"braze": app}) as urls:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{urls['braze']}/users/track", json=TRACK, headers=KEY, timeout=impatient)
        assert app.counts()["profiles"] == 1


def test_run_serves_all_until_it_is_told_to_stop():
    code = (
        "import json; from connectors.sandbox import run;"
        "run({}, ready=lambda urls: print(json.dumps(urls), flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    try:
        urls = json.loads(process.stdout.readline())
        for name, url in urls.items():
            assert httpx.get(f"{url}/sandbox/state").json()["vendor"] == name
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()
    assert urls.keys() == look_alikes().keys()
