"""Encoders by modality and registry name; importing this package registers all of them."""

# The registries first: an encoder's module may take them from this package.
from models.encoders.base import AUDIO, ENCODERS, IMAGE, TABULAR, TEXT, Encoder, build_encoder

# isort: split
import models.encoders.audio.trained
import models.encoders.frozen_vector
import models.encoders.image.cnn
import models.encoders.image.finetuned
import models.encoders.image.fisher
import models.encoders.image.histograms
import models.encoders.tabular.details
import models.encoders.tabular.price
import models.encoders.text.sentence
import models.encoders.text.tfidf
import models.encoders.text.trained
import models.encoders.text.word_vectors  # noqa: F401 - all of these register

__all__ = ["AUDIO", "ENCODERS", "IMAGE", "TABULAR", "TEXT", "Encoder", "build_encoder"]
