"""Sections of the data: from a source to the features of its products."""

from pydantic import Field

from shelfspace.settings.section import Positive, PositiveFloat, Section, Share

__all__ = ["Collection", "Features", "Fetch", "Media", "Preprocessing", "Validation"]


class Collection(Section):
    """How a source becomes a snapshot."""

    shard_rows: Positive = Field(5000, description="Rows in one Parquet shard.")
    media_shard_megabytes: Positive = Field(64, description="Size of one media shard, in MB.")
    max_delete_share: Share = Field(
        0.2,
        description="A change of the source, or a delivery, that takes away more than this share of products "
        "is held until it is approved.",
    )
    max_price_factor: float = Field(
        5, gt=1, description="A price that becomes so many times larger or smaller has moved far."
    )
    max_price_share: Share = Field(
        0.2,
        description="A change of the source, or a delivery, that moves more than this share of prices far "
        "is held until it is approved.",
    )
    look: bool = Field(
        True,
        description="Hold a delivery, or a change of the source, whose categories or photos the champion "
        "contradicts, though it is good on its holdout (docs/deliveries.md).",
    )
    quiet_seconds: float = Field(
        10,
        ge=0,
        description="A file of the inbox is read when nothing has happened to it for so many seconds.",
    )
    push: bool = Field(True, description="Push the snapshot to the DVC remote after it is written.")


class Media(Section):
    """What may be decoded; checked before any decoder runs."""

    photo_formats: tuple[str, ...] = Field(("JPEG", "PNG", "WEBP"), description="Pillow format names.")
    max_photo_megapixels: PositiveFloat = Field(100, description="Largest photo, in millions of pixels.")
    max_photo_bytes: Positive = Field(20_000_000, description="Largest photo file, in bytes.")
    sound_formats: tuple[str, ...] = Field(("WAV", "FLAC", "OGG", "MP3"), description="libsndfile formats.")
    max_sound_seconds: PositiveFloat = Field(120, description="Longest sound, in seconds.")
    max_sound_bytes: Positive = Field(20_000_000, description="Largest sound file, in bytes.")
    video_formats: tuple[str, ...] = Field(("MP4", "WEBM"), description="MP4 (and MOV), WEBM (and Matroska).")
    max_video_seconds: PositiveFloat = Field(120, description="Longest video, in seconds.")
    max_video_bytes: Positive = Field(100_000_000, description="Largest video file, in bytes.")
    video_frames: Positive = Field(3, description="Frames of a video that become photos, evenly spread.")


class Fetch(Section):
    """What `shelfspace fetch-media` may ask of other machines; nothing else fetches."""

    hosts: tuple[str, ...] = Field(
        (),
        description="Hosts that may be asked: cdn.example.com, *.example.com, host:port where it is unusual.",
    )
    per_second: PositiveFloat = Field(5, description="Files asked for in a second, at most.")
    seconds: PositiveFloat = Field(30, description="Seconds one file may take.")
    max_files: Positive = Field(20_000, description="Files asked for in one call.")


class Validation(Section):
    """What the data must satisfy for the chain to go on."""

    min_rows: Positive = Field(50, description="A catalogue with fewer products stops the run.")
    max_bad_share: Share = Field(
        0.1,
        description="Largest share of refused products before the run stops; of other rows it is a warning.",
    )
    max_refused_share: Share = Field(
        0.5, description="Largest share of refused events, or of refused stock, before the run stops."
    )


class Preprocessing(Section):
    """Model-ready inputs and the frozen split."""

    max_text_characters: Positive = Field(8000, description="Longer texts are cut, in characters.")
    image_size: Positive = Field(96, description="Side of the letterboxed photo, in pixels.")
    max_photos: Positive = Field(
        1, description="Photos of a product that are read, the first ones; several are pooled by attention."
    )
    sample_rate: Positive = Field(16_000, description="Sounds are resampled to this rate, in Hz.")
    sound_seconds: PositiveFloat = Field(2.0, description="Sounds are cut or padded to this length, in s.")
    vocabulary: Positive = Field(6000, description="Entries of the subword vocabulary.")
    text_length: Positive = Field(96, description="Tokens kept of one product's text.")
    word_vocabulary: Positive = Field(
        20_000, description="Words told apart at most, by the text encoders that read whole words."
    )
    word_length: Positive = Field(256, description="Words kept of one product's text.")
    test_share: Share = Field(0.2, description="Share of duplicate groups in the holdout.")
    validation_share: Share = Field(0.1, description="Share of duplicate groups used for early stopping.")
    group_by_brand: bool = Field(False, description="Keep products of one brand on one side of the split.")


class Features(Section):
    """What frozen encoders compute."""

    device: str = Field("auto", description="auto, cpu or cuda.")
    batch_size: Positive = Field(64, description="Products in one encoder call.")
    text_encoder: str | None = Field(
        None,
        description="Sentence vectors beside the text encoder's own: minilm, "
        "sentence-transformers:<name or folder>, transformers:<CLIP folder>, open_clip:<...>, or null.",
    )
    text_query_prompt: str | None = Field(
        None,
        description="What a frozen text encoder reads before a shopper's words, such as 'query: '; null: "
        "what its own files say.",
    )
    text_product_prompt: str | None = Field(
        None, description="The same before a product's text, such as 'passage: '."
    )
    text_dim: Positive | None = Field(
        None,
        description="Numbers kept of a sentence encoder's vector (Matryoshka); null: what its own files say.",
    )
    image_encoder: str | None = Field(
        None,
        description="efficientnet_lite0, transformers:<name or folder>, timm:<name>, "
        "open_clip:<name>/<weights>, or null; follows model.image where that names one.",
    )
    audio_encoder: str | None = Field(
        None,
        description="transformers:<name or folder>, or null; follows model.audio where that names one.",
    )
    colour: bool = Field(
        True, description="Colours of photos as evidence of their own in search, tied to colour words."
    )
    arrays: tuple[str, ...] = Field(
        (),
        description="Arrays to compute beside those that the chosen encoders read, such as histograms or "
        "logmel: for comparing encoders on the same features.",
    )
    n_mels: Positive = Field(64, description="Mel bands of the log-mel spectrogram.")
    n_mfcc: Positive = Field(20, description="Mel-frequency cepstral coefficients kept.")
