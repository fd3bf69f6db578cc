"""One vendor's look-alike in a process of its own, so that it takes no time from ours."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from connectors.sandbox.run import look_alikes
from connectors.sandbox.server import serve


def vendor(name: str, *, limits: bool) -> AbstractContextManager[str]:
    """The base URL of a fresh one, which keeps its documented limits in real time if asked to."""
    return apart("benchmarks.vendor", name, "limits" if limits else "none")


@contextmanager
def apart(module: str, *arguments: object) -> Iterator[str]:
    """The first line that ``python -m module arguments`` prints, while it runs."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
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
