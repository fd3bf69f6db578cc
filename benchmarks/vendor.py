"""One vendor's look-alike in a process of its own, so that it takes no time from ours."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sandbox.run import look_alikes
from connectors.sandbox.server import serve


@contextmanager
def vendor(name: str, *, limits: bool) -> Iterator[str]:
    """The base URL of a fresh one, which keeps its documented limits in real time if asked to."""
    command = [sys.executable, "-m", "benchmarks.vendor", name, "limits" if limits else "none"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield child.stdout.readline().strip()
    finally:
        child.stdin.close()
        child.wait(10)
        child.stdout.close()


def main(name: str, *, limits: bool) -> None:
    # whoever measures may be killed: then nobody would end this
    with serve({name: look_alikes(limits=limits)[name]}) as urls:
        print(urls[name], flush=True)
        over = threading.Thread(target=sys.stdin.read)
        over.start()
        over.join()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], limits=sys.argv[2] == "limits")
