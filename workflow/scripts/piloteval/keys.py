"""The secret key of the pseudonyms, and the pseudonyms it makes.

The key is 32 random bytes in a file of its own, outside the repository, that only its owner can read. Rules get the
path and nothing else; the bytes are in no parameter, log or result.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

from piloteval.errors import ConfigError, DataError

#: How the key of the example begins; with real data it is refused.
PUBLIC_KEY = b"PUBLIC-DEMO-KEY"

#: A person has another pseudonym in each of these, so that what is published of one does not lead to another.
SURVEY, INTERVIEW, RELEASE = "survey", "interview", "release"

#: How folders are called whose content is copied to other machines.
SYNCED = re.compile(
    r"(?:onedrive|dropbox|google ?drive|icloud(?: ?drive)?|nextcloud|owncloud|my drive|cloudstorage|mobile documents|"
    r"com~apple~\w+)(?![a-z])",
    re.IGNORECASE,
)

#: Where a new key goes when no other place is named.
PLACE = "~/.piloteval/pilot.key"


def is_public(path: str | Path) -> bool:
    """Tell whether a file holds the key of the example."""
    path = Path(path)
    return path.is_file() and path.read_bytes().startswith(PUBLIC_KEY)


def read_key(path: str | Path) -> bytes:
    """Read the secret key of the pseudonyms.

    The key of the example may lie anywhere, since everybody knows it.

    Raises
    ------
    ConfigError
        There is no such file, it does not hold 32 bytes, others may read it, or it lies where it is copied.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(
            f"{path}: the key file of the pseudonyms is missing. "
            "Make one with `make key`, or correct `participants.key_file`."
        )
    key = path.read_bytes()
    if len(key) != 32:
        raise ConfigError(f"{path}: the key has {len(key)} bytes; expected 32. Make a new one with `make key`.")
    if key.startswith(PUBLIC_KEY):
        return key
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: others on this machine can read the key. Close it with `chmod 600 {path}`.")
    above = path.absolute().parents
    if any((folder / ".git").exists() for folder in above):
        raise ConfigError(f"{path}: the key lies inside a repository. Move it outside, to {PLACE} for example.")
    if any(SYNCED.match(folder.name) for folder in above):
        raise ConfigError(
            f"{path}: the key lies in a folder that is copied elsewhere. Move it, to {PLACE} for example."
        )
    return key


def pseudonym(key: bytes, domain: str, identifier: str) -> str:
    """Return the pseudonym of an identifier in a domain.

    Parameters
    ----------
    key : bytes
        Secret of 32 bytes.
    domain : str
        ``survey``, ``interview`` or ``release``; the same person has different pseudonyms in different domains.
    identifier : str
        The raw id.

    Returns
    -------
    str
        Ten letters and digits: the first 50 bits of HMAC-SHA-256 (RFC 2104)
        over domain and identifier, in base 32 (RFC 4648).
    """
    mac = hmac.digest(key, f"{domain}\0{identifier}".encode(), "sha256")
    return base64.b32encode(mac)[:10].decode().lower()


def pseudonyms(key: bytes, domain: str, identifiers: Iterable[str]) -> dict[str, str]:
    """Return pseudonyms of distinct identifiers, refusing the rare collision.

    Raises
    ------
    DataError
        Two identifiers have the same pseudonym.
    """
    names = {identifier: pseudonym(key, domain, identifier) for identifier in identifiers}
    if len(set(names.values())) != len(names):
        raise DataError("Two participants would get the same pseudonym. Make a new key with `make key` and run again.")
    return names


def make_key(path: str | Path) -> None:
    """Write a new secret key that only its owner can read.

    Raises
    ------
    ConfigError
        The file exists; a key is never overwritten, since its pseudonyms would be lost.
    """
    path = Path(path)
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path}: there is a key already. Keep it, or move it away before making another.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))


def main(arguments: list[str]) -> None:
    """Make a key at the place named, or at the usual one, and say how to use it."""
    place = arguments[0] if arguments else PLACE
    try:
        make_key(Path(place).expanduser())
    except ConfigError as fault:
        sys.exit(str(fault))
    print(f"A new key is in {place}. Name it in config/config.yaml: `participants.key_file: {place}`.")
    print("Keep a copy where only the data manager can open it; without the key no pseudonym can be made again.")


if __name__ == "__main__":
    main(sys.argv[1:])
