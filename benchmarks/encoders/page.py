"""docs/encoders.md: written from the table of families, the list of models, and what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.encoders.compare import EQUAL
from benchmarks.encoders.families import FAMILIES, Family
from benchmarks.encoders.known import KNOWN
from benchmarks.encoders.measure import SHAPES

__all__ = ["families_row", "page"]

HEAD = """# Encoders: what to write

Written by `python -m benchmarks.encoders`. A pretrained encoder is named in `model.text`, `model.image` or
`model.audio`, or stands beside a trained one (`features.text_encoder`, `image_encoder`, `audio_encoder`).
How a model may be used says its licence: see its page on the hub. Choosing: [texts](text-encoders.md),
[photos](image-encoders.md).

## Well-known models

Time and memory of a thousand items, each alone on one core, with random weights of the model's true shape:
texts of 64 tokens, photos of 500 pixels a side, sounds of two seconds, from their files. Time is processor
time of a virtual machine with two cores, in float32 (`s`); memory is the whole process's, Python included
(`MB`). A model without figures is of a shape that was not measured. Names are fetched from the hub once, and
found in its cache afterwards; a folder may be written in their place.
"""
TESTED = f"""
## Families, tested

Each row was made as a tiny checkpoint with random weights, of the family's own classes, and compared with
its library's own way: every input's cosine is above {EQUAL}, or the encoder is refused and says why. The
libraries are transformers and sentence-transformers. Photos are of three sizes, one of them large; texts
have capitals, Chinese, and words the model does not know; queries and products are compared apart where
their prompts differ. A family that stands nowhere here may work: what is not one vector an item, lacks
weights, or asks for code of its own is refused whatever its name.

- A prompt of the name `passage` or `corpus` is read before products. `encode_document` of
  sentence-transformers 6.2 says it would, and takes the empty `document` that every folder has instead.
- A default prompt is read before queries and products, unless its name is that of one of them.
- SigLIP 2 was trained on small letters. The tokenizer of its one-size checkpoints does not make them; here
  they are made.
- SigLIP's own tokenizer needs sentencepiece, DINOv3's image processor torchvision: without them they are
  refused.
- timm and open_clip import torchvision, so they are compared where they import (the project's tests do):
  timm 1.0.31 and open_clip 3.3.0 are equal, words and photos.
- A JPEG is decoded whole: at a reduced size, which is faster, vectors are 0.994 to 0.999 alike.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def page(outcomes: Mapping[str, Mapping[str, Any]], measured: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page.

    Args:
        outcomes: kind and name of a family to its `Outcome`.
        measured: shape, then kind, to seconds and megabytes.
    """
    parts = [HEAD]
    for kind, many in (("text", "Texts"), ("photo", "Photos"), ("sound", "Sounds")):
        rows = [
            [
                f"`{one.write}`", str(one.dim), one.family, one.note,
                *_cost(measured.get(one.shape, {}).get(kind, {})),
            ]
            for one in KNOWN
            if kind in one.kinds
        ]  # fmt: skip
        parts += [f"### {many}\n", table(["write", "dim", "family", "what", "s", "MB"], rows) + "\n"]
    parts.append(
        "Measured: "
        + "; ".join(f"{said} ({key})" for key, (_, _, said) in SHAPES.items() if key in measured)
        + "."
    )
    parts.append(TESTED)
    rows = [_row(family, outcomes[key_of(family)]) for family in FAMILIES]
    parts.append(table(["family", "of a", "outcome", "its library's way, or the reason"], rows) + "\n")
    return "\n".join(parts)


def key_of(family: Family) -> str:
    """What a family is called among the outcomes."""
    return f"{family.kind}: {family.name}"


def _row(family: Family, outcome: Mapping[str, Any]) -> list[str]:
    said = outcome["outcome"]
    if outcome["cosine"] is not None:
        said += f", {outcome['cosine']:.5f}"
    return [family.name, family.kind, said, family.how or outcome["reason"]]


def _cost(found: Mapping[str, float]) -> tuple[str, str]:
    return (f"{found['seconds']:.0f}", f"{found['megabytes']:.0f}") if found else ("", "")


def families_row(outcomes: Sequence[Mapping[str, Any]], commit: str) -> dict[str, Any]:
    """The row `encoder_families_wrong` of quality.json: families neither equal nor refused, of how many."""
    said = [one["outcome"] for one in outcomes]
    counts = {outcome: said.count(outcome) for outcome in ("equal", "refused")}
    return {
        "id": "encoder_families_wrong", "metric": "families", "value": said.count("wrong"), **counts,
        "aim": 0, "reached": "wrong" not in said, "commit": commit,
    }  # fmt: skip
