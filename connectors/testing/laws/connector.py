"""Laws of every connector, be it a source or a destination: what its options are."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from pydantic import ValidationError

from connectors.testing.law import Can, Tried, law, require
from connectors.testing.vendor import KEY

#: Names that an option with a secret bears.
SECRET: Final = re.compile(r"(^|_)(key|secret|token|password|passphrase|credentials?)$")


class AnyBench(Protocol):
    """A bench of a source or of a destination."""

    it: Any
    vendor: Any


class ConnectorLaws(Tried):
    """What an operator may rely on before anything is asked or sent."""

    @law()
    async def test_every_option_is_described(self, bench: AnyBench) -> None:
        """Each option has a description, of which the reference page and the errors are made."""
        for name, field in type(bench.it.options).model_fields.items():
            require(field.description, f"option {name} has no description")

    @law()
    async def test_every_secret_option_is_a_secret(self, bench: AnyBench) -> None:
        """An option whose name says key, secret, token or password is a SecretStr."""
        for name, field in type(bench.it.options).model_fields.items():
            secret = "SecretStr" in str(field.annotation)
            require(secret or not SECRET.search(name), f"option {name} must be a SecretStr")

    @law()
    async def test_an_unknown_option_is_refused(self, bench: AnyBench) -> None:
        """A misspelt option is an error, and not passed over."""
        given = {**bench.vendor.options(KEY), "no_such_option": 1}
        try:
            type(bench.it.options)(**given)
        except ValidationError as error:
            require("no_such_option" in str(error), "the error does not name the unknown option")
            return
        raise AssertionError("an unknown option was taken")

    @law(Can.KEY)
    async def test_a_mistake_in_the_options_does_not_repeat_the_key(self, bench: AnyBench) -> None:
        """The error about one option shows none of the others."""
        given = {**bench.vendor.options(KEY), "no_such_option": KEY}
        try:
            type(bench.it.options)(**given)
        except ValidationError as error:
            require(KEY not in f"{error}{error!r}", "the key stands in the error")

    @law(Can.KEY)
    async def test_the_key_is_in_no_repr(self, bench: AnyBench) -> None:
        """Neither the options nor the destination show the key when printed or dumped."""
        options = bench.it.options
        shown = (repr(options), str(options), options.model_dump_json(), repr(bench.it))
        require(not any(KEY in text for text in shown), "the key can be read in a repr")

    @law(Can.KEY)
    async def test_the_key_is_among_the_secrets(self, bench: AnyBench) -> None:
        """``secrets()`` names the key, so that errors can be masked by it."""
        require(KEY in bench.it.secrets(), "secrets() does not hold the key")

    @law()
    async def test_options_cannot_be_changed(self, bench: AnyBench) -> None:
        """Options are frozen: what was checked is what is used."""
        name = next(iter(type(bench.it.options).model_fields), None)
        if name is None:
            return
        try:
            setattr(bench.it.options, name, getattr(bench.it.options, name))
        except ValidationError:
            return
        raise AssertionError(f"option {name} could be changed")
