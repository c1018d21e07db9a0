"""What a pattern engine remembers, as bytes that say what they are of."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aitrader_core.domain.errors import InputError

_MAGIC = b"aitrader pattern engine 1\n"  # another number when the same ticks teach otherwise
_DIGEST = 32  # bytes


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


def pack(header: Mapping[str, Any], body: bytes) -> bytes:
    told = json.dumps(header, sort_keys=True).encode()
    content = _MAGIC + told + b"\n" + body
    return content + sha256(content).digest()


def unpack(saved: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body. Raises InputError when they are not as they were packed."""
    if not saved.startswith(_MAGIC):
        raise InputError("the saved engine is of another version or no engine: start a new one")
    content, told = saved[:-_DIGEST], saved[-_DIGEST:]
    if sha256(content).digest() != told:
        raise InputError("the saved engine is broken: its checksum differs; start a new one")
    header, _, body = content[len(_MAGIC) :].partition(b"\n")
    return json.loads(header), body


def check(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises InputError that names what differs first."""
    for name, value in wanted.items():
        if saved.get(name) != value:
            raise InputError(
                f"the saved engine has other {name}: {saved.get(name)}, not {value}; "
                "resume it with what it was saved with, or start a new one"
            )
