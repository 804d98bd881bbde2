"""Answers calls from one release at a time and swaps releases whole.

A call keeps the release it began with to its end; a new release is loaded and tried beside the
old one, then replaces it by one assignment. So no answer mixes two releases and none waits for a
swap; for that moment both are in memory. Only writes wait: those between two releases go to a log
that is taken over before the new release answers.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bentos.config import ServiceConfig
from bentos.errors import RequestError
from bentos.serving.index_backend import IndexChoice, close_remote
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.uploads import PutMedia, keys_said
from releases import Release, current_id, list_releases
from releases.pairs import published
from retrieval.changes.migrate import prune_logs
from retrieval.changes.records import Record
from retrieval.changes.segment import DeltaLimits, Written
from shelfspace.errors import CapacityError, InputError, ShelfspaceError

__all__ = ["Engine"]

logger = logging.getLogger("shelfspace.engine")


class Engine:
    """Holds the release that answers, and watches for the next one.

    Args:
        config: where releases come from.
        watched: called each time it looks; what else is to be watched.

    Attributes:
        loaded: the release that answers now; None before the first.
    """

    def __init__(self, config: ServiceConfig, watched: Callable[[], None] = lambda: None) -> None:
        self._config = config
        self._watched = watched
        self._indexes = IndexChoice(config)
        self.loaded: LoadedRelease | None = None
        self._refused: str | None = None
        self._seen: tuple[str, dict[str, tuple[int, int]]] | None = None
        self._swap = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem = ""
        self.swaps = 0

    def require(self) -> LoadedRelease:
        """The release that answers now.

        Raises:
            RequestError: 503 while there is none.
        """
        if self.loaded is None:
            value = "none can be loaded" if self.problem else "still loading"
            remedy = self.problem or "retry when /readyz answers 200"
            raise RequestError(503, "release", value, remedy, retry_after=2)
        return self.loaded

    def start(self) -> None:
        """Load the first release in the background and go on watching."""
        self._thread = threading.Thread(target=self._watch, name="releases", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
        if self.loaded is not None:
            close_remote(self.loaded.remote)
            if self.loaded.live is not None:
                self.loaded.live.close()

    def refresh(self) -> bool:
        """Load what is current now if it is not what answers; True when it was swapped in.

        A release that cannot be loaded leaves the old one answering; the reason is logged and
        kept in `problem`, and it is tried again only when the pointer moves.
        """
        folder = self._wanted()
        if folder is None or folder.name == self._refused:
            return False
        try:
            release = Release.load(folder)
            if self.loaded is not None and release.id == self.loaded.id:
                return False
            self._install(self._prepared(release))
        except (ShelfspaceError, OSError, ValueError, KeyError) as error:
            self._refused = folder.name
            self.problem = f"release {folder.name} cannot be served: {error}"
            logger.error("%s", self.problem)  # noqa: TRY400 - the sentence says it; no trace needed
            return self._fall_back()
        return True

    def refresh_applications(self) -> bool:
        """Take up applications that were brought up to date for the release that answers; True where one was.

        Calls that began keep what they began with, as with a release.
        """
        root, loaded = self._config.releases, self.loaded
        if root is None or loaded is None:
            return False
        stats = {name: pointer.stat() for name, pointer in published(root).items()}
        seen = (loaded.id, {name: (stat.st_mtime_ns, stat.st_ino) for name, stat in stats.items()})
        if seen == self._seen:
            return False
        before, self._seen = self._seen, seen
        if before is None or before[0] != loaded.id:
            return False  # they were read with the release
        with self._swap:
            self.loaded = loaded.with_applications(root)
        logger.info(
            "applications newer than release %s: %s", loaded.id, ", ".join(self.loaded.pairs) or "none"
        )
        return True

    def write(self, loaded: LoadedRelease, records: list[Record]) -> Written | None:
        """Append changes to the log of the release they were made for; returns what became of them.

        None when another release answers by now: the caller encodes for that one.

        Raises:
            RequestError: 409 where the log is full, 507 where the disk is.
        """
        with self._swap:
            if loaded is not self.loaded or loaded.live is None:
                return None
            try:
                return loaded.live.segment.write(records)
            except CapacityError as error:
                raise RequestError.of(error, 409) from error
            except OSError as error:
                logger.exception("the delta log cannot be written")
                remedy = "make room on the disk; nothing of this request was kept"
                raise RequestError(507, "delta", error.strerror or "", remedy) from error

    def _prepared(self, release: Release) -> LoadedRelease:
        """A release in memory, tried, and its encoder's way chosen: nothing of it changes once it answers."""
        loaded = LoadedRelease.load(release, self._config.settings.media)
        loaded = self._indexes.indexed(loaded, self._stop.is_set)
        try_out(loaded)
        loaded = loaded.with_applications(self._config.releases)
        return loaded.with_choice(self._config.settings.service, self._config.media, self.loaded)

    def _install(self, loaded: LoadedRelease) -> None:
        with self._swap:
            self._take_over(self._with_changes(loaded))

    def _with_changes(self, loaded: LoadedRelease) -> LoadedRelease:
        """The release with the changes since, where there is a workspace to keep them in."""
        root = self._config.releases
        if root is None:
            return loaded
        folder, service = root / "delta", self._config.settings.service
        live, carried = loaded.with_changes(folder, DeltaLimits(service.delta_products, service.delta_bytes))
        if carried.kept or carried.held:
            logger.info(
                "release %s: %d changes kept (%d encoded again), %d products newer in the release",
                loaded.id, carried.kept, carried.encoded, carried.held,
            )  # fmt: skip
        for product, why in carried.lost.items():
            logger.warning("release %s: the change of product %r is lost: %s", loaded.id, product, why)
        if live.live is not None:
            PutMedia(folder / "media").prune(keys_said(live.view().delta.entries))
        prune_logs(folder, {loaded.id, *(path.name for path in list_releases(root / "releases"))})
        return live

    def _take_over(self, loaded: LoadedRelease) -> None:
        before, old = (self.loaded.id, self.loaded.remote) if self.loaded else ("none", ())
        self.loaded = loaded
        close_remote(old)
        self._refused = None
        self.problem = ""
        self.swaps += 1
        logger.info("serving release %s (before: %s)", loaded.id, before)

    def _fall_back(self) -> bool:
        """Before any release answers, the one inside the Bento is better than none."""
        baked = self._config.baked_release
        if self.loaded is not None or baked is None or baked.name == self._refused:
            return False
        problem, refused = self.problem, self._refused
        try:
            self._install(self._prepared(Release.load(baked)))
        except (ShelfspaceError, OSError, ValueError, KeyError) as error:
            self.problem = f"{problem}; the release in the Bento cannot be served either: {error}"
            logger.error("%s", self.problem)  # noqa: TRY400
            return False
        self.problem, self._refused = problem, refused
        return True

    def _wanted(self) -> Path | None:
        """The folder that should answer: the watched `current`, else the one in the Bento."""
        root = self._config.releases
        if root is not None:
            name = current_id(root)
            if name:
                if self.loaded is not None and self.loaded.id == name:
                    self._refused, self.problem = None, ""
                    return None
                return root / "releases" / name
        if self.loaded is not None:
            return None
        return self._config.baked_release

    def _watch(self) -> None:
        limit_threads(self._config.settings.service.threads)
        while not self._stop.is_set():
            try:
                self._watched()
                self.refresh()
                self.refresh_applications()
                self._indexes.tend(self.loaded, self._stop.is_set)
            except Exception as error:
                # A bug here must not end the watching in silence.
                self.problem = f"looking for a release failed: {error}"
                logger.exception("looking for a release failed")
            self._stop.wait(self._config.poll_seconds)


def limit_threads(threads: int) -> None:
    """Bound the threads of torch and faiss in the calling thread and for later kernels."""
    import faiss
    import torch

    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)


def try_out(loaded: LoadedRelease) -> None:
    """Search once from a catalogue vector, so that a release that cannot answer is never swapped in."""
    scores, _ = loaded.index.search(np.asarray(loaded.vectors[:1]), 1)
    if not np.isfinite(scores).all() or loaded.vectors.shape[1] != loaded.encoder.dim:
        raise InputError(
            "release", loaded.id, "build it again; its index or encoder does not fit its vectors"
        )
