"""Encoders by modality and registry name; importing this package registers all of them."""

from models.encoders import (
    audio,
    details,
    fisher,
    frozen_vector,
    histograms,
    image,
    sentence,
    tabular,
    text,
    tfidf,
    word_vectors,
)
from models.encoders.registries import AUDIO, ENCODERS, IMAGE, TABULAR, TEXT, Encoder, build_encoder

__all__ = [
    "AUDIO",
    "ENCODERS",
    "IMAGE",
    "TABULAR",
    "TEXT",
    "Encoder",
    "audio",
    "build_encoder",
    "details",
    "fisher",
    "frozen_vector",
    "histograms",
    "image",
    "sentence",
    "tabular",
    "text",
    "tfidf",
    "word_vectors",
]
