"""Encoders by modality and registry name; importing this package registers all of them."""

from models.encoders import frozen_vector
from models.encoders.audio import trained as audio_trained
from models.encoders.base import AUDIO, ENCODERS, IMAGE, TABULAR, TEXT, Encoder, build_encoder
from models.encoders.image import cnn, fisher, histograms
from models.encoders.tabular import details, price
from models.encoders.text import sentence, tfidf, word_vectors
from models.encoders.text import trained as text_trained

__all__ = [
    "AUDIO",
    "ENCODERS",
    "IMAGE",
    "TABULAR",
    "TEXT",
    "Encoder",
    "audio_trained",
    "build_encoder",
    "cnn",
    "details",
    "fisher",
    "frozen_vector",
    "histograms",
    "price",
    "sentence",
    "text_trained",
    "tfidf",
    "word_vectors",
]
