"""People who were forgotten: salted hashes by which they are known at the door, and no more."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

import sqlalchemy as sa

from sync.store.database import Database
from sync.store.dialect import scrub, upsert
from sync.store.records import Part, Somebody
from sync.store.tables import (
    forgetting,
    forgotten,
    ledger,
    outbox,
    parts,
    runs,
    salt,
    snapshots,
    steps,
    transitions,
)

#: What was accepted of a customer, and what may have arrived since: texts of ``sync.values``.
Reached = dict[str, dict[str, list[str]]]
#: Where a note keeps it.
REACHED = "reached"


class Forgotten(Database):
    """Who is forgotten, and what that takes in the database."""

    def begin_forgetting(self, who: Somebody, at: datetime) -> None:
        """Know them at the door from now on, and write down whom all the rest is about.

        Events that wait are taken away at once. Repeating it is harmless.
        """
        self._make_salt()
        digests = sorted(self.digests(who.door_keys).values())
        body = json.dumps(asdict(who), ensure_ascii=False)
        with self.begin() as connection:
            for digest in digests:
                statement = upsert(connection, forgotten, ("digest",), None)
                connection.execute(statement, {"digest": digest, "forgotten_at": at})
            # one that stands keeps its reached
            statement = upsert(connection, forgetting, ("digest",), None)
            note = self.digests([body])[body]
            connection.execute(statement, {"digest": note, "body": body, "begun_at": at})
            waiting = (outbox.c.customer_id.in_(who.keys), outbox.c.ticket.is_(None))
            connection.execute(sa.delete(outbox).where(*waiting))

    def being_forgotten(self) -> list[Somebody]:
        """Those of whom something is still left to be done, the first asked for first."""
        query = sa.select(forgetting.c.body).order_by(forgetting.c.begun_at, forgetting.c.digest)
        with self.read() as connection:
            bodies = [json.loads(body) for body in connection.execute(query).scalars()]
        return [_somebody(body) for body in bodies]

    def reached(self, who: Somebody, more: Reached | None = None) -> Reached:
        """What is to be cleared at several addresses, by destination and customer, as it was sent.

        ``more`` is written down beside it first: clearing one address overwrites the other's row.
        """
        notes = sa.select(forgetting.c.digest, forgetting.c.body)
        with self.begin() as connection:
            for digest, text in connection.execute(notes).all():
                body = json.loads(text)
                if _somebody(body) != who:
                    continue
                if more is None:
                    return dict(body.get(REACHED, {}))
                body[REACHED] = {**body.get(REACHED, {}), **more}
                of = forgetting.c.digest == digest
                given = json.dumps(body, ensure_ascii=False)
                connection.execute(sa.update(forgetting).where(of).values(body=given))
                return dict(body[REACHED])
        return {}

    def is_forgotten(self, text: str) -> bool:
        """Whether an address, a number or an id, as somebody may write it, is known at the door."""
        text = text.strip()
        ways = [text, text.lower(), f"\n{text}", text.replace(":", "\n", 1)]
        return not self.forgotten_digests().isdisjoint(self.digests(ways).values())

    def end_forgetting(self, who: Somebody) -> None:
        """Take the last rows away, and what the database keeps of them behind the scenes.

        The note goes last: a kill before that only means that it is done once more.
        """
        with self.begin() as connection:
            for table in (ledger, outbox, transitions):
                connection.execute(sa.delete(table).where(table.c.customer_id.in_(who.keys)))
            _blank_examples(connection)
        scrub(self.engine)
        notes = sa.select(forgetting.c.digest, forgetting.c.body)
        with self.begin() as connection:
            for note, body in connection.execute(notes).all():
                if _somebody(json.loads(body)) == who:
                    connection.execute(sa.delete(forgetting).where(forgetting.c.digest == note))
        scrub(self.engine)

    def forgotten_digests(self) -> frozenset[str]:
        """The hashes of all that is known at the door."""
        with self.read() as connection:
            return frozenset(connection.execute(sa.select(forgotten.c.digest)).scalars())

    def digests(self, texts: Sequence[str]) -> Mapping[str, str]:
        """The salted hash of each text."""
        with self.read() as connection:
            seed = connection.execute(sa.select(salt.c.value)).scalar() or ""
        return {one: sha256(f"{seed}{one}".encode()).hexdigest() for one in texts}

    def rewritten_part(self, seq: int, path: str, rows: int) -> None:
        """A part has another file from now on; its place in the history stays."""
        with self.begin() as connection:
            statement = sa.update(parts).where(parts.c.seq == seq)
            connection.execute(statement.values(path=path, rows=rows))

    def recounted_snapshot(self, path: str, customers: int) -> None:
        """A published file holds so many customers now."""
        with self.begin() as connection:
            statement = sa.update(snapshots).where(snapshots.c.path == path)
            connection.execute(statement.values(customers=customers))

    def all_parts(self) -> list[Part]:
        """Every part that ever was, of whatever stream, replaced ones too."""
        with self.read() as connection:
            found = connection.execute(sa.select(parts).order_by(parts.c.seq))
            return [Part(*row) for row in found]

    def _make_salt(self) -> None:
        with self.begin() as connection:
            if connection.execute(sa.select(salt.c.value)).scalar() is None:
                connection.execute(sa.insert(salt).values(value=secrets.token_hex(32)))


def _blank_examples(connection: sa.Connection) -> None:
    """Reports keep how many rows a source could not give, and no longer an example: whose it was
    cannot be told.
    """
    for table, column in ((runs, runs.c.report), (steps, steps.c.result)):
        keys = list(table.primary_key)
        for *key, told in connection.execute(sa.select(*keys, column)).all():
            if _blanked(told):
                mine = [one == value for one, value in zip(keys, key, strict=True)]
                connection.execute(sa.update(table).where(*mine).values({column.name: told}))


def _blanked(told: object) -> bool:
    """Take the examples of faults out, in place; whether there was any."""
    if isinstance(told, list):
        # all of them, also behind the first
        return sum(map(_blanked, cast("list[object]", told))) > 0
    if not isinstance(told, dict):
        return False
    found = False
    for name, value in cast("dict[str, Any]", told).items():
        if name == "faults" and isinstance(value, list):
            for fault in value:
                found = found or bool(fault[2])
                fault[2] = ""
        else:
            found = _blanked(value) or found
    return found


def _somebody(body: dict[str, Any]) -> Somebody:
    """Back from a note; those of old know no source."""
    accounts = body.get("accounts", [("", one) for one in body["ids"]])
    ids, emails, phones = (tuple(body[name]) for name in ("ids", "emails", "phones"))
    return Somebody(ids, emails, phones, tuple((source, raw) for source, raw in accounts))
