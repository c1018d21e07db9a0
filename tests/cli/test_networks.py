"""aitrader models train, and aitrader networks."""

import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from aitrader_core.inference.network import FOLDER
from aitrader_core.runner.settings import project_root
from aitrader_core.training.recipes import DAILY_MLP, RECIPES
from tests.cli.conftest import Run
from tests.networks import add_network, linear

COMMITTED = project_root() / "configs" / FOLDER


@pytest.fixture
def networks(config_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Those of a copy of configs/, where the command looks for them."""
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    return config_dir / FOLDER


def test_the_committed_network_and_its_card_are_made_again(run: Run) -> None:
    result = run("models", "train", "daily_mlp", "--check")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"the same as in {COMMITTED}, byte for byte"
    assert "indistinguishable from zero" in result.stdout
    assert "3,000 of 3,000 steps" in result.stderr


@pytest.fixture
def hasty(config_dir: Path, networks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two steps on two years of prices."""
    monkeypatch.setitem(RECIPES, "daily_mlp", replace(DAILY_MLP, steps=2, first_test=2011))
    arena = config_dir / "arenas" / "us.yaml"
    text = arena.read_text()
    arena.write_text(text.replace("first_session: 2000-03-01", "first_session: 2010-01-04"))
    return networks


@pytest.mark.usefixtures("hasty")
def test_what_is_written_is_what_is_compared(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    train = ("models", "train", "daily_mlp", "--output", str(folder), "--json")
    told = json.loads(run(*train).stdout)
    network, card = (folder / name for name in ("daily_mlp.onnx", "daily_mlp.md"))
    assert {path.name for path in folder.iterdir()} == {network.name, card.name}
    assert told["networks"][0]["sha256"] == sha256(network.read_bytes()).hexdigest()
    assert json.loads(run(*train, "--check").stdout)["differences"] == []

    card.write_text(card.read_text().replace("seed: 1", "seed: 2"))
    other = run(*train, "--check", "--seed", "3")
    assert other.exit_code == 1
    first, second = json.loads(other.stdout)["differences"]
    assert first.startswith(f"{network} differs: 1,")
    assert f"{card} differs: line 4 is 'sha256: " in second
    assert other.stdout.count("--seed 3") == 1, "the command that makes it"

    network.unlink()
    gone = run(*train, "--check")
    assert gone.exit_code == 1
    missing, changed = json.loads(gone.stdout)["differences"]
    assert missing == f"{network} is not there"
    assert changed.endswith("is 'seed: 2', and was made as 'seed: 1'")
    assert not network.exists(), "a check writes nothing"


def test_a_network_that_nobody_can_train(run: Run) -> None:
    result = run("models", "train", "daily_mpl")
    assert result.exit_code == 2
    assert result.stderr == (
        "aitrader: there is no network 'daily_mpl' to train: there are daily_mlp, tick_cnn\n"
    )


def test_training_where_its_library_is_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optax", None)
    result = run("models", "train")
    assert result.exit_code == 2
    assert result.stderr == (
        "aitrader: training needs optax, which is not installed: install aitrader with its extras "
        "cpu and train, aitrader[cpu,train]\n"
    )


def test_a_folder_that_can_t_be_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("models", "train", "daily_mlp", "--output", str(tmp_path / "file"))
    assert result.exit_code == 2
    assert result.stderr == (
        f"aitrader: {tmp_path / 'file'} can't be a folder of networks: File exists\n"
    )


def test_the_networks_there_are(run: Run, networks: Path) -> None:
    (networks / "tick_cnn.onnx").write_bytes(b"another")
    add_network(networks.parent, linear("bare"))
    (networks / "none.onnx").write_bytes(b"no card")
    found = {each["name"]: each for each in json.loads(run("networks", "--json").stdout)}
    assert list(found) == ["bare", "daily_mlp", "none", "tick_cnn"]
    mlp = found["daily_mlp"]
    assert mlp["used_by"] == ["us/daily_mlp"]
    assert mlp["trained_on"]["last_session"] == "2012-05-31"
    assert [each["is_of_its_card"] for each in found.values()] == [False, True, False, False]
    shown = run("networks").stdout
    assert "its card is" in shown
    assert "no card" in shown


def test_no_networks_at_all(run: Run, networks: Path) -> None:
    for path in networks.iterdir():
        path.unlink()
    assert run("networks").stdout == ("there are no networks: run `aitrader models train`\n")


def test_a_card(run: Run, networks: Path) -> None:
    text = (networks / "daily_mlp.md").read_text()
    assert run("networks", "daily_mlp").stdout == text
    assert json.loads(run("networks", "daily_mlp", "--json").stdout)["kind"] == "mlp"


def test_a_card_that_is_none(run: Run, networks: Path) -> None:
    (networks / "tick_cnn.md").unlink()
    assert "tick_cnn has no card: write " in run("networks", "tick_cnn").stderr
    (networks / "daily_mlp.md").write_text("---\na: [\n---\n")
    for command in (("daily_mlp", "--json"), ()):
        result = run("networks", *command)
        assert result.exit_code == 2
        assert "daily_mlp" in result.stderr
        assert "its fields are not YAML" in result.stderr
    assert "there is no " in run("networks", "mlp").stderr
