"""What a caller hands to the product encoder: one product, any of whose parts may be missing."""

from dataclasses import dataclass, field

__all__ = ["ProductInput"]


@dataclass(frozen=True)
class ProductInput:
    """Raw parts of one product, as a catalogue row or a service request carries them.

    Attributes:
        title, description, brand: raw text, HTML allowed; empty where missing.
        attributes: name to value, both text.
        price: in the catalogue's currency; None where missing.
        photos: encoded image files (JPEG, PNG, WebP), undecoded.
        sounds: encoded audio files (WAV, FLAC, OGG, MP3), undecoded.
    """

    title: str = ""
    description: str = ""
    brand: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    price: float | None = None
    photos: tuple[bytes, ...] = ()
    sounds: tuple[bytes, ...] = ()
