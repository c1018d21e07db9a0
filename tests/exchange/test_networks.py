"""A network goes along with the days that it decided, and is asked again on another machine."""

import json
import zipfile
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from shutil import copytree, rmtree

import onnx
import pytest
from click.testing import CliRunner
from onnx.external_data_helper import set_external_data

from aitrader_core.cli import main
from aitrader_core.domain.errors import InputError
from aitrader_core.exchange.archive import archived
from aitrader_core.exchange.config_members import config_members
from aitrader_core.exchange.run_exporting import export
from aitrader_core.exchange.run_manifest import Asked
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.networks import add_network, linear, trading_by

NETWORK = "run/configs/networks/net.onnx"


@dataclass(frozen=True)
class Exported:
    """A week of a model that trades by a network; here nothing is left of either."""

    path: Path
    members: dict[str, bytes]

    def resealed(self, network: bytes) -> None:
        """With another network, which the manifest vouches for."""
        members = {**self.members, NETWORK: network}
        told = json.loads(members["manifest.json"])
        told["members"][NETWORK] = {"bytes": len(network), "sha256": sha256(network).hexdigest()}
        self.path.write_bytes(archived({**members, "manifest.json": json.dumps(told).encode()}))


@pytest.fixture(scope="module")
def packed(module_floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("networks")
    configs = Path(copytree(project_root() / "configs", folder / "configs"))
    trading_by(configs, linear("net", [1.0]), every="session")
    there = Floor(load_arena(configs, "us"), module_floor.engine)
    sessions = there.arena.calendar.between(date(2012, 6, 1), date(2012, 6, 7))
    plan = Plan("net", sessions, Origin("r", "run"), may_start=True)
    assert {type(step) for step in walk(there, plan)} == {Made}
    export(there, configs, Asked(["net"]), {}, folder / "run.zip")
    rmtree(configs)
    return (folder / "run.zip").read_bytes()


@pytest.fixture
def exported(packed: bytes, elsewhere: Path) -> Exported:
    path = elsewhere / "run.zip"
    path.write_bytes(packed)
    with zipfile.ZipFile(path) as archive:
        return Exported(path, {name: archive.read(name) for name in archive.namelist()})


def run(command: str, path: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ("manifest", command, str(path), *options))
    return done.exit_code, done.stdout or done.stderr


def test_another_machine_asks_the_network_again(exported: Exported) -> None:
    assert exported.members[NETWORK] == linear("net", [1.0]).content
    assert exported.members["run/configs/networks/net.md"].startswith(b"# net")
    manifest = json.loads(exported.members["manifest.json"])
    assert "onnxruntime" in manifest["made_by"]["libraries"]
    (made,) = manifest["models"]["net"]["made_of"]
    assert made["agent"]["backend"] == "auto -> ort-cpu"
    code, said = run("replay", exported.path, "--json")
    told = json.loads(said)
    assert (code, told["model_days"], told["identical"], told["notes"]) == (0, 5, 5, [])


def test_where_it_is_run_otherwise_the_replay_says_so(exported: Exported) -> None:
    manifest = json.loads(exported.members["manifest.json"])
    days = exported.members["days.jsonl"].replace(b"-> ort-cpu", b"-> ort-cuda")
    (made,) = manifest["models"]["net"]["made_of"]
    made["agent"]["backend"] = "auto -> ort-cuda"
    manifest["members"]["days.jsonl"] = {"bytes": len(days), "sha256": sha256(days).hexdigest()}
    members = {**exported.members, "days.jsonl": days}
    exported.path.write_bytes(archived({**members, "manifest.json": json.dumps(manifest).encode()}))
    code, said = run("replay", exported.path)
    assert code == 0
    assert "note: net was scored with backend ort-cuda, now ort-cpu, on 5 of its days" in said


def test_another_network_is_found_out(exported: Exported) -> None:
    exported.resealed(linear("net", [1.0, 0.1]).content)
    code, said = run("verify", exported.path)
    assert code == 1
    assert "net 2012-06-01: made under the configuration " in said


def test_a_network_that_reads_another_file_is_not_unpacked(exported: Exported) -> None:
    model = onnx.load_from_string(exported.members[NETWORK])
    set_external_data(model.graph.initializer[0], "../../secret")
    model.graph.initializer[0].ClearField("raw_data")
    exported.resealed(model.SerializeToString())
    code, said = run("verify", exported.path)
    assert code == 1
    assert "configs/networks/net.onnx: has numbers in another file" in said


def test_a_name_that_no_member_can_have_is_told_before(config_dir: Path) -> None:
    add_network(config_dir, linear("né"))
    trading_by(config_dir, linear("net"))
    (config_dir / "models" / "net.yaml").write_text("kind: onnx\nnetwork: né\n")
    arena = load_arena(config_dir, "us")
    with pytest.raises(InputError, match=r"né\.onnx: can't be named so in a run manifest"):
        config_members(config_dir, arena, ["net"], {})
