"""One release as the service answers from it: with the changes since, and an encoder run as was chosen."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bentos.serving.applications import OPENERS
from bentos.serving.encoder_backend import choose_way, same_way
from bentos.serving.query_cache import QueryCache
from catalog.product import ProductInput
from catalog.text.clean import clean_text
from models.features.table import FeatureTable
from models.inference.backends import Choice
from models.inference.by_modality import own_of, title_own, vectors_alone
from releases.in_memory import InMemoryRelease, with_popularity
from releases.insights import ProductTable, insight_folders, read_insights, table_of
from releases.pairs import Pair, published, read_pair
from retrieval.catalogue.keeper import CatalogueKeeper
from retrieval.catalogue.updates import seen_facts
from retrieval.changes.migrate import Carried, Target, carry_over, log_path
from retrieval.changes.records import AHEAD, Header
from retrieval.changes.segment import DeltaLimits
from retrieval.changes.view import LayeredIndex, LayeredView
from shelfspace.errors import ShelfspaceError
from shelfspace.settings import Service

if TYPE_CHECKING:
    from retrieval.vectors.postgres import PgRowIndex

__all__ = ["LoadedRelease"]

logger = logging.getLogger("shelfspace.applications")

UNREADABLE = (ShelfspaceError, OSError, ValueError, KeyError)
"""What reading an application's folder may raise: it is then said, and the rest is served."""


