"""Vectors of words: learnt from the order of words in the training rows, or read from a file."""

from models.encoders.text.vectors.glove import cooccurrences, glove_vectors
from models.encoders.text.vectors.skip_gram import skip_gram_vectors
from models.encoders.text.vectors.vectors_file import read_vectors

__all__ = ["cooccurrences", "glove_vectors", "read_vectors", "skip_gram_vectors"]
