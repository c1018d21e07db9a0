"""A zip whose bytes follow from its content alone, sealed against change.

Its comment is the SHA-256 of everything before it, so that one changed bit anywhere is noticed.
What comes from elsewhere is believed in nothing: names, sizes and methods are checked before a
byte is unpacked, and nothing is written to disk here.
"""

import re
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from aitrader_core.domain.errors import InputError, ManifestError

LARGEST_MEMBER, LARGEST_ARCHIVE = 512 << 20, 1 << 30  # bytes, unpacked
MANY = 10_000  # members
_RATIO = 200  # unpacked to packed; transcripts come to 5 to 20
_SMALL = 1 << 20  # bytes that may be packed however tightly
_PACKED = frozenset({".onnx", ".parquet"})  # nothing is won by it, or compressed in themselves
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MARK = "sha256 "
_SEAL = len(_MARK) + 64
_PART = r"[A-Za-z0-9_@][A-Za-z0-9._@ :+=-]*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")


def is_name(name: str) -> bool:
    """Whether it can be a member's: relative, plain, and nowhere but below."""
    return bool(_NAME.fullmatch(name)) and len(name) <= 240


def archived(members: Mapping[str, bytes]) -> bytes:
    """The same bytes for the same members, whenever and wherever (given the same zlib)."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members, key=lambda n: (n != "manifest.json", n)):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16
            stored = Path(name).suffix in _PACKED
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, members[name], compresslevel=None if stored else 6)
        archive.comment = b"-" * _SEAL
    content = buffer.getvalue()[:-_SEAL]
    return content + f"{_MARK}{sha256(content).hexdigest()}".encode()


def read_archive(path: Path) -> dict[str, bytes]:
    """Its members by name. ManifestError for what is no such archive, or was changed."""
    try:
        if path.stat().st_size > LARGEST_ARCHIVE:
            raise ManifestError(f"{path} is larger than {LARGEST_ARCHIVE >> 20} MiB: not unpacked")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}): name a run manifest") from None
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = _unpacked(path, archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError, OSError) as error:
        raise ManifestError(f"{path} is no whole zip file: {error}") from None
    except (NotImplementedError, RuntimeError) as error:
        raise ManifestError(f"{path} can't be unpacked: {error}") from None
    if content[-_SEAL:] != f"{_MARK}{sha256(content[:-_SEAL]).hexdigest()}".encode():
        raise ManifestError(
            f"{path} was changed after it was sealed: get it again from where it was made"
        )
    return members


def _unpacked(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    listed = archive.infolist()
    _check(path, listed)
    members: dict[str, bytes] = {}
    for info in listed:
        try:
            with archive.open(info) as member:
                members[info.filename] = member.read(info.file_size + 1)
        except Exception as error:  # whatever a broken stream makes zlib raise
            raise ManifestError(f"{path}: {info.filename} is broken: {error}") from None
        if len(members[info.filename]) != info.file_size:
            raise ManifestError(f"{path}: {info.filename} is not of the size that it says")
    return members


def _check(path: Path, listed: list[zipfile.ZipInfo]) -> None:
    if len(listed) > MANY:
        raise ManifestError(f"{path} has {len(listed):,} members, more than {MANY:,}: not unpacked")
    seen: set[str] = set()
    for info in listed:
        name = info.filename
        if not is_name(name) or info.orig_filename != name:
            raise ManifestError(
                f"{path}: {info.orig_filename[:80]!r} can't be the name of a member: not unpacked"
            )
        if name in seen:
            raise ManifestError(f"{path}: {name} is there twice: not unpacked")
        seen.add(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ManifestError(f"{path}: {name} is packed in a way that no run manifest is")
        if info.file_size > LARGEST_MEMBER or info.file_size > max(
            _SMALL, _RATIO * info.compress_size
        ):
            raise ManifestError(
                f"{path}: {name} would unpack to {info.file_size:,} bytes: not unpacked"
            )
    if sum(info.file_size for info in listed) > LARGEST_ARCHIVE:
        raise ManifestError(f"{path} would unpack to more than 1 GiB: not unpacked")