@dataclass(frozen=True, eq=False)
class LoadedRelease(InMemoryRelease):
    """A release that the service answers from; replaced whole, never changed.

    Attributes:
        live: the index with what changed since the release; None where changes are not taken.
        choice: how the encoder is run; None where nothing was chosen, and it is run by itself.
        remote: indexes of this release that a server outside answers from.
        queries: those that were asked before.
        folders: application to the folder that it is served from.
        pairs: those that were brought up to date after the release.
        applications: those that `bentos.serving.applications` opens, as objects.
        unserved: application to why it is not served.
    """

    live: LayeredIndex | None = None
    choice: Choice | None = None
    remote: "tuple[PgRowIndex, ...]" = ()
    queries: QueryCache = field(default_factory=QueryCache)
    folders: Mapping[str, Path] = field(default_factory=dict)
    pairs: Mapping[str, Pair] = field(default_factory=dict)
    applications: Mapping[str, Any] = field(default_factory=dict)
    unserved: Mapping[str, str] = field(default_factory=dict)

    def with_choice(
        self, service: Service, snapshot: Path | None, before: "LoadedRelease | None" = None
    ) -> "LoadedRelease":
        """The same release, its encoder run by the way that `service.encoder` chooses, no query known yet.

        Args:
            snapshot: folder that holds the photos and sounds of the catalogue, or None.
            before: the release that answers now; of the same model, what was measured there holds.
        """
        choice = same_way(self.id, self.encoder, before.encoder, before.choice) if before else None
        choice = choice or choose_way(
            self.id, self.encoder, self.release.products, snapshot, self.media, service
        )
        return replace(self, choice=choice, queries=QueryCache(service.query_cache))

    def with_applications(self, workspace: Path | None = None) -> "LoadedRelease":
        """The same release with its applications opened: as a workspace has brought them up to date since,
        else as the release packs them. One that cannot be opened is left out; what is wrong is said.

        Args:
            workspace: to look in; None for what the release packs.
        """
        packed, insights = insight_folders(self.release), dict(read_insights(self.release))
        pairs: dict[str, Pair] = {}
        opened: dict[str, Any] = {}
        folders, unserved = dict(packed), dict[str, str]()
        for name, pointer in ({} if workspace is None else published(workspace)).items():
            try:
                pair = read_pair(pointer, self.id)
                table = table_of(name, pair.folder)
                made = self._opened(name, pair.folder)
            except UNREADABLE as error:
                unserved[name] = refusal(name, error)
                continue
            pairs[name], folders[name] = pair, pair.folder
            opened |= {name: made} if name in OPENERS else {}
            insights |= {} if table is None else {name: table}
        for name in sorted((packed.keys() & OPENERS.keys()) - opened.keys()):
            try:
                opened[name] = self._opened(name, packed[name])
            except UNREADABLE as error:
                unserved[name] = refusal(name, error)
        for problem in unserved.values():
            logger.warning("%s", problem)
        return replace(
            self,
            insights=insights,
            folders=folders,
            pairs=pairs,
            applications=opened,
            unserved=unserved,
            catalogues=self._catalogues(insights),
        )

    def why_unserved(self, application: str, otherwise: tuple[str, str]) -> tuple[str, str]:
        """Why an application is refused, in English and in Chinese; `otherwise` where it is not."""
        refused = self.unserved.get(application)
        return otherwise if refused is None else (refused, f"此应用暂不可用：{refused}")

    def _catalogues(self, insights: Mapping[str, ProductTable]) -> CatalogueKeeper:
        """The catalogue with what is popular by these tables; the same one where that is nothing new."""
        before = self.catalogues.parts
        parts = with_popularity(before, insights, self.release)
        if parts is before or (
            before.popularity is not None and np.array_equal(parts.popularity, before.popularity)  # type: ignore[arg-type]
        ):
            return self.catalogues
        _ = parts.vocabulary, parts.suggestions, parts.variants  # read now, so that no answer waits for them
        return CatalogueKeeper(parts, self.release.embeddings, self.encoder)

    def _opened(self, name: str, folder: Path) -> Any:
        """What an application's `Opener` makes of a folder; what is open already stays."""
        if name not in OPENERS:
            return None
        if self.folders.get(name) == folder and name in self.applications:
            return self.applications[name]
        return OPENERS[name].open(folder, self)

    def application(self, name: str) -> Any:
        """What an `Opener` made of an application's folder; None where the release has none."""
        return self.applications.get(name)

    def insight_folder(self, name: str) -> Path | None:
        """The folder of an application; None where the release has none."""
        return self.folders.get(name)

    def with_changes(self, folder: Path, limits: DeltaLimits) -> tuple["LoadedRelease", Carried]:
        """The same release with the changes since, those made on other releases taken over.

        Args:
            folder: of all delta logs.

        Raises:
            ArtifactError: a log is damaged.
        """
        header = Header(self.id, self.encoder.fingerprint, self.vectors.shape[1])
        carried = carry_over(
            folder,
            Target(header, self.number, self.rows, self.base, self.updated, self.encode, self.derived),
        )
        path = log_path(folder, self.id)
        live = LayeredIndex(path, header, self.index, self.release.product_ids, limits, self.updated)
        return replace(self, live=live), carried

    @property
    def number(self) -> int:
        """Place in the order of releases."""
        return int(self.id.split("-")[0])

    @cached_property
    def view(self) -> Callable[[], LayeredView]:
        """Gives what answers at this moment: the release and the changes since."""
        return super().view if self.live is None else self.live.view

    @cached_property
    def _bases(self) -> np.ndarray:
        products = self.release.products
        texts = products.astype({name: str for name in products if products[name].dtype == object})
        return pd.util.hash_pandas_object(texts, index=False).to_numpy()

    def base(self, row: int) -> str:
        """Fingerprint of what the release says of a product."""
        return f"{self._bases[row]:016x}"

    def updated(self, row: int) -> str:
        """When the catalogue last changed a product, ISO 8601 in UTC; "" where it does not say, or names a
        time that has not come."""
        products = self.release.products
        time = products["updated_at"].iloc[row] if "updated_at" in products else None
        if time is None or pd.isna(time):
            return ""
        read = pd.to_datetime(time, utc=True)
        return "" if read > datetime.now(UTC) + AHEAD else str(read.isoformat())

    def encode(self, inputs: Sequence[ProductInput]) -> np.ndarray:
        """Vectors (n, dim) of products that were added between releases."""
        return self.encoder.encode_features(self.encoder.featurize(inputs, limits=self.media)).vectors

    def derived(self, inputs: Sequence[ProductInput]) -> list[dict[str, Any]]:
        """Facts of products that were added between releases, as far as they depend on the encoder."""
        features = self.encoder.featurize(inputs, limits=self.media)
        return self.seen(features, inputs)

    def seen(self, features: FeatureTable, inputs: Sequence[ProductInput]) -> list[dict[str, Any]]:
        """Facts of products by each of their modalities, from their features."""
        alone, own = vectors_alone(self.encoder, features), own_of(self.encoder, features)
        titles = title_own(self.encoder, [clean_text(one.title) for one in inputs])
        return seen_facts(alone, own | titles, len(features))

    def hits(
        self,
        scores: np.ndarray,
        rows: np.ndarray,
        k: int,
        without: Collection[int] = (),
        view: LayeredView | None = None,
    ) -> list[dict[str, Any]]:
        """Hits of one query: (m,) scores and rows of a view, best first; row -1 is padding.

        Args:
            without: rows to leave out (a product is no hit of itself).
            view: the state that was searched; default the release alone.
        """
        catalogue = self.catalogue(self.still if view is None else view)
        shown = [place for place, row in enumerate(rows.tolist()) if row >= 0 and row not in without][:k]
        return catalogue.hits(catalogue.places.of_rows(rows[shown]).tolist(), scores[shown].tolist())


def refusal(application: str, error: Exception) -> str:
    """Why an application's folder is not served, as a sentence with the remedy."""
    if isinstance(error, ShelfspaceError):
        return str(error)
    remedy = f"delete state/{application} in the workspace and run the insights job"
    return f"{application} is of another form than this version reads ({error!r}); {remedy}"
