"""A run goes to another machine, which verifies and replays it without a database or a network."""

import json
import socket
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aitrader_core.cli import main
from aitrader_core.domain.errors import InputError
from aitrader_core.exchange.run_exporting import export
from aitrader_core.exchange.run_manifest import Asked
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.walk import Made
from aitrader_core.storage.job import JobRequest
from tests.exchange.conftest import MODELS, Traded
from tests.runner.scripted_days import MODEL, scripted_arena, simulate
from tests.small import DAYS, Small


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="aitrader")


def told(*arguments: str) -> dict[str, object]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def unplugged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    for name in ("openai", "httpx2", "genai_prices", "psycopg"):
        monkeypatch.setitem(sys.modules, name, None)  # to import it fails


@pytest.mark.usefixtures("elsewhere")
def test_another_machine_verifies_and_replays_it(
    run_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unplugged(monkeypatch)
    verified = told("manifest", "verify", str(run_file))
    assert verified["days"] == dict.fromkeys(MODELS, 7)
    assert (verified["faults"], verified["notes"]) == ([], [])
    replayed = told("manifest", "replay", str(run_file))
    assert (replayed["model_days"], replayed["identical"]) == (28, 28)
    assert replayed["digest"] == verified["digest"]
    assert (
        "28 model-days of 4 models: all of it holds"
        in run("manifest", "verify", str(run_file)).stdout
    )


def test_the_same_content_is_the_same_file(traded: Traded, run_file: Path) -> None:
    again, done = traded.export("again.zip")
    assert again.read_bytes() == run_file.read_bytes()
    assert done.size == len(run_file.read_bytes())


def test_it_says_what_it_was_made_of_and_nothing_of_this_machine(
    traded: Traded, run_file: Path
) -> None:
    with zipfile.ZipFile(run_file) as archive:
        assert archive.testzip() is None, "any tool reads it"
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    assert sorted(members) == [
        "actions.jsonl",
        "bars.parquet",
        "calls.jsonl",
        "days.jsonl",
        "manifest.json",
        "run/configs/arenas/small.yaml",
        "run/configs/costs/us_retail.yaml",
        "run/configs/markets/us.yaml",
        "run/configs/models/small/gpt.yaml",
        "run/configs/models/small/random.yaml",
        "run/configs/models/small/script.yaml",
        "run/configs/prompts/trader.md",
        "run/position.jsonl",
    ]
    arena = traded.small.floor.arena
    assert {m: part["config"] for m, part in manifest["models"].items()} == {
        model: arena.models[model].config_hash for model in MODELS
    }
    (made,) = manifest["models"][MODEL]["made_of"]
    assert made["agent"].keys() == {"model", "endpoint", "prompt", "price_list"}
    names = [name.split()[1] for *_, name in manifest["prices"]["names"]]
    assert names == ["without", "prices.csv", "actions.csv"], (
        "from when on the actions were to be seen"
    )
    assert members["actions.jsonl"].decode().splitlines() == [
        '["AAA", "2012-06-07", "cash_dividend", "0.50000000"]',
        '["BBB", "2012-06-08", "split", "1.10000000"]',
    ]
    whole = b"".join(members.values()).decode("latin-1")
    url = traded.small.engine.url
    for secret in (str(traded.folder), str(url.database), "postgres", "127.0.0.1"):
        assert secret not in whole


@pytest.mark.usefixtures("elsewhere")
def test_prices_may_come_from_elsewhere_if_they_are_the_same(
    traded: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, done = traded.export("bare.zip", with_prices=False)
    assert "it has no prices" in run("manifest", "verify", str(path)).stdout
    prices = traded.folder / "prices.csv"
    acted = ("--actions", str(traded.folder / "actions.csv"))
    replayed = told("manifest", "replay", str(path), "--prices", str(prices), *acted)
    assert (replayed["identical"], replayed["digest"]) == (28, done.digest)
    other = traded.folder / "other.csv"
    other.write_text(prices.read_text().replace("22.13", "22.14"))
    refused = run("manifest", "replay", str(path), "--prices", str(other), *acted)
    assert (refused.exit_code, refused.stderr) == (
        2,
        "aitrader: these are not the prices that the run was made from: AAA has other prices\n",
    )
    url = traded.small.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("AITRADER_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(traded.small.config_dir))
    assert told("manifest", "replay", str(path))["identical"] == 28


def test_a_part_of_a_run_begins_where_it_begins(
    traded: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = traded.small.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("AITRADER_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(traded.small.config_dir))
    path = str(traded.folder / "part.zip")
    span = ("--start", str(DAYS[2]), "--end", str(DAYS[4]), "--market", "small")
    done = told("manifest", "export", MODEL, "random@2", "--to", path, *span)
    assert done["days"] == {MODEL: 3, "random@2": 3}
    assert told("manifest", "replay", path)["identical"] == 6
    wanted = JobRequest("small", DAYS[0], DAYS[6], tuple(MODELS), tuple(DAYS[:7]))
    assert traded.small.floor.jobs.submit(wanted) == 1, "as whose the days are stored"
    done = told("manifest", "export", "1", "--to", path, "--market", "small")
    assert done["days"] == dict.fromkeys(MODELS, 7)
    for asked, sentence in (
        (("nobody",), "there is no model 'nobody'"),
        (("77",), "there is no job 77"),
        (("random", "77"), "name models, or one job alone"),
        (("buy_and_hold",), "nothing is stored of that"),
    ):
        refused = run("manifest", "export", *asked, "--to", path, "--market", "small")
        assert refused.exit_code == 2
        assert sentence in refused.stderr


def test_what_could_not_be_verified_elsewhere_is_not_exported(traded: Traded) -> None:
    small, path = traded.small, traded.folder / "never.zip"

    def refused(around: dict[str, str] | None = None, model: str = "random") -> str:
        with pytest.raises(InputError) as error:
            export(small.floor, small.config_dir, Asked([model]), around or {}, path)
        assert not path.exists()
        return str(error.value)

    leaked = "the value of MY_API_KEY stands in days.jsonl: nothing is written; take it out"
    assert refused({"MY_API_KEY": "Scripted: a Monday"}, MODEL).startswith(leaked)
    spec = small.config_dir / "models" / "small" / "random.yaml"
    kept = spec.read_text()
    spec.write_text(f"{kept}turnover: 0.2\n")
    assert "random on 2012-06-01 was made under the configuration" in refused()
    spec.write_text(kept)
    spec = small.config_dir / "models" / "small" / "gpt.yaml"
    kept = spec.read_text()
    spec.write_text("kind: recorded\nfile: /elsewhere/position.jsonl\nmode: as_recorded\n")
    assert "was made under the configuration" in refused(model="gpt")
    spec.write_text(kept)


def test_bars_within_a_session_go_along(small: Small, tmp_path: Path) -> None:
    scripted_arena(small, {"summary": "model"}, models=[MODEL, "random"], bars="intraday")
    rows = [
        f"{symbol},{day},{at},{10 + n}.5,{11 + n}"
        for n, day in enumerate(DAYS[:3])
        for symbol in ("AAA", "BBB")
        for at in ("10:00", "11:00")
    ]
    file = small.file("hourly.csv", "symbol,session,time,open,close", *rows)
    import_files(small.floor, file, None, gaps="allow")
    path, asked = tmp_path / "run.zip", Asked([MODEL, "random"])
    for model in asked.models:
        assert {type(step) for step in simulate(small.floor, model, DAYS[:3])} == {Made}
    export(small.floor, small.config_dir, asked, {}, path)
    assert told("manifest", "replay", str(path))["identical"] == 6
