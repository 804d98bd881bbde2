"""Errors of the tree."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from shelfspace.errors import MediaError


def refuse(value: str) -> None:
    raise MediaError("photo", value, "give a whole file")


def test_an_error_of_a_worker_process_keeps_its_parts_and_does_not_break_the_pool() -> None:
    with ProcessPoolExecutor(1) as pool:
        with pytest.raises(MediaError, match=r"photo = 'cut\.jpg': give a whole file") as caught:
            pool.submit(refuse, "cut.jpg").result()
        assert (caught.value.field, caught.value.value) == ("photo", "'cut.jpg'")
        assert caught.value.remedy == "give a whole file"
        assert pool.submit(len, "alive").result() == 5
