"""One run at a time: hold the lease while a run works, and give it back whatever happens."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from sync.clock import Clock
from sync.store import Store, StoreError

LEASE = "run"
#: How long a lease outlives a holder that was cut off from the machine, in seconds.
SECONDS = 60.0
#: How often it is renewed.
BEAT = 15.0
#: Parts of a holder's name.
_PARTS = 6


class Busy(Exception):
    """Another run is under way; the message says whose."""


@contextmanager
def tenure(store: Store, clock: Clock, *, lost: Callable[[], None]) -> Generator[None]:
    """Hold the lease, renewed in the background.

    ``lost`` is called if it passes to another, and once it may have: when no renewal succeeded
    for as long as it lasts. One that fails is tried again at the next beat.
    Raises Busy if another process holds it. One whose process is dead is taken over at once.
    """
    sure = clock.monotonic()
    token = _take(store, clock)
    over = threading.Event()

    def beat() -> None:
        nonlocal sure
        while not over.wait(BEAT):
            begun = clock.monotonic()
            try:
                held = store.renew(LEASE, token, clock.now(), SECONDS)
            except StoreError:
                # what ails the store is told by the next write, where it can be acted on
                held = clock.monotonic() - sure < SECONDS
            else:
                sure = begun
            if not held:
                lost()
                return

    thread = threading.Thread(target=beat, name="tidesman-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        store.release(LEASE, token, clock.now())


def _take(store: Store, clock: Clock) -> int:
    own = me()
    token = store.acquire(LEASE, own, clock.now(), SECONDS)
    if token is None:
        holder = store.holder(LEASE, clock.now())
        if holder is not None and is_dead(holder):
            # under the dead one's name, so that of two who try only one gets it
            dead = store.acquire(LEASE, holder, clock.now(), SECONDS)
            if dead is not None:
                store.release(LEASE, dead, clock.now())
            token = store.acquire(LEASE, own, clock.now(), SECONDS)
        if token is None:
            raise Busy(
                f"another run is under way ({told(holder or '')}); wait for it, "
                f"or for {SECONDS:.0f} seconds if its machine is gone"
            )
    return token


def me() -> str:
    """This holder by name: machine, boot, process namespace, number, its start, and a nonce."""
    number = os.getpid()
    return "/".join((*_here(), str(number), _started(number) or "", secrets.token_hex(4)))


def told(owner: str) -> str:
    """An owner in words."""
    parts = owner.split("/")
    if len(parts) != _PARTS:
        return owner or "by whom is unknown"
    return f"process {parts[3]} on {parts[0]}"


def is_dead(owner: str) -> bool:
    """Whether an owner was a process of this very machine and container that runs no more."""
    parts = owner.split("/")
    if len(parts) != _PARTS or tuple(parts[:3]) != _here():
        return False
    number, started = parts[3:5]
    return bool(started) and _started(int(number)) != started


def _here() -> tuple[str, ...]:
    """Empty boot or namespace where the system does not tell: then nobody is known to be dead."""
    return socket.gethostname(), _read("/proc/sys/kernel/random/boot_id"), _namespace()


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _started(number: int) -> str | None:
    """When a process began, in ticks since boot: the 22nd field of its stat (proc(5))."""
    stat = _read(f"/proc/{number}/stat")
    fields = stat.rpartition(")")[2].split()
    # a zombie (Z) works no more
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else None


def _read(place: str) -> str:
    try:
        return Path(place).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
