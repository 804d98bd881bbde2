"""What `model.text` asks of the features: which arrays of a text, and which frozen sentence encoder.

The choice is made once, when the featurizer is fitted, and kept with it.
"""

from shelfspace.errors import SettingsError
from shelfspace.settings import Settings

__all__ = ["sentence_encoder", "text_arrays"]


def text_arrays(settings: Settings) -> tuple[str, ...]:
    """Names of the arrays made of a text by its words and characters, `tokens` first.

    `title` is among them where training shortens products to their names.

    Raises:
        SettingsError: there is no such text encoder.
    """
    from models.encoders import TEXT

    needed = set(TEXT[settings.model.text].arrays) if "text" in settings.model.modalities else set()
    if settings.training.name_only:
        needed.add("title")
    return ("tokens", *sorted(needed - {"tokens", "sentence"}))


def sentence_encoder(settings: Settings) -> str | None:
    """The frozen sentence encoder that features are computed with; None for none.

    A text encoder that is nothing but sentence vectors names its own; `features.text_encoder` is
    for the others, whose words a sentence vector joins.

    Raises:
        SettingsError: the two name different ones.
    """
    from models.encoders import TEXT

    chosen, beside = settings.model.text, settings.features.text_encoder
    if "text" not in settings.model.modalities or "sentence" not in TEXT[chosen].arrays:
        return beside
    if beside not in (None, chosen):
        remedy = f"leave it null: model.text = {chosen!r} says which sentence vectors are computed"
        raise SettingsError("features.text_encoder", beside, remedy)
    return chosen
