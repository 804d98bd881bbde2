"""What a release was made of, read from its manifest, and what of that cannot be had again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from releases.release import Release
from shelfspace.errors import ArtifactError
from shelfspace.provenance import code_state, libraries, machine

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How to make a release again: first its model, then the release.

    Attributes:
        learned: what trained the model: code, libraries, settings, seed, threads, machine, `data` (MD5s of
            snapshot and split), `tuned` (study and values laid over the settings, or None) and, where
            there are any, `encoders` that were chosen beside a champion.
        embedded: the same of the release itself, with `catalogue`, how its tables are read, and `beside`,
            what was read that is in no snapshot.
    """

    learned: Mapping[str, Any]
    embedded: Mapping[str, Any]

    @classmethod
    def of(cls, release: Release) -> "Recipe":
        """Read a release's manifest.

        Raises:
            ArtifactError: it does not say what made it; names what is missing.
        """
        embedded = release.manifest.get("made_by", {})
        learned = embedded.get("learned", {})
        parts = {"embedded": embedded, "learned from": learned}
        lacking = [f"code and settings ({name})" for name, made in parts.items() if not made.get("settings")]
        lacking += [
            f"the snapshot that was {name}"
            for name, made in parts.items()
            if not (made.get("data") or {}).get("snapshot_md5")
        ]
        lacking += [] if embedded.get("catalogue") else ["how the catalogue's tables are read"]
        if lacking:
            raise ArtifactError(
                f"release {release.id} cannot be made again, since it does not say {', '.join(lacking)}: an "
                "earlier version made it, or its model; the next one that is trained and released says it all"
            )
        return cls(learned, embedded)

    @property
    def at_once(self) -> bool:
        """Whether model and release were made of the same bytes by the same code and settings."""
        same = self.learned["data"]["snapshot_md5"] == self.embedded["data"]["snapshot_md5"]
        return same and all(self.learned[name] == self.embedded[name] for name in ("code", "settings"))

    @property
    def threads(self) -> int:
        """With how many threads the model was trained."""
        then = self.learned["threads"]
        return int(then["OMP_NUM_THREADS"] or then["torch"] or then["cpus"])

    def doubts(self, threads: int | None = None) -> list[str]:
        """Why something may not come out as it was, a sentence each; [] where nothing speaks against it.

        Args:
            threads: to compute with, where it shall not be as many as then.
        """
        halves = {"the model was trained": self.learned, "the release was made": self.embedded}
        found = [
            f"{what} {why}"
            for what, made in (
                {"model and release were made": self.learned} if self._alike() else halves
            ).items()
            for why in _doubts_of(made)
        ]
        beside = self.embedded.get("beside", {})
        if beside.get("events_taken"):
            found.append(
                f"{beside['events_taken']:,} events of shoppers that the service took itself are in no "
                "snapshot: what search and insights learned of them may differ"
            )
        if beside.get("search_kept"):
            found.append(
                f"what search learned was kept from an earlier catalogue ({beside['search_kept']}): it comes "
                "out the same where that is the one the model learned from"
            )
        if threads not in {None, self.threads}:
            found.append(
                f"the model was trained with {_threads(self.threads)} then, and is with {threads} now: sums "
                "are added up in another order, so the last digits of weights, and of what follows, differ"
            )
        return found

    def _alike(self) -> bool:
        names = ("code", "libraries", "machine", "threads")
        return all(self.learned.get(name) == self.embedded.get(name) for name in names)


def _threads(number: int) -> str:
    return f"{number} thread{'s' if number > 1 else ''}"


def _doubts_of(made: Mapping[str, Any]) -> Iterator[str]:
    code, here = made["code"], code_state()
    # Of a tree where settings alone differed, which are named by value, nothing is lost.
    changes = code.get("changes", "not noted") if code.get("dirty") else None
    if changes is not None and changes != here.get("changes"):
        yield (
            f"from commit {str(code['commit'])[:12]} with changes that no commit has: the commit is used "
            "without them"
        )
    if "wheel" in code and code["wheel"] != here.get("wheel"):
        yield f"by another installed package of version {code['version']}; what is installed here is used"
    if made.get("libraries") != libraries():
        yield "with other libraries than requirements.lock of this checkout names"
    where = made.get("machine")
    if where is None:
        yield "on a processor that was not noted"
    elif where != machine():
        there = f"{where['cpu']} with Python {where['python']}"
        yield f"on {there}, and this is {machine()['cpu']} with Python {machine()['python']}"
