"""API keys: the file, the ring that follows it, buckets, and the command line."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bentos.auth import manage
from bentos.auth.access import Door
from bentos.auth.keys import Key, KeyRing, KeysFile, create_key, digest, read_keys, write_keys
from bentos.auth.rate_limit import Addresses, Bucket, group
from bentos.errors import RequestError
from shelfspace.errors import SettingsError
from shelfspace.workspace import Workspace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def saved(path: Path, **more: object) -> tuple[str, Key]:
    token, key = create_key(**more)
    kept = read_keys(path).keys if path.exists() else ()
    write_keys(path, KeysFile(keys=(*kept, key)))
    return token, key


def test_the_file_holds_no_key_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    token, key = saved(path)
    assert token not in path.read_text()
    assert key.hash == digest(token)
    assert len(token) > 50
    assert path.stat().st_mode & 0o077 == 0
    assert len({create_key()[0] for _ in range(50)}) == 50


def test_the_ring_finds_every_key_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    pairs = [saved(path) for _ in range(3)]
    ring = KeyRing(path)
    assert [ring.find(token) for token, _ in pairs] == [key for _, key in pairs]
    for wrong in ("", "x", pairs[0][0][:-1], pairs[0][0] + "A", pairs[0][1].hash, "\udcff"):
        assert ring.find(wrong) is None


def test_keys_come_and_go_without_a_restart(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    ring = KeyRing(path, clock)
    assert not ring.required
    first, _ = saved(path)
    ring.refresh()
    assert not ring.required  # looked at once a second at most
    clock.now += 1
    ring.refresh()
    assert ring.required
    assert ring.find(first)
    second, kept = saved(path)
    clock.now += 1
    ring.refresh()
    assert ring.find(first)
    assert ring.find(second)
    write_keys(path, KeysFile(keys=(kept,)))
    clock.now += 1
    ring.refresh()
    assert ring.find(first) is None
    assert ring.find(second)
    write_keys(path, KeysFile())
    clock.now += 1
    ring.refresh()
    assert ring.required  # an empty file locks, it does not open
    assert ring.find(second) is None


@pytest.mark.parametrize("broken", ["{", "[]", '{"keys": [{"id": "x"}]}', "", '{"version": 2}'])
def test_a_broken_file_keeps_the_keys_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    token, _ = saved(path)
    whole = path.read_bytes()
    ring = KeyRing(path, clock)
    for _ in range(3):
        path.write_text(broken)
        clock.now += 1
        ring.refresh()
    assert ring.find(token)
    assert "keys.json" in ring.problem
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1  # said once
    path.unlink()
    clock.now += 1
    ring.refresh()
    assert ring.find(token)
    assert ring.required
    path.write_bytes(whole)
    clock.now += 1
    ring.refresh()
    assert ring.problem == ""


def test_a_file_that_is_broken_from_the_start_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{")
    ring = KeyRing(path)
    assert ring.required
    assert ring.find("anything") is None


def test_two_keys_of_one_id_are_refused(tmp_path: Path) -> None:
    _, key = create_key()
    write_keys(tmp_path / "k", KeysFile(keys=(key, key)))
    with pytest.raises(SettingsError, match="id of its own"):
        read_keys(tmp_path / "k")


def test_a_bucket_allows_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    bucket = Bucket(rate=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 0.5
    assert [bucket.take(), bucket.take()] == [0, 1]
    clock.now += 100
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 1]
    slow = Bucket(rate=0.1, burst=1, clock=clock)
    assert [slow.take(), slow.take()] == [0, 10]


def test_a_reread_file_does_not_refill_buckets(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    _, key = saved(path, rate=0.001, burst=1)
    ring = KeyRing(path, clock)
    assert ring.take(key) == 0
    saved(path)
    clock.now += 1
    ring.refresh()
    assert ring.take(key) > 0


def test_wrong_keys_are_slowed_by_address(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    token, key = saved(path)
    said: list[RequestError] = []
    door = Door(KeyRing(path), Addresses(rate=0.1, burst=3, clock=clock))

    def status(token: str, address: str) -> int:
        try:
            door.verify(token, address)
        except RequestError as refusal:
            said.append(refusal)
            return refusal.status
        return 200

    assert status(token, "10.0.0.1") == 200
    assert [status("notakey", "10.0.0.1") for _ in range(4)] == [401, 401, 401, 429]
    assert status(token, "10.0.0.1") == 200  # used rightly from there before
    assert [status("notakey", "10.0.0.2") for _ in range(4)] == [401, 401, 401, 429]
    assert status(token, "10.0.0.2") == 429  # a right guess is not told from a wrong one
    assert status(token, "10.0.0.3") == 200
    clock.now += 10
    assert status(token, "10.0.0.2") == 200
    assert door.verify(token, "10.0.0.2") == key
    assert all((refusal.retry_after > 0) == (refusal.status == 429) for refusal in said)
    assert not any(word in str(refusal) for refusal in said for word in ("notakey", token))


def test_the_memory_of_addresses_is_bounded() -> None:
    addresses = Addresses(most=5)
    for n in range(100):
        addresses.wrong(f"10.0.0.{n}")
        addresses.right(f"10.0.0.{n}", "key")
    assert (len(addresses._wrong), len(addresses._right)) == (5, 5)
    assert group("2001:db8::1") == group("2001:db8::ffff") != group("2001:db8:0:1::1")
    assert group("::ffff:10.0.0.1") == "10.0.0.1"


def test_an_expired_key_is_401(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    token, key = saved(path, expires=datetime.now(UTC) + timedelta(hours=1))
    assert Door(KeyRing(path)).verify(token, "a") == key
    later = KeyRing(path, now=lambda: time.time() + 3601)
    with pytest.raises(RequestError, match="expired") as caught:
        Door(later).verify(token, "a")
    assert caught.value.status == 401


def test_keys_are_added_rotated_and_revoked(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "keys.json"
    token, added = manage.add_key(path, "shop", "read,write", 50, 100, days=2)
    other, _ = manage.add_key(path, "", "read", 50, 100, days=None)
    assert token not in path.read_text()
    assert [manage.describe_key(key).split("\t")[1:3] for key in read_keys(path).keys] == [
        ["valid", "read,write"],
        ["valid", "read"],
    ]
    found = KeyRing(path).find(token)
    assert found is not None
    assert (found.name, found.scopes) == ("shop", ("read", "write"))
    fresh, rotated = manage.rotate_key(path, added.id, hours=1)
    assert (rotated.name, rotated.scopes, rotated.expires) == (found.name, found.scopes, found.expires)
    ring = KeyRing(path)
    old, new = ring.find(token), ring.find(fresh)
    assert old is not None
    assert new is not None
    assert old.expires is not None
    assert old.expires <= datetime.now(UTC) + timedelta(hours=1)
    assert manage.revoke_key(path, added.id) == 2
    assert KeyRing(path).find(token) is None
    assert KeyRing(path).find(other) is not None
    with pytest.raises(SettingsError, match="keys list"):
        manage.revoke_key(path, added.id)


def test_a_rotation_never_lengthens_a_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    soon = datetime.now(UTC) + timedelta(minutes=5)
    _, key = saved(path, expires=soon)
    manage.rotate_key(path, key.id, hours=24)
    assert read_keys(path).keys[0].expires == soon
    with pytest.raises(SettingsError, match="--hours"):
        manage.rotate_key(path, key.id, hours=-1)


@pytest.mark.parametrize(
    "wrong", [{"scopes": "all"}, {"rate": 0}, {"rate": float("nan")}, {"days": -1}, {"burst": 0}]
)
def test_a_key_of_no_use_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    asked: dict = {"name": "", "scopes": "read", "rate": 50, "burst": 100, "days": None, **wrong}
    with pytest.raises(SettingsError, match="give"):
        manage.add_key(tmp_path / "keys.json", **asked)
    assert not list(tmp_path.iterdir())


def test_without_a_file_there_is_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="keys create"):
        manage.revoke_key(tmp_path / "none.json", "1a2b")
    assert not list(tmp_path.iterdir())


def test_the_keys_file_of_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.find("sample", tmp_path)
    monkeypatch.delenv("SHELFSPACE_KEYS", raising=False)
    assert manage.keys_path(workspace) == tmp_path / "sample" / "keys.json"
    monkeypatch.setenv("SHELFSPACE_KEYS", str(tmp_path / "other.json"))
    assert manage.keys_path(workspace) == tmp_path / "other.json"
