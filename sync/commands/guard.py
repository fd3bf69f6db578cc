"""From an error to one sentence and an exit code; the traceback only if it is asked for."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec

import typer

P = ParamSpec("P")


class Code(IntEnum):
    """What the exit code of a command says."""

    OK = 0
    DEFECT = 1
    MEND = 2
    HELD = 3
    UNDELIVERED = 4
    BUSY = 5


class Stop(Exception):
    """A command ends here: a sentence for the reader, and the exit code."""

    def __init__(self, sentence: str, code: Code = Code.MEND) -> None:
        super().__init__(sentence)
        self.code = code


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command with every error told as a sentence on standard error."""

    @wraps(command)
    def inner(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            say("stopped; the next run goes on from here")
            raise typer.Exit(130) from None
        except Exception as error:
            if kwargs.get("debug"):
                traceback.print_exc()
            code, sentence = tell(error)
            say(sentence)
            raise typer.Exit(code) from error

    return inner


def tell(error: Exception) -> tuple[Code, str]:
    """The exit code and the sentence of an error; an unknown one is a defect and says so."""
    if isinstance(error, Stop):
        return error.code, str(error)
    # Imported late: --help shall not wait for the libraries behind these.
    import duckdb

    from connectors import errors
    from connectors.http import mask
    from sync.app import ConfigurationError
    from sync.store import LeaseLost, StoreError
    from sync.tenure import Busy

    known: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Code], ...] = (
        ((LeaseLost, Busy), Code.BUSY),
        ((ConfigurationError, StoreError, errors.Misconfigured, errors.BrokenConnector), Code.MEND),
        (errors.ConnectorError, Code.UNDELIVERED),
    )
    for kinds, code in known:
        if isinstance(error, kinds):
            return code, str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        place = "" if error.filename is None else f": {error.filename}"
        return Code.MEND, f"{error.strerror}{place}"
    if isinstance(error, duckdb.IOException):
        return Code.MEND, f"a file could not be read or written: {mask(_reason(error))}"
    what = mask(f"{type(error).__name__}: {error}").removesuffix(": ")
    return Code.DEFECT, f"This is a defect of Tidesman: {what}; run it again with --debug"


def _reason(error: Exception) -> str:
    """What DuckDB says of a file, without the JSON that it wraps around where a thread wrote it."""
    inner = re.search(r'"exception_message":("(?:[^"\\]|\\.)*")', str(error))
    return str(error) if inner is None else str(json.loads(inner[1]))


def say(sentence: str) -> None:
    """A sentence on standard error; red where that is a terminal that shows colours."""
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(sentence, style="red" if sys.stderr.isatty() else "", markup=False)
