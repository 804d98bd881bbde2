"""What a rollback bars: it may not go live again until it is judged anew or a person approves it.

`releases/bars.json` holds one bar a rollback, and is what makes a rollback whole: it is written first and
says all that is to be done (`pending`); whoever is killed in between, the next run or command ends it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from releases.gate import Verdict
from shelfspace.files import read_artifact, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = [
    "Bar",
    "after_rollback",
    "barred",
    "barred_release",
    "gone_back",
    "lift",
    "read_bars",
    "refusal",
    "write_bars",
]


@dataclass(frozen=True)
class Bar:
    """One rollback and what it bars.

    Attributes:
        to: the release gone back to.
        releases: those that were undone, the live one last.
        champions: fingerprints of their models, as far as that of `to` is another, to the holdout that each
            was judged on ("" where that is not known).
        deliveries: arrival numbers of those taken since `to`, where the model is the same.
        source: then also the snapshot that the catalogue's own tables go back to; "" where they are the same.
        who, when, why: a person's name, ISO 8601 in UTC, their reason.
        again: those held by earlier rollbacks that `to` has: to name it is to approve them.
        pending: some of it is not done yet.
        lifted: why it no longer holds; "" while it does.
    """

    to: str
    releases: tuple[str, ...]
    champions: dict[str, str]
    deliveries: tuple[int, ...]
    who: str
    when: str
    why: str
    source: str = ""
    again: tuple[int, ...] = ()
    pending: bool = True
    lifted: str = ""

    @property
    def said(self) -> str:
        """Who went back, when and why, in a clause."""
        reason = f": {self.why}" if self.why else ""
        back = f"release {self.releases[-1]} was rolled back to {self.to}"
        return f"{back} by {self.who} on {self.when[:10]}{reason}"


def read_bars(root: Path) -> list[Bar]:
    """All bars of a workspace, the oldest first, those that were lifted too.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = _file(root)
    return read_artifact(path, "what rollbacks bar", _bars) if path.exists() else []


def write_bars(root: Path, bars: list[Bar]) -> None:
    """Replace all bars; the caller holds the lock of the releases."""
    write_sealed_json(_file(root), {"bars": [asdict(bar) for bar in bars]})


def barred(root: Path, champion: str, holdout: str = "") -> Bar | None:
    """The bar on a model; None where there is none, or it is to be judged on another holdout than then.

    Args:
        champion: the model's fingerprint.
        holdout: what identifies the holdout that it is judged on now; "" where it is not judged.
    """
    for bar in reversed(read_bars(root)):
        if champion in bar.champions and not bar.lifted:
            return None if holdout and bar.champions[champion] not in ("", holdout) else bar
    return None


def barred_release(root: Path, release: str) -> Bar | None:
    """The bar on the very same release."""
    return next((b for b in reversed(read_bars(root)) if release in b.releases and not b.lifted), None)


def refusal(workspace: Workspace, champion: str, holdout: str) -> Verdict | None:
    """The gate's verdict on a challenger that is barred; None where it is to be judged."""
    bar = barred(workspace.root, champion, holdout)
    if bar is None:
        return None
    yes = workspace.command("approve", MODEL=champion[:8])
    said = f"this very model is barred, since {bar.said}; if it shall be judged again: {yes}"
    return Verdict(False, [said], [said])


def gone_back(root: Path, reigning: Mapping[str, Any] | None) -> Bar | None:
    """The rollback that made this model champion again, while what it barred stays barred; None of any other.

    Args:
        reigning: what is known of the champion.
    """
    cause = (reigning or {}).get("cause", "")
    bars = (bar for bar in reversed(read_bars(root)) if bar.champions and not bar.lifted)
    return next((bar for bar in bars if bar.said == cause), None)


def after_rollback(root: Path, reigning: Mapping[str, Any] | None) -> list[str]:
    """What is to be said of a challenger to a champion that a rollback brought back.

    Trained again for the same reasons, it may be much like the model that a person took away.
    """
    bar = gone_back(root, reigning)
    return [f"another model than the one that is barred, since {bar.said}"] if bar else []


def lift(root: Path, which: Callable[[Bar], bool], reason: str) -> list[Bar]:
    """Lift bars that hold; the caller holds the lock of the releases. Returns those lifted."""
    bars = read_bars(root)
    lifted = [bar for bar in bars if not bar.lifted and which(bar)]
    if lifted:
        write_bars(root, [replace(bar, lifted=reason) if bar in lifted else bar for bar in bars])
    return lifted


def _file(root: Path) -> Path:
    return root / "releases" / "bars.json"


def _bars(stored: dict[str, Any]) -> list[Bar]:
    tuples = ("releases", "deliveries", "again")
    kept = stored["bars"]
    return [Bar(**{**bar, **{name: tuple(bar.get(name, ())) for name in tuples}}) for bar in kept]
