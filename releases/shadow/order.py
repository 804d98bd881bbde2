"""Which release answers on the side, and what share: a person's word, or the one that waits since."""

from dataclasses import asdict, dataclass
from pathlib import Path

from releases.pointer import current_id
from releases.release import Release, releases_lock
from releases.waiting import waiting
from shelfspace.clock import now
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.files import read_artifact, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = ["Order", "order_shadow", "ordered", "shadow_wanted"]

FILE = "shadow.json"


@dataclass(frozen=True)
class Order:
    """What is to answer on the side.

    Attributes:
        release: its id.
        share: of the live requests, 0 to 1; 0 says that it shall not.
        who: asked for it; "" where it answers because it waits.
        when: ISO 8601 in UTC.
    """

    release: str
    share: float
    who: str
    when: str


def ordered(root: Path) -> Order | None:
    """The last word of a person; None where nobody said anything.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = root / "releases" / FILE
    read = "which release answers on the side"
    return read_artifact(path, read, lambda stored: Order(**stored)) if path.exists() else None


def shadow_wanted(root: Path, share: float) -> Order | None:
    """What is to answer on the side now; None for nothing.

    Args:
        share: `service.shadow_share`, of a release that waits and that nobody spoke of.

    Raises:
        ArtifactError: a file is damaged.
    """
    said, live, waits = ordered(root), current_id(root), waiting(root)
    # What was named before is not what a person is asked about since.
    later = said is not None and waits is not None and share > 0 and waits.since > said.when
    named = said is not None and said.share > 0 and said.release != live and not later
    if said is not None and named and (root / "releases" / said.release).is_dir():
        return said
    refused = said is not None and waits is not None and said.share == 0 and said.release == waits.release
    if waits is None or share == 0 or refused:
        return None
    return Order(waits.release, share, "", waits.since)


def order_shadow(workspace: Workspace, release_id: str, share: float, who: str) -> Order:
    """Let a release answer on the side from now on, or no more.

    Args:
        release_id: "" for the one that answers on the side now, or waits.
        share: of the live requests; 0 for no more.

    Raises:
        ArtifactError: no such release, it is live, or none is named and none waits.
        SettingsError: the share is none.
    """
    if not 0 <= share <= 1:
        raise SettingsError("share", share, "give a share of the requests between 0 and 1, such as 0.1")
    root = workspace.root
    with releases_lock(workspace.releases):
        chosen = shadow_wanted(root, 1.0)
        name = release_id or (chosen.release if chosen else "")
        if not name:
            remedy = f"name one of those that {workspace.command('releases')} lists"
            raise ArtifactError(f"no release waits or answers on the side; {remedy}")
        made = Release.load(workspace.releases / name, verify=False)
        if share > 0 and made.id == current_id(root):
            raise ArtifactError(f"release {made.id} is live: it answers all requests; name another one")
        order = Order(made.id, share, who, now())
        write_sealed_json(workspace.releases / FILE, asdict(order))
    return order
