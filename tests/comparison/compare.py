"""Two records compared: every difference, grouped by kind, those that were expected apart."""

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from tests.comparison.differences import Difference, differences

__all__ = ["Comparison", "Expectation", "compare", "read_expectations"]

PIXEL = 24
"""How far a colour may be off, of 255, before a pixel counts as another one."""
PIXELS = 0.0005
"""Share of other pixels in a picture that is still the same."""
NOT_COMPARED = frozenset({"about.json"})


@dataclass(frozen=True)
class Expectation:
    """Differences that are meant.

    Attributes:
        pattern: regular expression that is looked for in "kind | where | old | new".
        reason: why they are meant.
    """

    pattern: str
    reason: str

    def means(self, found: Difference) -> bool:
        """Whether a difference is one of these."""
        return (
            re.search(self.pattern, f"{found.kind} | {found.where} | {found.old} | {found.new}") is not None
        )


@dataclass
class Comparison:
    """What differs, and which expectations were met by what."""

    found: list[Difference] = field(default_factory=list)
    expected: dict[str, list[Difference]] = field(default_factory=lambda: defaultdict(list))
    idle: list[str] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)

    def report(self, examples: int = 3) -> str:
        """The differences by kind: count and first examples."""
        lines = [f"compared: {', '.join(f'{name} {count}' for name, count in sorted(self.compared.items()))}"]
        kinds: dict[str, list[Difference]] = defaultdict(list)
        for difference in self.found:
            kinds[difference.kind].append(difference)
        for kind, some in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
            lines.append(f"{len(some):6d}  {kind}")
            for one in some[:examples]:
                lines += [
                    f"          {one.where}",
                    f"            old  {one.old}",
                    f"            new  {one.new}",
                ]
        for reason, some in self.expected.items():
            lines.append(f"expected {len(some)}: {reason}")
        lines += [f"expected, but not met: {reason}" for reason in self.idle]
        lines.append(f"{len(self.found)} differences")
        return "\n".join(lines)

    def as_json(self) -> str:
        """All differences, the expected ones by reason."""
        said = {reason: [asdict(one) for one in some] for reason, some in self.expected.items()}
        return json.dumps(
            {"differences": [asdict(one) for one in self.found], "expected": said, "not met": self.idle},
            ensure_ascii=False,
            indent=1,
        )


def read_expectations(path: Path) -> list[Expectation]:
    """The expectations of a YAML file: a list of `pattern` and `reason`.

    Raises:
        ValueError: an entry lacks one of the two.
    """
    entries = yaml.safe_load(path.read_text()) or []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"pattern", "reason"} or not all(entry.values()):
            raise ValueError(f"{path}: {entry}: give each entry a pattern and a reason")
    return [Expectation(entry["pattern"], entry["reason"]) for entry in entries]


def compare(old: Path, new: Path, expectations: list[Expectation] | None = None) -> Comparison:
    """Compare two records.

    Args:
        old, new: their folders.
        expectations: differences that are meant; the first that fits counts.

    Raises:
        FileNotFoundError: one of them is no record.
    """
    for folder in (old, new):
        if not any(folder.glob("*.json")):
            raise FileNotFoundError(f"{folder} holds no record")
    result = Comparison()
    names = {p.name for folder in (old, new) for p in folder.glob("*.json")} - NOT_COMPARED
    found = []
    for name in sorted(names):
        found += of_files(old / name, new / name, result)
    found += of_pictures(old / "pages", new / "pages", result)
    for difference in found:
        fitting = next((e for e in expectations or [] if e.means(difference)), None)
        if fitting is None:
            result.found.append(difference)
        else:
            result.expected[fitting.reason].append(difference)
    result.idle = [e.reason for e in expectations or [] if e.reason not in result.expected]
    return result


def of_files(old: Path, new: Path, result: Comparison) -> list[Difference]:
    """The differences of one file of the two records."""
    stem = old.stem
    if not (old.exists() and new.exists()):
        there = "new" if new.exists() else "old"
        return [Difference(f"{stem}: only in the {there} record", stem, old.exists(), new.exists())]
    before, after = json.loads(old.read_text()), json.loads(new.read_text())
    result.compared[stem] = len(before)
    found = []
    for name in [*before, *(name for name in after if name not in before)]:
        group = (
            re.sub(r"/\d+$", "", name)
            if stem.startswith(("answers", "errors", "questions", "keys", "rules"))
            else name.split("/")[0]
        )
        if name not in after:
            found.append(
                Difference(f"{stem}: {group}: missing", f"{stem}: {name}", shown(before[name]), None)
            )
        elif name not in before:
            found.append(Difference(f"{stem}: {group}: added", f"{stem}: {name}", None, shown(after[name])))
        else:
            for way, path, one, other in differences(before[name], after[name]):
                found.append(
                    Difference(f"{stem}: {group}: {way}", f"{stem}: {name} {path}".rstrip(), one, other)
                )
    return found


def shown(value: Any) -> str:
    """A whole entry, shortened."""
    return json.dumps(value, ensure_ascii=False)[:200]


def of_pictures(old: Path, new: Path, result: Comparison) -> list[Difference]:
    """The pictures that differ in size, or in more pixels than `PIXELS`."""
    names = sorted({p.name for folder in (old, new) for p in folder.glob("*.png")})
    result.compared["pictures"] = len(names)
    found = []
    for name in names:
        if not ((old / name).exists() and (new / name).exists()):
            found.append(Difference("pictures: missing", name, (old / name).exists(), (new / name).exists()))
            continue
        before, after = (np.asarray(Image.open(f / name).convert("RGB"), np.int16) for f in (old, new))
        if before.shape != after.shape:
            found.append(Difference("pictures: size", name, str(before.shape), str(after.shape)))
            continue
        share = float((np.abs(before - after).max(axis=2) > PIXEL).mean())
        if share > PIXELS:
            found.append(Difference("pictures: pixels", name, 0.0, round(share, 5)))
    return found
