"""Serve look-alikes on loopback: in a background thread, or in the foreground until stopped."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.sandbox.wire import DROP

#: SO_LINGER on with zero seconds: closing sends RST in place of FIN.
_RESET: Final = struct.pack("ii", 1, 0)


class DroppingProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a way for the application to drop its own connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Leave the way to drop this connection in the state of its requests."""

        def drop(head: bytes, reset: bool) -> None:
            if head:
                transport.write(head)
            if not reset:
                transport.close()
                return
            sock = cast("socket.socket", transport.get_extra_info("socket"))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()

        super().connection_made(transport)
        self.app_state = {**self.app_state, DROP: drop}


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()


def _bind(host: str, port: int) -> socket.socket:
    # named protocol: asyncio turns Nagle's delay off only on sockets that say they are TCP
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=DroppingProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        date_header=False,  # the look-alikes tell the time by their own clock
        timeout_graceful_shutdown=1,
    )


@contextmanager
def serve(
    apps: Mapping[str, ASGIApp],
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
) -> Generator[dict[str, str]]:
    """Serve the apps in one background thread; yields their base URLs by name.

    Ports are free ones unless given. Raises OSError with host and port if one is taken.
    """
    sockets: dict[str, socket.socket] = {}
    try:
        for name in apps:
            sockets[name] = _bind(host, (ports or {}).get(name, 0))
        waiting = threading.Semaphore(0)
        servers = {name: _Server(_config(app), waiting.release) for name, app in apps.items()}
        thread = threading.Thread(
            target=_serve_all, args=(servers, sockets), name="tidesman-sandbox", daemon=True
        )
        thread.start()
        for _ in servers:
            while not waiting.acquire(timeout=0.2):
                if not thread.is_alive():
                    raise RuntimeError("the look-alikes could not be started; see the log")
        try:
            yield {n: f"http://{host}:{sock.getsockname()[1]}" for n, sock in sockets.items()}
        finally:
            for server in servers.values():
                server.should_exit = True
            thread.join()
    finally:
        for sock in sockets.values():
            sock.close()


def _serve_all(servers: Mapping[str, _Server], sockets: Mapping[str, socket.socket]) -> None:
    async def main() -> None:
        await asyncio.gather(*(s.serve([sockets[name]]) for name, s in servers.items()))

    asyncio.run(main())


def serve_until_stopped(
    apps: Mapping[str, ASGIApp],
    ports: Mapping[str, int],
    host: str = "127.0.0.1",
    ready: Callable[[dict[str, str]], None] | None = None,
) -> None:
    """Serve the apps until SIGINT or SIGTERM; ``ready`` is called with the URLs once they listen.

    Must be called from the main thread.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with serve(apps, host, ports) as urls:
            if ready is not None:
                ready(urls)
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
