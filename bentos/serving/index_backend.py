"""Which index a service searches: the release's own, or PostgreSQL's, over the same vectors."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bentos.config import ServiceConfig
from bentos.serving.loaded_release import LoadedRelease
from releases import list_releases

if TYPE_CHECKING:
    from retrieval.vectors.postgres import PgRowIndex

__all__ = ["IndexChoice", "close_remote", "said"]


class IndexChoice:
    """Gives a loaded release the index that `service.index` asks for, and keeps it answering.

    The engine's thread alone calls what is here.

    Args:
        config: the setting, the server's address, the workspace.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self._config = config
        self._there: tuple[str, ...] = ()

    def indexed(self, loaded: LoadedRelease, stopped: Callable[[], bool]) -> LoadedRelease:
        """The release with the index that is asked for.

        With PostgreSQL it returns when the server holds the release's vectors, which takes minutes for
        a million; where the server cannot be reached, the release's own index answers for the time being.
        """
        config = self._config
        if config.settings.service.index == "release":
            return loaded
        from retrieval.vectors.postgres import PgRowIndex, Place

        root = config.releases
        place = Place(
            config.database, "bento" if root is None else root.name, config.settings.service.index_seconds
        )
        hashes, settings = loaded.manifest["files"], config.settings.release
        index = PgRowIndex(place, loaded.id, hashes["embeddings.npy"], loaded.index, settings)
        index.open(stopped)
        similar, remote = loaded.similar_index, (index,)
        if similar is loaded.index:
            return replace(loaded, index=index, similar_index=index, remote=remote)
        refined = PgRowIndex(place, f"{loaded.id}-graph", hashes["graph_embeddings.npy"], similar, settings)
        refined.open(stopped)
        return replace(loaded, index=index, similar_index=refined, remote=(*remote, refined))

    def tend(self, loaded: LoadedRelease | None, stopped: Callable[[], bool]) -> None:
        """Connect again where PostgreSQL was away, and drop the releases that are kept no more."""
        if loaded is None or not loaded.remote:
            return
        for index in loaded.remote:
            index.open(stopped)
        root = self._config.releases
        if root is None or not all(index.answering for index in loaded.remote):
            return
        there = tuple(folder.name for folder in list_releases(root / "releases"))
        if there != self._there:
            kept = {loaded.id, *there}
            loaded.remote[0].prune({*kept, *(f"{name}-graph" for name in kept)})
            self._there = there


def close_remote(remote: "tuple[PgRowIndex, ...]") -> None:
    """Let go of a release's connections; calls that still hold it are answered by its own index."""
    for index in remote:
        index.close()


def said(loaded: LoadedRelease, asked: str) -> dict[str, Any]:
    """What /release says of the index: which is asked for, which answers, and why that is another."""
    away = [index for index in loaded.remote if not index.answering]
    answers = "postgresql" if loaded.remote and not away else "release"
    return {"asked_for": asked, "answers": answers, "problem": away[0].problem if away else ""}
