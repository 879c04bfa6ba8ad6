"""The secret key of the pseudonyms: where it may lie, who may read it, and what it makes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import keys
from piloteval.errors import ConfigError, DataError
from study import ROOT

KEY = bytes(range(32))
DEMO = ROOT / "config/demo.key"
DOMAINS = (keys.SURVEY, keys.INTERVIEW, keys.RELEASE)

repeated = settings(max_examples=50, deadline=None, derandomize=True, database=None)
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has other rights of files")


def put(path, content=KEY, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refusal(path):
    with pytest.raises(ConfigError) as fault:
        keys.read_key(path)
    return str(fault.value)


# Reading


def test_key_of_its_owner_alone_is_read(tmp_path):
    assert keys.read_key(put(tmp_path / "pilot.key")) == KEY
    assert keys.read_key(str(tmp_path / "pilot.key")) == KEY


@pytest.mark.parametrize("size", [0, 1, 16, 31, 33, 64])
def test_key_of_another_length_is_refused(tmp_path, size):
    path = put(tmp_path / "k", bytes(size))
    assert refusal(path) == f"{path}: the key has {size} bytes; expected 32. Make a new one with `make key`."


def test_missing_key(tmp_path):
    told = "Make one with `make key`, or correct `participants.key_file`."
    assert refusal(tmp_path / "none") == f"{tmp_path}/none: the key file of the pseudonyms is missing. {told}"
    assert refusal(tmp_path).startswith(f"{tmp_path}: the key file of the pseudonyms is missing.")


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o601, 0o666])
def test_key_that_others_can_open_is_refused(tmp_path, mode):
    path = put(tmp_path / "k", mode=mode)
    assert refusal(path) == f"{path}: others on this machine can read the key. Close it with `chmod 600 {path}`."
    path.chmod(0o600)
    assert keys.read_key(path) == KEY


@posix
def test_key_may_be_closed_further(tmp_path):
    assert keys.read_key(put(tmp_path / "k", mode=0o400)) == KEY


@pytest.mark.parametrize("below", ["", "a", "a/b/c"])
@pytest.mark.parametrize("worktree", [False, True])
def test_key_inside_a_repository_is_refused(tmp_path, below, worktree):
    repository = tmp_path / "study"
    repository.mkdir()
    (repository / ".git").write_text("gitdir: elsewhere") if worktree else (repository / ".git").mkdir()
    path = put(repository / below / "k")
    told = "the key lies inside a repository. Move it outside, to ~/.piloteval/pilot.key for example."
    assert refusal(path) == f"{path}: {told}"
    assert keys.read_key(put(tmp_path / "beside" / "k")) == KEY


def test_key_named_from_inside_the_repository_is_found_out(tmp_path, monkeypatch):
    """A path without folders is looked at from where the run starts."""
    (tmp_path / ".git").mkdir()
    put(tmp_path / "k")
    monkeypatch.chdir(tmp_path)
    assert "inside a repository" in refusal("k")


@pytest.mark.parametrize(
    "folder",
    [
        *("OneDrive", "OneDrive - Example University", "Dropbox", "dropbox", "Google Drive", "GoogleDrive"),
        *("iCloud Drive", "Nextcloud", "ownCloud", "ONEDRIVE/Study/keys"),
    ],
)
def test_key_in_a_folder_that_is_copied_is_refused(tmp_path, folder):
    path = put(tmp_path / folder / "k")
    told = "the key lies in a folder that is copied elsewhere. Move it, to ~/.piloteval/pilot.key for example."
    assert refusal(path) == f"{path}: {told}"


@pytest.mark.parametrize("folder", ["one drive", "my dropbox keys", "drive", "cloud", "Dropboxes"])
def test_folder_with_a_name_like_it_is_none(tmp_path, folder):
    assert keys.read_key(put(tmp_path / folder / "k")) == KEY


def test_refusal_shows_no_byte_of_the_key(tmp_path):
    secret = b"zzk-secret-of-31-bytes-or-longer"
    path = put(tmp_path / "Dropbox/k", secret)
    assert "zzk" not in refusal(path)
    assert "zzk" not in refusal(put(tmp_path / "k", secret[:20]))


def test_key_of_the_example_may_lie_anywhere(tmp_path):
    demo = DEMO.read_bytes()
    for folder in (".git", "Dropbox"):
        (tmp_path / folder).mkdir()
    for place in ("k", "Dropbox/k"):
        path = put(tmp_path / place, demo, mode=0o644)
        assert keys.read_key(path) == demo
        assert keys.is_public(path)
    assert not keys.is_public(put(tmp_path / "own"))
    assert not keys.is_public(tmp_path / "none")


def test_key_of_the_example_must_be_whole(tmp_path):
    assert "expected 32" in refusal(put(tmp_path / "k", keys.PUBLIC_KEY))


# Making


def test_new_key_is_secret_and_never_overwrites(tmp_path):
    path = tmp_path / "k"
    keys.make_key(path)
    key = keys.read_key(path)
    assert len(key) == 32
    assert not keys.is_public(path)
    with pytest.raises(ConfigError) as fault:
        keys.make_key(path)
    told = "there is a key already. Keep it, or move it away before making another."
    assert str(fault.value) == f"{path}: {told}"
    assert keys.read_key(path) == key


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_new_key_and_its_folder_are_closed(tmp_path, mask):
    before = os.umask(mask)
    try:
        keys.make_key(tmp_path / "home/k")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "home/k").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


@posix
def test_folder_that_is_there_keeps_its_rights(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    keys.make_key(tmp_path / "home/k")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o755


@posix
def test_link_to_nowhere_is_not_followed(tmp_path):
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        keys.make_key(tmp_path / "k")
    assert not (tmp_path / "elsewhere").exists()


def test_two_keys_differ(tmp_path):
    for name in "ab":
        keys.make_key(tmp_path / name)
    assert keys.read_key(tmp_path / "a") != keys.read_key(tmp_path / "b")


@pytest.mark.parametrize("arguments", [[], ["~/.piloteval/pilot.key"], ["~/other.key"]])
def test_command_says_what_to_do(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    place = arguments[0] if arguments else keys.PLACE
    keys.main(arguments)
    made = tmp_path / place.removeprefix("~/")
    assert keys.read_key(made)
    said = capsys.readouterr().out
    assert said.splitlines() == [
        f"A new key is in {place}. Name it in config/config.yaml: `participants.key_file: {place}`.",
        "Keep a copy where only the data manager can open it; without the key no pseudonym can be made again.",
    ]
    assert str(tmp_path) not in said
    with pytest.raises(SystemExit) as fault:
        keys.main(arguments)
    assert "there is a key already" in str(fault.value)


# Pseudonyms


def test_pseudonym_is_the_hmac_of_the_standard_library():
    mac = hmac.new(KEY, b"survey\x00AT1-01", hashlib.sha256).digest()
    assert keys.pseudonym(KEY, "survey", "AT1-01") == base64.b32encode(mac).decode()[:10].lower()


def test_pseudonym_of_a_known_input():
    # printf 'survey\\0AT1-01' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f -binary | base32
    assert keys.pseudonym(KEY, "survey", "AT1-01") == "wevjxjbx4o"


def test_domains_keys_and_people_differ():
    names = {
        keys.pseudonym(key, domain, who)
        for key in (KEY, bytes(32))
        for domain in DOMAINS
        for who in ("AT1-01", "AT1-02", "at1-01", "")
    }
    assert len(set(DOMAINS)) == 3
    assert len(names) == 24


def test_domain_and_id_cannot_run_together():
    assert keys.pseudonym(KEY, "survey", "x") != keys.pseudonym(KEY, "surve", "yx")


@repeated
@given(st.text(min_size=3, max_size=20), st.sampled_from(DOMAINS))
def test_pseudonym_does_not_hold_the_id(identifier, domain):
    name = keys.pseudonym(KEY, domain, identifier)
    assert len(name) == 10
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert identifier.lower() not in name


def test_collision_is_refused(monkeypatch):
    assert keys.pseudonyms(KEY, "survey", ["P1", "P2", "P1"]).keys() == {"P1", "P2"}
    monkeypatch.setattr(keys, "pseudonym", lambda *_: "same")
    with pytest.raises(DataError) as fault:
        keys.pseudonyms(KEY, "survey", ["P1", "P2"])
    told = "Two participants would get the same pseudonym. Make a new key with `make key` and run again."
    assert str(fault.value) == told
