"""Built engines on disk, a folder of their key for each: built once, whoever asks, however often.

A folder holds the files of its builder and `key.json`, which is written last and names them with
their sha256: what is torn, changed or foreign is as good as not there. Builders of one key take
turns by a lock on a file beside the folder, which the kernel takes from whoever is killed.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_key import EngineKey, read_key

PLAN, TIMING = "engine.plan", "timing.cache"
_KEY, _DRAFT, _LOCK = "key.json", ".draft", ".lock"
_NAME = re.compile(r"[0-9a-f]{16}")

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """An engine that is there; `built` is in seconds since 1970."""

    key: EngineKey
    network: str
    size: int
    built: float
    is_being_built: bool


@dataclass(frozen=True, slots=True)
class EngineCache:
    """Raises InferenceError where its folder can't be written or read."""

    folder: Path

    def read(self, key: EngineKey) -> Files | None:
        """The files of `key`; None where they are not there, or not whole."""
        told = _told(self._place(key))
        if told is None or told.get("key") != key.told:
            return None
        return _whole(self._place(key), told)

    def get(self, key: EngineKey, network: str, build: Callable[[], Files]) -> tuple[Files, bool]:
        """The files of `key`, and whether `build` had to be asked for them.

        Of those who want it at once one builds, and the others wait and read.
        """
        if (files := self.read(key)) is not None:
            return files, False
        with self._locked(key):
            if (files := self.read(key)) is not None:
                return files, False  # built while we waited
            with self._writing():
                self._clear(key)
            try:
                files = build()
            except BaseException:
                shutil.rmtree(self._place(key), ignore_errors=True)
                raise
            with self._writing():
                self._keep(key, network, files)
            return files, True

    @contextmanager
    def held(self, key: EngineKey, network: str) -> Iterator[Path]:
        """The folder of `key` for a builder that reads and writes its own files there.

        It is emptied first when it is not whole. Only its holder is in it; what it holds at the
        end without an error is whole.
        """
        place = self._place(key)
        with self._locked(key):
            if self.read(key) is None:
                with self._writing():
                    self._clear(key)
            yield place
            with self._writing():
                sums = {p.name: _sum(p.read_bytes()) for p in _files(place)}
                self._seal(key, network, sums)

    def add(self, key: EngineKey, network: str, files: Files) -> None:
        """Keep `files` too, which were learned in use; others of their name are replaced."""
        with self._locked(key), self._writing():
            self._keep(key, network, {**(self.read(key) or {}), **files})

    def entries(self) -> list[Entry]:
        """The newest first; what is no engine is passed over."""
        found = [entry for name in self._names() if (entry := self._entry(name))]
        return sorted(found, key=lambda entry: (-entry.built, entry.key.name))

    def ruins(self) -> list[str]:
        """Names of folders that builders left who were killed, and of what is not whole."""
        return [n for n in self._names() if _NAME.fullmatch(n) and self._is_ruin(n)]

    def remove(self, name: str) -> bool:
        """Whether it went, what was there of the key of this `name`: not while it is built."""
        with self._lock(name, wait=False) as held:
            if held:
                with self._writing():
                    if (place := self.folder / name).exists():
                        shutil.rmtree(place)
                    self._lock_of(name).unlink()
            return held

    def _is_ruin(self, name: str) -> bool:
        entry = self._entry(name)
        is_whole = entry is not None and self.read(entry.key) is not None
        return not (is_whole or self._is_locked(name))

    def _entry(self, name: str) -> Entry | None:
        place = self.folder / name
        told = _told(place)
        try:
            key = read_key(told["key"]) if told else None
            if not told or key is None or key.name != name:
                return None
            sizes = sum(path.stat().st_size for path in _files(place))
            built = (place / _KEY).stat().st_mtime
        except (ValueError, KeyError, OSError):
            return None
        return Entry(key, str(told.get("network", "")), sizes, built, self._is_locked(name))

    def _is_locked(self, name: str) -> bool:
        try:
            file = self._lock_of(name).open()
        except OSError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self.folder.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._trouble(error) from error

    def _place(self, key: EngineKey) -> Path:
        return self.folder / key.name

    def _lock_of(self, name: str) -> Path:
        return self.folder / f"{name}{_LOCK}"

    def _clear(self, key: EngineKey) -> None:
        """Nothing of a builder that was killed stays, nor of a file that is not whole."""
        place = self._place(key)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)

    def _keep(self, key: EngineKey, network: str, files: Files) -> None:
        place = self._place(key)
        for name, content in files.items():
            _write(place / name, content)
        self._seal(key, network, {name: _sum(content) for name, content in files.items()})

    def _seal(self, key: EngineKey, network: str, sums: Mapping[str, str]) -> None:
        told = {"key": key.told, "network": network, "files": sums}
        _write(self._place(key) / _KEY, json.dumps(told, indent=2).encode() + b"\n")

    @contextmanager
    def _locked(self, key: EngineKey) -> Iterator[None]:
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock(key.name, wait=True):
            yield

    @contextmanager
    def _lock(self, name: str, *, wait: bool) -> Iterator[bool]:
        """Whether it is ours; only whoever has it may delete its file, so what is locked is looked
        at again by its path."""
        path = self._lock_of(name)
        how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        while True:
            with self._writing():
                file = path.open("a")
            with file:
                try:
                    fcntl.flock(file, how)
                except BlockingIOError:
                    yield False
                    return
                if _is_at(file.fileno(), path):
                    yield True
                    return

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> InferenceError:
        return InferenceError(
            f"engines can't be kept in {self.folder}: {error.strerror or error}; "
            "make it a folder that can be written, or set another AITRADER_HOME"
        )


def _told(place: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((place / _KEY).read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _whole(place: Path, told: Mapping[str, Any]) -> Files | None:
    sums = told.get("files")
    if not isinstance(sums, dict) or not sums:
        return None
    try:
        files = {name: (place / name).read_bytes() for name in sums}
    except OSError:
        return None
    return files if all(_sum(files[name]) == sums[name] for name in sums) else None


def _files(place: Path) -> list[Path]:
    return [p for p in sorted(place.iterdir()) if p.is_file() and p.name != _KEY]


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the machine stops."""
    draft = path.with_name(path.name + _DRAFT)
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)
