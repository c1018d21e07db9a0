"""Trained networks as files, and whether those that are kept are what training makes."""

from importlib import import_module
from itertools import zip_longest
from pathlib import Path

from aitrader_core.domain.errors import InputError

NEEDED = ("jax", "optax", "onnx")


def check_installed() -> None:
    """InputError names what training needs and this installation lacks."""
    for name in NEEDED:
        try:
            import_module(name)
        except ImportError:
            raise InputError(
                f"training needs {name}, which is not installed: install aitrader with its extras "
                "cpu and train, aitrader[cpu,train]"
            ) from None


def files_of(name: str, content: bytes, card: str) -> dict[str, bytes]:
    """A network and its card, by the names of their files."""
    return {f"{name}.onnx": content, f"{name}.md": card.encode()}


def make_folder(folder: Path) -> None:
    """Before anything is trained for it. InputError where it can't be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} can't be a folder of networks: {error.strerror}") from error


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Each whole or not at all. InputError where the folder can't be written."""
    for name, content in files.items():
        part = folder / f".{name}.part"
        try:
            part.write_bytes(content)
            part.replace(folder / name)
        except OSError as error:
            raise InputError(f"{folder / name} can't be written: {error.strerror}") from error


def differences(folder: Path, files: dict[str, bytes]) -> list[str]:
    """A sentence for each file that is not as it was made now."""
    found = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{path} is not there")
        elif (kept := path.read_bytes()) != content:
            found.append(f"{path} differs: {_first(kept, content)}")
    return found


def _first(kept: bytes, made: bytes) -> str:
    """Of the lines of a text, or of the bytes of a network, the first that differ."""
    try:
        lines = zip_longest(kept.decode().splitlines(), made.decode().splitlines())
        pairs = ((n, one, other) for n, (one, other) in enumerate(lines, 1) if one != other)
        number, one, other = next(pairs)
    except (UnicodeDecodeError, StopIteration):
        at = next(n for n, (one, other) in enumerate(zip_longest(kept, made)) if one != other)
        return f"{len(kept):,} bytes are kept, {len(made):,} were made, byte {at:,} is another"
    return f"line {number} is {one!r}, and was made as {other!r}"
