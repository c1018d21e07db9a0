"""The token of a broker's session on disk, encrypted, for this user's eyes only."""

import base64
import binascii
import json
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from aitrader_core.broker.tokens import LOG_IN, over
from aitrader_core.domain.errors import ConfigError, SessionExpired

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY = "AITRADER_BROKER_KEY"
NEW_KEY = "make one with `aitrader broker key`"
_VERSION, _LEAST = 0x80, 1 + 8 + 16 + 16 + 32  # of a Fernet token: its first byte, its bytes


@dataclass(frozen=True)
class Vault:
    """Tokens for a `broker` (its URL) in the file at `path`, mode 0600.

    `keys` are the comma-separated ones of AITRADER_BROKER_KEY: the first encrypts, any decrypts.
    ConfigError where the key or the file is not what it should be.
    """

    path: Path
    keys: SecretStr | None = field(repr=False)
    broker: str

    def keep(self, token: SecretStr, until: int) -> None:
        kept = {"token": token.get_secret_value(), "until": until, "broker": self.broker}
        self._write(self._fernet().encrypt(json.dumps(kept).encode()))

    def token(self, now: int) -> SecretStr:
        fernet, written = self._fernet(), self._read()
        if written is None:
            raise SessionExpired(f"nobody is logged in at {self.broker}: {LOG_IN}")
        kept = json.loads(self._opened(fernet, written))
        if kept["broker"] != self.broker:  # a token is shown to nobody but who gave it
            raise SessionExpired(f"the last login was at {kept['broker']}: {LOG_IN}")
        if kept["until"] <= now:
            self.forget()
            raise over(kept["until"])
        return SecretStr(kept["token"])

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def rotate(self) -> bool:
        """Encrypt what is kept with the first key; False when nothing is."""
        fernet, written = self._fernet(), self._read()
        if written is None:
            return False
        self._write(fernet.encrypt(self._opened(fernet, written)))
        return True

    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        keys = _split(self.keys)
        if not keys:
            raise ConfigError(f"{KEY} is not set, which encrypts the broker's token: {NEW_KEY}")
        fernets = []
        for number, key in enumerate(keys, 1):
            try:
                fernets.append(Fernet(key))
            except (ValueError, binascii.Error):
                which = f"key {number} of " if len(keys) > 1 else ""
                raise ConfigError(f"{which}{KEY} is no key: {NEW_KEY}") from None
        return MultiFernet(fernets)

    def _opened(self, fernet: "MultiFernet", written: bytes) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return fernet.decrypt(written)
        except InvalidToken:
            pass
        if _is_whole(written):
            fault = f"was written with a key that is not in {KEY}: put that one after yours there"
        else:
            fault = "is damaged"
        raise ConfigError(f"{self.path} {fault}, or remove the file and {LOG_IN}") from None

    def _read(self) -> bytes | None:
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise ConfigError(
                        f"{self.path} may be read by others (its mode is {mode:04o}): "
                        f"chmod 600 {self.path}"
                    )
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{self.path} can't be read ({error.strerror})") from None

    def _write(self, content: bytes) -> None:
        """Whole or not at all; never, not even for a moment, for others to read."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{self.path.name}-")  # 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).replace(self.path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ConfigError(f"{self.path} can't be written ({error.strerror})") from None


def new_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _split(keys: SecretStr | None) -> Sequence[str]:
    given = "" if keys is None else keys.get_secret_value()
    return [key.strip() for key in given.split(",") if key.strip()]


def _is_whole(written: bytes) -> bool:
    """Whether it is what some key may open."""
    try:
        token = base64.b64decode(written, altchars=b"-_", validate=True)
    except ValueError:
        return False
    return len(token) >= _LEAST and token[0] == _VERSION and (len(token) - _LEAST) % 16 == 0
