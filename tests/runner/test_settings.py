"""A variable is used, or refused by name: never silently ignored."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from aitrader_core.domain.errors import ConfigError
from aitrader_core.runner.settings import Settings, load_settings, project_root, urls


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AITRADER_")]:
        monkeypatch.delenv(name)


def test_defaults_lie_in_the_project() -> None:
    settings = load_settings()
    assert (project_root() / "pyproject.toml").exists()
    assert settings.home == project_root() / ".aitrader"
    assert settings.config_dir == project_root() / "configs"
    assert settings.database_url is None


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AITRADER_DATABASE_URL", "postgres://ann:hunter2@h/d")
    monkeypatch.setenv("AITRADER_HOME", "state")
    monkeypatch.setenv("AITRADER_CONFIG_DIR", "~/configs")
    settings = load_settings()
    assert settings.home == tmp_path / "state"
    assert settings.config_dir == Path.home() / "configs"
    assert urls(settings).libpq == "postgresql://ann:hunter2@h/d"
    assert "hunter2" not in repr(settings)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().home = Path()  # type: ignore[misc]


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITRADER_DATABASE_URL", "")
    assert load_settings().database_url is None


def test_without_a_url_the_embedded_server_is_meant_and_not_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AITRADER_HOME", str(tmp_path / "home"))
    assert urls(load_settings()).database == "aitrader"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AITRADER_DATABSE_URL", "AITRADER_DATABASE_URL"),
        ("AITRADER_CONFIG", "AITRADER_CONFIG_DIR"),
        ("AITRADER_DIR", "AITRADER_CONFIG_DIR"),
    ],
)
def test_an_unknown_variable_is_named_with_the_closest(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(ConfigError, match=f"{name} is no setting: did you mean {meant}"):
        load_settings()
    with pytest.raises(ConfigError, match=name):
        Settings()


def test_a_wrong_url_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITRADER_DATABASE_URL", "mysql://u:hunter2@h/d")
    with pytest.raises(ConfigError, match="AITRADER_DATABASE_URL"):
        urls(load_settings())


def test_a_value_that_makes_no_sense_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITRADER_INFERENCE_BACKEND", "cuda")
    monkeypatch.setenv("AITRADER_INFERENCE_STRICT", "perhaps")
    with pytest.raises(ConfigError) as told:
        load_settings()
    backend, strict = str(told.value).split("; ")
    assert backend.startswith("AITRADER_INFERENCE_BACKEND: Input should be 'auto', 'ort-cpu', ")
    assert strict.startswith("AITRADER_INFERENCE_STRICT: Input should be a valid boolean")
