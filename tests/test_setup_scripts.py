"""./run and ./test on a machine that is not ours: any shell, any Python, or none."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from aitrader_core.runner.settings import project_root

ROOT = project_root()
SCRIPTS = [
    "run",
    "test",
    "tools/gpu",
    "tools/lock",
    "tools/providers",
    "tools/setup.sh",
    "tools/windmill",
    ".ci/run",
]
NEWER = """#!/bin/sh
case "$*" in *version_info*) exit 1;; esac
exit 0
"""
BARE = """#!/bin/sh
case "$*" in *ensurepip*) exit 1;; esac
exit 0
"""
SHIM = """#!/bin/sh
echo "pyenv: command not found" >&2
exit 127
"""
ANY = "#!/bin/sh\nexit 0\n"  # it "makes" an environment in which nothing can be installed
CHOOSY = """#!/bin/sh
case "$*" in *"-m venv"*) exit 1;; esac
exit 0
"""
LOCKS = ["requirements.lock", "requirements-dev.lock"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, under a path that catches a missing quote."""
    root = tmp_path / "a b'c"
    (root / "tools").mkdir(parents=True)
    for name in ("run", "test", "tools/setup.sh", "pyproject.toml", *LOCKS):
        (root / name).write_bytes((ROOT / name).read_bytes())
        (root / name).chmod((ROOT / name).stat().st_mode)
    return root


def programs(folder: Path, **scripts: str) -> Path:
    """A folder for PATH with nothing in it but the POSIX tools that set-up uses and `scripts`."""
    folder.mkdir()
    for tool in ("sh", "dirname", "cat", "cksum", "awk", "mv", "rm"):
        found = next(p for p in (Path("/usr/bin", tool), Path("/bin", tool)) if p.exists())
        (folder / tool).symlink_to(found)
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def start(
    project: Path, path: Path, *arguments: str, script: str = "run", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / script, *arguments],
        cwd="/",
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_environment(project: Path, lock: str = "requirements.lock") -> None:
    """As after a set-up, with an `aitrader` and a `ruff` that tell their arguments."""
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in ("python", "aitrader", "ruff"):
        (binaries / name).write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
        (binaries / name).chmod(0o755)
    (project / ".venv" / "stamp").write_text(fingerprint(project, lock))


def fingerprint(project: Path, lock: str) -> str:
    script = '. "$1/tools/setup.sh"; root=$1; fingerprint "$2"'
    command = ["/bin/sh", "-c", script, "sh", str(project), lock]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_is_posix(script: str) -> None:
    subprocess.run(["/bin/sh", "-n", ROOT / script], check=True)


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "tools/setup.sh"])
def test_can_be_started(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text().startswith("#!/bin/sh\n")


def packages(lock: str) -> set[str]:
    """Each with its hashes."""
    return set(re.findall(r"(?m)^\S.*(?:\n .*)*", (ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_host_and_hashes_everything(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ", (ROOT / lock).read_text())
    assert len(packages(lock)) > 100
    assert all("==" in package and "--hash=sha256:" in package for package in packages(lock))


def test_what_it_takes_to_run_is_what_was_tested() -> None:
    """Whoever has what tests take has what running takes: the same files of the same versions."""
    run, dev = map(packages, LOCKS)
    assert run < dev


def test_the_locks_hold_every_pin_but_the_gpu_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    run, dev = ((ROOT / lock).read_text().lower() for lock in LOCKS)
    for pin in project["dependencies"] + extras["cpu"] + extras["setup"]:
        assert f"\n{pinned(pin)} " in f"\n{run}"
    for pin in extras["train"] + extras["dev"]:
        assert f"\n{pinned(pin)} " in f"\n{dev}"
    for text in ("tensorrt==", "tensorrt-cu13==", "onnxruntime-gpu", "cuda-bindings"):
        assert text not in dev
    for heavy in ("jaxlib", "tensorrt", "playwright", "mypy"):
        assert heavy not in run


def pinned(requirement: str) -> str:
    return requirement.partition(";")[0].strip().lower().replace("_", "-")


def test_without_python_it_says_what_is_needed(project: Path, tmp_path: Path) -> None:
    refused = start(project, programs(tmp_path / "bin"))
    assert refused.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in refused.stderr
    assert not (project / ".venv").exists()


def test_old_new_and_broken_pythons_are_passed_over(project: Path, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", **{"python3.13": SHIM, "python3.12": SHIM, "python3": NEWER})
    refused = start(project, path)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "Install one" in refused.stderr


def test_without_venv_it_names_the_package(project: Path, tmp_path: Path) -> None:
    refused = start(project, programs(tmp_path / "bin", **{"python3.12": BARE}))
    assert refused.returncode == 1
    assert "python3.12 cannot make virtual environments" in refused.stderr
    assert "python3-venv" in refused.stderr


def test_a_failed_installation_leaves_no_stamp(project: Path, tmp_path: Path) -> None:
    refused = start(project, programs(tmp_path / "bin", **{"python3.12": ANY}))
    assert refused.returncode == 1
    assert "could not be installed" in refused.stderr
    assert not (project / ".venv" / "stamp").exists()


def test_a_ready_environment_starts_at_once(project: Path, tmp_path: Path) -> None:
    fake_environment(project)
    path = programs(tmp_path / "bin")  # no Python at all: it is not asked
    assert start(project, path, "--port", "a b").stdout == "<up><--demo><--port><a b>"
    assert start(project, path, "--once", "x").stdout == "<demo><x>"


def test_whoever_can_test_can_run_and_not_the_reverse(project: Path, tmp_path: Path) -> None:
    fake_environment(project, "requirements-dev.lock")
    path = programs(tmp_path / "bin")
    assert start(project, path, "--once").stdout == "<demo>"
    assert start(project, path, script="test").stdout.startswith("<check>")
    (project / ".venv/stamp").write_text(fingerprint(project, "requirements.lock"))
    assert "needs Python" in start(project, path, script="test").stderr


@pytest.mark.parametrize("as_it_was", [True, False])
def test_what_is_missing_for_tests_is_added_to_what_runs(
    project: Path, tmp_path: Path, as_it_was: bool
) -> None:
    """This Python makes no environment, so that only one that is there can be added to."""
    fake_environment(project)
    if not as_it_was:
        (project / "pyproject.toml").write_text("changed")
    start(project, programs(tmp_path / "bin", **{"python3.12": CHOOSY}), script="test")
    stamp = project / ".venv/stamp"
    assert stamp.exists() == as_it_was
    assert not as_it_was or stamp.read_text() == fingerprint(project, "requirements-dev.lock")


def test_what_python_compiles_is_kept_wherever_it_starts(project: Path, tmp_path: Path) -> None:
    fake_environment(project)
    (project / ".venv/bin/aitrader").write_text("#!/bin/sh\necho ${PYTHONDONTWRITEBYTECODE-kept}\n")
    started = start(project, programs(tmp_path / "bin"), PYTHONDONTWRITEBYTECODE="1")
    assert started.stdout == "kept\n"


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_is_set_up_anew(project: Path, tmp_path: Path, changed: str) -> None:
    fake_environment(project)
    with (project / changed).open("a") as file:
        file.write("# changed\n")
    assert "needs Python" in start(project, programs(tmp_path / "bin")).stderr


def test_a_moved_environment_is_set_up_anew(project: Path, tmp_path: Path) -> None:
    fake_environment(project)
    moved = project.rename(tmp_path / "moved")
    assert "needs Python" in start(moved, programs(tmp_path / "bin")).stderr
