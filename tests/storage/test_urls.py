"""One plain URL in, and each driver reads the same server, login and database from its form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from aitrader_core.domain.errors import ConfigError
from aitrader_core.storage.urls import DatabaseUrls


def test_the_four_forms() -> None:
    urls = DatabaseUrls("postgresql://ann:s3cret@db.example:5433/bench?sslmode=require")
    rest = "ann:s3cret@db.example:5433/bench"
    assert urls.libpq == f"postgresql://{rest}?sslmode=require"
    assert urls.engine == f"postgresql+psycopg://{rest}?sslmode=require"
    assert urls.dagster == f"postgresql+psycopg2://{rest}_dagster?sslmode=require"
    assert urls.dagster_libpq == f"postgresql://{rest}_dagster?sslmode=require"
    assert (urls.database, urls.dagster_database) == ("bench", "bench_dagster")
    assert urls.in_database("postgres").endswith(":5433/postgres?sslmode=require")


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_every_postgres_scheme_is_normalised(scheme: str) -> None:
    assert DatabaseUrls(f"{scheme}://u@h/d") == DatabaseUrls("postgresql://u@h/d")


def test_socket_folder_is_kept() -> None:
    urls = DatabaseUrls("postgresql://postgres@/aitrader?host=/a%20b/socket")
    assert conninfo_to_dict(urls.dagster_libpq) == {
        "user": "postgres",
        "dbname": "aitrader_dagster",
        "host": "/a b/socket",
    }
    assert make_url(urls.engine).query["host"] == "/a b/socket"


def test_no_login_and_ipv6() -> None:
    assert DatabaseUrls("postgresql:///d").libpq == "postgresql:///d"
    assert make_url(DatabaseUrls("postgresql://u@[::1]:5433/d").dagster).host == "::1"


def test_raw_special_characters_that_libpq_takes() -> None:
    urls = DatabaseUrls("postgresql://u:p#a?b+c d%2@h/d")
    assert conninfo_to_dict(urls.libpq)["password"] == "p#a?b+c d%2"
    assert make_url(urls.dagster).password == "p#a?b+c d%2"


@given(password=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_every_driver_reads_the_same_password(password: str) -> None:
    written = make_url("postgresql://ann@h/d").set(password=password)
    urls = DatabaseUrls(written.render_as_string(hide_password=False))
    assert conninfo_to_dict(urls.libpq)["password"] == password
    assert make_url(urls.engine).password == password
    assert make_url(urls.dagster).password == password


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "is not a PostgreSQL URL"),
        ("mysql://u:hunter2@h/d", "is not a PostgreSQL URL"),
        ("sqlite:///d.db", "is not a PostgreSQL URL"),
        ("postgresql+asyncpg://u:hunter2@h/d", "is not a PostgreSQL URL"),
        ("host=h password=hunter2", "is not a PostgreSQL URL"),
        ("postgresql://u:hunter2@h:port/d", "is not a PostgreSQL URL"),
        ("postgresql://u:hunter2@x@h/d", "is not a PostgreSQL URL"),
        ("postgresql://u:hunt/er2@h/d", "is not a PostgreSQL URL"),
        ("postgresql://u:hunter2@h1,h2/d", "is not a PostgreSQL URL"),
        ("postgresql://u:hunter2@h", "names no database"),
        ("postgresql://u:hunter2@h/?host=x", "names no database"),
        ("postgresql://u:hunter2@h/d?dbname=e", r"\?dbname="),
        (f"postgresql://u:hunter2@h/{'x' * 56}", "more than 55 bytes"),
    ],
)
def test_anything_else_is_refused_with_the_way_out(url: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=f"AITRADER_DATABASE_URL.*{fault}.*unset it") as refused:
        DatabaseUrls(url)
    assert "hunt" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h:1/d",
        "postgresql://u@h:1/d?sslmode=x&password=hunter2&sslpassword=hunter2",
    ],
)
def test_no_message_shows_the_password(url: str) -> None:
    urls = DatabaseUrls(url)
    assert "hunter2" in urls.libpq
    assert "hunter2" not in f"{urls} {urls!r} {urls.safe}"
    assert "h:1/d" in str(urls)
