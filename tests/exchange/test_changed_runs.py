"""Whatever is changed in a run manifest is noticed, and what is hostile in one does nothing."""

import json
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from aitrader_core.cli import main
from aitrader_core.exchange import archive
from aitrader_core.exchange.archive import archived
from tests.runner.scripted_days import MODEL

pytestmark = pytest.mark.usefixtures("elsewhere")

Members = dict[str, bytes]
Change = Callable[[Any], None]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="aitrader")


def refused(path: Path, command: str = "verify", *options: str) -> str:
    """What is said of it, in one line and without a stack trace."""
    done = run("manifest", command, str(path), *options)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    return (done.stdout + done.stderr).replace(str(path), "RUN")


@pytest.fixture
def members(run_file: Path) -> Members:
    with zipfile.ZipFile(run_file) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def resealed(members: Members, folder: Path) -> Path:
    """Vouched for again, as by somebody who knows how."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {
        name: {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in members.items()
        if name != "manifest.json"
    }
    path = folder / "resealed.zip"
    path.write_bytes(archived({**members, "manifest.json": json.dumps(manifest).encode()}))
    return path


# A byte ----------------------------------------------------------------------------------------


def test_a_flipped_byte_is_noticed_wherever_it_is(run_file: Path, tmp_path: Path) -> None:
    content, path = run_file.read_bytes(), tmp_path / "flipped.zip"
    with zipfile.ZipFile(run_file) as opened:
        starts = [info.header_offset for info in opened.infolist()] + [opened.start_dir]
    ends = [*starts[1:], len(content)]
    assert len(starts) == 14
    for start, end in zip(starts, ends, strict=True):
        for at in (start, start + 11, start + 40, (start + end) // 2, end - 1):
            flipped = bytearray(content)
            flipped[at] ^= 1 << at % 8
            path.write_bytes(flipped)
            assert refused(path).startswith("aitrader: RUN")
    for cut in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        assert refused(path).startswith("aitrader: RUN")
    path.write_bytes(content + b"\n")
    assert refused(path).startswith("aitrader: RUN")


def test_a_member_that_is_not_vouched_for_is_named(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    for name, content in members.items():
        if name == "manifest.json":
            continue
        path.write_bytes(archived({**members, name: content + b"\n"}))
        assert refused(path) == f"aitrader: RUN: {name} is not what its manifest vouches for\n"
        path.write_bytes(archived({n: c for n, c in members.items() if n != name}))
        assert refused(path).startswith(f"aitrader: RUN has no {name}: get it again")
    path.write_bytes(archived({**members, "more.txt": b""}))
    assert refused(path) == "aitrader: RUN has more.txt, which its manifest does not know\n"


# Changes that are vouched for -------------------------------------------------------------------


def in_line(number: int, change: Change) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        lines = content.split(b"\n")
        raw = json.loads(lines[number])
        change(raw)
        lines[number] = json.dumps(raw).encode()
        return b"\n".join(lines)

    return changed


def put(*keys: str | int, value: object) -> Change:
    def change(raw: Any) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        assert raw[keys[-1]] != value
        raw[keys[-1]] = value

    return change


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "the close": (
        "days.jsonl",
        in_line(0, put("figures", "closing_cash", value="1001.00000000")),
        f"{MODEL} 2012-06-01: does not add up: opening, fills and adjustments give another",
    ),
    "a figure": (
        "days.jsonl",
        in_line(2, put("figures", "profit", value="77")),
        f"{MODEL} 2012-06-05: profit is 77, and its facts give ",
    ),
    "a holding": (
        "days.jsonl",
        in_line(1, lambda raw: raw["holdings"].clear()),
        f"{MODEL} 2012-06-04: does not add up",
    ),
    "an opening": (
        "days.jsonl",
        in_line(3, put("opening", "total_fills", value=9)),
        f"{MODEL} 2012-06-06: does not open with the close of 2012-06-05",
    ),
    "a fill": (
        "days.jsonl",
        in_line(1, lambda raw: raw["fills"].clear()),
        f"{MODEL} 2012-06-04: order 1 is filled, and has no fill",
    ),
    "a column": ("days.jsonl", in_line(0, put("figures", "value", value=[])), "days.jsonl:1: is"),
    "no day": (
        "days.jsonl",
        lambda content: content.split(b"\n", 1)[1],
        "script: first_session is 2012-06-01 in the manifest, and 2012-06-04 here",
    ),
    "a gap": (
        "days.jsonl",
        lambda content: b"\n".join(content.split(b"\n")[:2] + content.split(b"\n")[3:]),
        f"{MODEL} 2012-06-06: follows 2012-06-04, which is not the session before it",
    ),
    "a reply": (
        "calls.jsonl",
        in_line(0, put("reply", value="{}")),
        "calls.jsonl:1: the stored answer to call 1 of script on 2012-06-01 (small) was changed",
    ),
    "no call": (
        "calls.jsonl",
        lambda content: content.split(b"\n", 1)[1],
        f"{MODEL} 2012-06-01: 1 of 2 model calls are not in the archive",
    ),
    "a prompt": (
        "run/configs/prompts/trader.md",
        lambda content: content + b"Be bold.",
        f"{MODEL} 2012-06-01: made under the configuration ",
    ),
    "a parameter": (
        "run/configs/models/small/random.yaml",
        lambda content: content + b"turnover: 0.5\n",
        "random 2012-06-01: made under the configuration ",
    ),
    "the costs": (
        "run/configs/costs/us_retail.yaml",
        lambda content: content.replace(b"0.005", b"0.006"),
        "the arena's costs is another in its configuration than in the manifest",
    ),
    "a recording": (
        "run/position.jsonl",
        lambda content: content.replace(b"900", b"901"),
        "gpt 2012-06-01: made under the configuration ",
    ),
    "an action": (
        "actions.jsonl",
        lambda content: content + b'["AAA", "2012-06-06", "split", "2"]\n',
        "its prices are not those that its manifest names: AAA has 2 corporate actions instead",
    ),
    "the bars": ("bars.parquet", lambda content: content[:-40], "its prices can't be read: "),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_that_is_vouched_for_is_noticed(
    members: Members, tmp_path: Path, what: str
) -> None:
    name, change, sentence = CHANGES[what]
    changed = change(members[name])
    assert changed != members[name]
    said = refused(resealed({**members, name: changed}, tmp_path))
    assert sentence in said
    assert "Traceback" not in said


def test_what_was_said_otherwise_is_found_by_the_replay(members: Members, tmp_path: Path) -> None:
    """The ledger of such a day adds up, and nobody could have said that."""
    change = in_line(1, put("transcript", 0, "text", value="Trade as you like."))
    path = resealed({**members, "days.jsonl": change(members["days.jsonl"])}, tmp_path)
    assert run("manifest", "verify", str(path)).exit_code == 0
    done = run("manifest", "replay", str(path), "--json")
    assert done.exit_code == 1
    ((told),) = json.loads(done.stdout)["differences"]
    assert (told["model"], told["session"]) == (MODEL, "2012-06-04")
    assert told["difference"].startswith('entry 1 (system): text was "Trade as you like."')


def test_other_code_is_said_and_is_no_fault(members: Members, tmp_path: Path) -> None:
    manifest = json.loads(members["manifest.json"])
    manifest["made_by"] |= {"aitrader": "0.0.9", "commit": None}
    path = resealed({**members, "manifest.json": json.dumps(manifest).encode()}, tmp_path)
    done = run("manifest", "verify", str(path))
    assert done.exit_code == 0
    assert "note: made by aitrader 0.0.9, and here is 0.1.0" in done.stdout


# Hostile files ----------------------------------------------------------------------------------


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


HOSTILE = {
    "no zip": (b"PK, or so it says", "is no whole zip file"),
    "empty": (zipped(), "was changed after it was sealed"),
    "a way out": (zipped(("../evil", b"")), "'../evil' can't be the name of a member"),
    "a way out in between": (zipped(("run/../../evil", b"")), "can't be the name of a member"),
    "a root": (zipped(("/etc/evil", b"")), "'/etc/evil' can't be the name of a member"),
    "another system's": (zipped(("run\\..\\evil", b"")), "can't be the name of a member"),
    "hidden": (zipped(("run/.ssh/keys", b"")), "can't be the name of a member"),
    "a bomb": (zipped(("days.jsonl", b"0" * (64 << 20))), "would unpack to 67,108,864 bytes"),
    "packed otherwise": (
        zipped(("days.jsonl", b"0"), method=zipfile.ZIP_LZMA),
        "days.jsonl is packed in a way that no run manifest is",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_one_sentence(tmp_path: Path, what: str) -> None:
    content, sentence = HOSTILE[what]
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "run.zip"
    path.write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    for command in ("verify", "replay"):
        assert sentence in refused(path, command)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_lie_about_sizes_is_noticed(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(archived(members).replace(b"PK\x01\x02", b"PK\x01\x02", 1))
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 1000)
    assert "would unpack to" in refused(path)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MANY", 5)
    assert "has 13 members, more than 5" in refused(path)


EVIL = {
    "models/small/random.yaml: kind": ("kind: evil:Agent\n", "is code of its own"),
    "markets/us.yaml": ("exchange: XNYS\ncurrency: USD\nrules: evil:Rules\n", "is code of its own"),
    "models/small/gpt.yaml": ("kind: recorded\nfile: /etc/passwd\n", "leads out of the archive"),
    "models/small/gpt.yaml: up": ("kind: recorded\nfile: ../../x\n", "leads out of the archive"),
    "models/small/script.yaml": ("kind: llm\nmodel: x\nprompt: ../../x\n", "leads out of the"),
    "costs/us_retail.yaml": ("a: &a [1]\nb: [*a, *a]\n", "has an alias"),
    "costs/us_retail.yaml: python": ("!!python/object/apply:os.system [ls]\n", "is no YAML"),
    "costs/us_retail.yaml: deep": ("[" * 99_000, "is nested deeper than any configuration"),
}


@pytest.mark.parametrize("what", EVIL)
def test_a_configuration_imports_and_reads_nothing_of_this_machine(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "evil.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(code)
    text, sentence = EVIL[what]
    name = f"run/configs/{what.partition(':')[0]}"
    path = resealed({**members, name: text.encode()}, tmp_path)
    for command in ("verify", "replay"):
        assert sentence in refused(path, command)
    assert "evil" not in sys.modules


def test_code_of_ones_own_has_to_be_here_and_to_be_trusted(
    members: Members, tmp_path: Path
) -> None:
    name = "run/configs/models/small/random.yaml"
    path = resealed({**members, name: b"kind: not_here.at_all:Agent\n"}, tmp_path)
    assert "can't be imported here: install it first" in refused(path, "replay", "--trust-code")
    own = b"kind: aitrader_core.agents.rules:RandomTrader\nrepeats: 2\n"
    path = resealed({**members, name: own}, tmp_path)
    assert "random 2012-06-01: made under the configuration" in refused(
        path, "verify", "--trust-code"
    )


def test_an_arena_that_asks_for_another_source_is_read_without_it(
    members: Members, tmp_path: Path
) -> None:
    name = "run/configs/arenas/small.yaml"
    told = yaml.safe_load(members[name])
    assert told["prices"] == "file"
    changed = yaml.safe_dump({**told, "prices": {"kind": "evil:Source"}}).encode()
    assert "is code of its own" in refused(resealed({**members, name: changed}, tmp_path))


def test_a_version_that_is_not_known_is_said(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    for change, sentence in (
        ({"version": 2}, "is of version 2 and this aitrader knows 1"),
        ({"format": "zip"}, "RUN is no aitrader run manifest"),
        ({"days": 1}, "manifest.json: days: unknown key"),
        ({"prices": {}}, "manifest.json: prices.included: is missing"),
    ):
        manifest = {**json.loads(members["manifest.json"]), **change}
        path.write_bytes(archived({**members, "manifest.json": json.dumps(manifest).encode()}))
        assert sentence in refused(path)
    for content, sentence in ((b"[]", "is no aitrader"), (b"{", "is no JSON")):
        path.write_bytes(archived({**members, "manifest.json": content}))
        assert sentence in refused(path)
    path.write_bytes(archived({n: c for n, c in members.items() if n != "manifest.json"}))
    assert "has no manifest.json: it is no run manifest" in refused(path)
    gone = run("manifest", "verify", str(tmp_path / "gone.zip"))
    assert (gone.exit_code, "can't be read (No such file or directory)" in gone.stderr) == (2, True)
