"""One connection to a PostgreSQL server, opened again after the server went away.

The address may hold a password. It is shown nowhere: not in errors, whose text libpq takes from the
address where that is malformed, and not in the representation of an object that keeps it.
"""

import select
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import conninfo, pq, sql

from shelfspace.errors import ArtifactError, SettingsError

__all__ = ["Server", "check_address", "one"]

CONNECT_SECONDS = 3
DEFAULTS: dict[str, str | int] = {
    "application_name": "shelfspace",
    "connect_timeout": CONNECT_SECONDS,
    # A server whose machine has gone is noticed, though it never says so.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
LEAVE = """
SELECT set_config('client_connection_check_interval', '1s', false) FROM pg_settings
WHERE name = 'client_connection_check_interval' AND version() ILIKE '%linux%'"""
"""A server that builds a graph for a client that was killed stops within a second, where it can tell."""


def check_address(field: str, address: str) -> None:
    """Refuse a connection string that libpq cannot read.

    Raises:
        SettingsError: it is malformed; the message does not repeat it.
    """
    try:
        conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        remedy = "give a connection string such as postgresql://user@host/database"
        raise SettingsError(field, "(not shown)", remedy) from None


def one(run: psycopg.Cursor, query: str | sql.Composed, values: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The single row a query gives."""
    row = run.execute(query, values).fetchone()
    assert row is not None  # noqa: S101 - aggregates, and rows that opening has made
    return row


class Server:
    """A connection, used by one caller at a time.

    Args:
        address: connection string.
        name: of the index, for messages.
        parameters: server parameters of the session.
        reopen: whether a use after the server went away opens another connection, which may take
            seconds; if not, `open` does.

    Raises:
        ArtifactError: from every method, where the server cannot be reached or refuses; says why.
    """

    def __init__(
        self, address: str, name: str, parameters: Mapping[str, str] | None = None, *, reopen: bool = True
    ) -> None:
        check_address("address", address)
        self.name = name
        self._address = address
        self._reopen = reopen
        self._wanted = dict(parameters or {})
        self._set: dict[str, str] = {}
        self._prepared: set[bytes] = set()
        self._mutex = threading.RLock()
        self._connection: psycopg.Connection | None = None

    def open(self) -> None:
        """Connect, where it is not connected."""
        with self._mutex:
            self._opened()

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """The connection, open; held against other callers."""
        with self._mutex:
            if not self._reopen and (self._connection is None or self._connection.closed):
                raise ArtifactError(f"PostgreSQL is away, index {self.name}")
            connection = self._opened()
            try:
                yield connection
            except psycopg.Error as error:
                raise ArtifactError(f"PostgreSQL refused, index {self.name}: {self._said(error)}") from None

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor]:
        """One transaction."""
        with (
            self.connected() as connection,
            connection.transaction(),
            connection.cursor(binary=True) as run,
        ):
            yield run

    def set(self, values: Mapping[str, str]) -> None:
        """Set server parameters of the session, those that are not set so already, in one round trip."""
        with self.connected() as connection:
            new = {name: value for name, value in values.items() if self._set.get(name) != value}
            if new:
                calls = sql.SQL(", ").join([sql.SQL("set_config(%s, %s, false)")] * len(new))
                connection.execute(
                    sql.SQL("SELECT ") + calls, [part for pair in new.items() for part in pair]
                )
                self._set |= new

    def ask(
        self, name: bytes, statement: sql.Composed, values: Sequence[bytes], seconds: float
    ) -> pq.abc.PGresult:
        """One prepared statement in one round trip of bounded time, by libpq itself.

        A cursor has no bound that holds for a server that is frozen, and costs several times as much.

        Args:
            name: what the statement is prepared as.
            values: parameters in PostgreSQL's binary form.

        Returns:
            Rows in binary form.
        """
        with self.connected() as connection:
            end = time.monotonic() + seconds
            if name not in self._prepared:
                text = statement.as_string(connection).encode()
                connection.pgconn.send_prepare(name, text)
                self._finished(connection.pgconn, end)
                self._prepared.add(name)
            connection.pgconn.send_query_prepared(
                name, values, [pq.Format.BINARY] * len(values), pq.Format.BINARY
            )
            return self._finished(connection.pgconn, end)

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._mutex:
            if self._connection is not None:
                self._connection.close()

    def _opened(self) -> psycopg.Connection:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        given = conninfo.conninfo_to_dict(self._address)
        further = {name: value for name, value in DEFAULTS.items() if name not in given}
        try:
            connection = psycopg.connect(conninfo.make_conninfo(self._address, **further), autocommit=True)
            self._set, self._prepared = {}, set()
            connection.execute(LEAVE)
            for name, value in self._wanted.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except psycopg.Error as error:
            problem = f"PostgreSQL cannot be reached for index {self.name}: {self._said(error)}"
            raise ArtifactError(problem) from None
        self._connection = connection
        return connection

    def _finished(self, connection: pq.abc.PGconn, end: float) -> pq.abc.PGresult:
        """The result of what was sent."""
        waiting = select.poll()
        while connection.flush():
            waiting.register(connection.socket, select.POLLIN | select.POLLOUT)
            self._wait(waiting, connection, end)
        waiting.register(connection.socket, select.POLLIN)
        result = None
        while True:
            while connection.is_busy():
                self._wait(waiting, connection, end)
            found = connection.get_result()
            if found is None:
                break
            result = found
        if result is None or result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
            what = "no answer" if result is None else result.error_message.decode("utf-8", "replace").strip()
            raise psycopg.OperationalError(what)
        return result

    def _wait(self, waiting: "select.poll", connection: pq.abc.PGconn, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            self.close()
            raise psycopg.OperationalError("it did not answer in time")
        connection.consume_input()

    def _said(self, error: psycopg.Error) -> str:
        """What an error says, on one line, without the password of the address."""
        text = " ".join(str(error).split())
        password = conninfo.conninfo_to_dict(self._address).get("password")
        return text.replace(str(password), "...") if password else text

    def __repr__(self) -> str:
        return f"Server(name={self.name!r})"
