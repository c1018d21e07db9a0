"""One setting, four URLs: each driver reads `postgresql://` in its own way."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote

from aitrader_core.domain.errors import ConfigError

DAGSTER_SUFFIX = "_dagster"
LONGEST_NAME = 63 - len(DAGSTER_SUFFIX)  # PostgreSQL cuts longer names off, silently

URL = re.compile(
    r"postgres(?:ql)?(?:\+psycopg2?)?://"
    r"(?:(?P<user>[^:/@]*)(?::(?P<password>[^/@]*))?@)?"
    r"(?P<server>(?:\[[0-9a-fA-F:.]+\]|[^:/?@,\[\]]*)(?::\d+)?)"
    r"(?:/(?P<database>[^/?@]*))?"
    r"(?:\?(?P<query>.*))?"
)
SECRET = re.compile(r"((?:^|&)(?:ssl)?password=)[^&]*")
WAY_OUT = (
    "set it to postgresql://user:password@host:port/database, with special characters of the "
    "password percent-encoded (@ is %40, / is %2F), or unset it to use the embedded server"
)


@dataclass(frozen=True)
class DatabaseUrls:
    """Every form of one database URL; Dagster's storage is a second database beside ours.

    SQLAlchemy 2.1 takes `postgresql://` for psycopg 3, with which dagster-postgres writes no
    events: so each form names its driver. ConfigError if `url` is not PostgreSQL's.
    """

    url: str = field(repr=False)  # it may hold a password: print `safe`

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", _normalised(self.url))

    def __str__(self) -> str:
        return self.safe

    @property
    def libpq(self) -> str:
        """For psycopg.connect, psql and pg_dump."""
        return self.url

    @property
    def engine(self) -> str:
        """For our own SQLAlchemy engine (psycopg 3)."""
        return self._form("postgresql+psycopg", self.database)

    @property
    def dagster(self) -> str:
        """For dagster.yaml (psycopg2), in Dagster's own database."""
        return self._form("postgresql+psycopg2", self.dagster_database)

    @property
    def dagster_libpq(self) -> str:
        return self.in_database(self.dagster_database)

    @property
    def safe(self) -> str:
        """For messages: the password is hidden."""
        server, database, query = _split(self.url)
        server = re.sub(":[^:@]*@", ":***@", server)
        return _join("postgresql", server, database, SECRET.sub(r"\1***", query))

    @property
    def database(self) -> str:
        return unquote(_split(self.url)[1])

    @property
    def dagster_database(self) -> str:
        return self.database + DAGSTER_SUFFIX

    def in_database(self, database: str) -> str:
        """The libpq form for another database of the same server."""
        return self._form("postgresql", database)

    def _form(self, scheme: str, database: str) -> str:
        server, _, query = _split(self.url)
        return _join(scheme, server, _requote(database), query)


def _normalised(url: str) -> str:
    match = URL.fullmatch(url.strip())
    if match is None:
        raise _bad("is not a PostgreSQL URL")
    database = match["database"] or ""
    if not database:
        raise _bad("names no database")
    if len(unquote(database).encode()) > LONGEST_NAME:
        raise _bad(f"names a database of more than {LONGEST_NAME} bytes")
    if "dbname" in parse_qs(match["query"] or ""):
        raise _bad("names the database in ?dbname=, not in its path")
    server = f"{_login(match['user'], match['password'])}{match['server']}"
    return _join("postgresql", server, _requote(database), match["query"] or "")


def _login(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    return _requote(user) + ("" if password is None else f":{_requote(password)}") + "@"


def _split(url: str) -> tuple[str, str, str]:
    """Server with login, database and query of a normalised URL, still percent-encoded."""
    path, _, query = url.removeprefix("postgresql://").partition("?")
    server, _, database = path.partition("/")
    return server, database, query


def _join(scheme: str, server: str, database: str, query: str) -> str:
    return f"{scheme}://{server}/{database}" + (f"?{query}" if query else "")


def _bad(fault: str) -> ConfigError:
    """The URL itself stays out of the message: it may hold a password."""
    return ConfigError(f"AITRADER_DATABASE_URL {fault}: {WAY_OUT}.")


def _requote(text: str) -> str:
    """Percent-encoded throughout: libpq and SQLAlchemy differ on what they take raw."""
    return quote(unquote(text), safe="")
