"""Word vectors from a text file, as GloVe, fastText and word2vec publish them."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from shelfspace.errors import SettingsError

__all__ = ["read_vectors"]

FORM = "give lines of a word and its numbers, all equally many, between single spaces"


def read_vectors(path: Path, words: Sequence[str], seed: int) -> np.ndarray:
    """Vectors of the given words, (len(words), d) float32.

    The file holds one word a line: `word v1 .. vd`, gzipped where its name ends in .gz; a first
    line `count d`, as word2vec writes it, is passed over. Of two lines for a word the first counts.
    A word that the file lacks gets random numbers of the spread of the others.

    Raises:
        SettingsError: the file is missing or is not as described (the message names the line), or
            it holds none of the words.
    """
    places = {word: place for place, word in enumerate(words)}
    found: dict[int, np.ndarray] = {}
    dim = 0
    for number, line in _lines(path):
        parts = line.split(" ")
        if number == 1 and len(parts) == 2 and all(part.isdigit() for part in parts):
            continue
        dim = dim or len(parts) - 1
        word = " ".join(parts[:-dim]) if dim else ""
        if not word or not dim:
            raise _refusal(path, number, f"{len(parts) - 1} numbers, where others have {dim}")
        place = places.get(word)
        if place is None or place in found:
            continue
        try:
            vector = np.array(parts[-dim:], dtype=np.float32)
        except ValueError as error:
            raise _refusal(path, number, f"{word!r}: {error}") from error
        if not np.isfinite(vector).all():
            raise _refusal(path, number, f"{word!r}: a number is not finite")
        found[place] = vector
    if not found:
        remedy = f"none of the {len(words)} words of the catalogue is in it: is it of another language?"
        raise SettingsError("model.text", f"glove:{path}", remedy)
    rows = sorted(found)
    vectors = np.random.default_rng(seed).standard_normal((len(words), dim)).astype(np.float32)
    vectors *= np.stack([found[row] for row in rows]).std()
    vectors[rows] = [found[row] for row in rows]
    return vectors


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends."""
    number = 0
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            for number, line in enumerate(stream, 1):
                text = line.decode().rstrip()
                if text:
                    yield number, text
    except UnicodeDecodeError as error:
        raise _refusal(path, number, f"no UTF-8 text ({error.reason})") from error
    except (OSError, EOFError) as error:
        raise SettingsError("model.text", f"glove:{path}", f"give a readable file ({error})") from error


def _refusal(path: Path, number: int, what: str) -> SettingsError:
    return SettingsError("model.text", f"glove:{path}", f"line {number}: {what}; {FORM}")
