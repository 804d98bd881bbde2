from pathlib import Path

import pytest

from catalog.snapshot.user_key import user_key
from shelfspace.errors import ArtifactError


def test_the_key_is_made_once_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    key = user_key(tmp_path)
    assert len(key) == 32
    assert user_key(tmp_path) == key
    file = tmp_path / "user.key"
    kept = file.read_bytes()
    for place in range(len(kept)):
        file.write_bytes(kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :])
        with pytest.raises(ArtifactError, match=r"user\.key is damaged"):
            user_key(tmp_path)
    file.write_bytes(key)  # as an earlier version wrote it
    assert user_key(tmp_path) == key
