"""What every answer is made with: the release, the threads that decode and encode, rules, kept uploads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from bentos.api.limits import Limits
from bentos.api.media_cost import check_costs
from bentos.api.parsing import ParsedRequest
from bentos.config import ServiceConfig
from bentos.serving.batcher import Batcher
from bentos.serving.engine import Engine
from bentos.serving.erased import Erased
from bentos.serving.interactions import Interactions
from bentos.serving.jobs import featurize, read_words, run_jobs
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.media import MediaShelf
from bentos.serving.outcome import Job, Outcome
from bentos.serving.shadow.side import Shadow
from bentos.serving.shoppers import Shoppers
from bentos.serving.uploads import PutMedia
from models.features.table import FeatureTable
from retrieval.filters.rules import Rules, read_rules
from retrieval.lexical.synonyms import Synonyms, read_synonyms
from shelfspace.watched_file import WatchedFile

__all__ = ["Backend"]

DECODERS = 2
"""Threads that decode photos and sounds; each may hold one decoded photo of the largest size."""
Given = TypeVarTuple("Given")
Made = TypeVar("Made")


class Backend:
    """Shared by the routes of one process.

    Args:
        config: what this process is told.
        limits: bounds of one request.
    """

    def __init__(self, config: ServiceConfig, limits: Limits) -> None:
        self.config = config
        self.rules_file = WatchedFile(config.rules, read_rules, Rules(), "merchandising rules")
        self.synonyms_file = WatchedFile(config.synonyms, read_synonyms, Synonyms(), "synonyms")
        self.erased = Erased(config.releases)
        self.engine = Engine(config, watched=self.refresh)
        self.refresh()
        self.put_media = PutMedia(config.releases / "delta" / "media") if config.releases else None
        self.media = MediaShelf(config.media, config.settings.media, self.put_media)
        self.shoppers = Shoppers(config.user_key)
        self.interactions = Interactions(config, self.shoppers, self.erased)
        self.shadow = Shadow(config)
        self._limits = limits
        self.batcher: Batcher[Job, Outcome] = Batcher(
            run_jobs, weight=lambda job: len(job.call.product_ids), max_weight=limits.items, name="encoder"
        )
        self._decoders = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")

    @property
    def rules(self) -> Rules:
        """The merchandising rules as the file has them now."""
        return self.rules_file.content

    def refresh(self) -> None:
        """Look at the files that people, and erasures, write beside the service."""
        self.rules_file.refresh()
        self.erased.refresh()
        if self.synonyms_file.refresh() and self.engine.loaded is not None:
            self.engine.loaded.queries.forget()  # what was read of queries without them

    def close(self) -> None:
        """Finish what is queued."""
        self.engine.close()
        self.batcher.close()
        self.interactions.close()
        self._decoders.shutdown()

    async def aside(self, work: Callable[[*Given], Made], *given: *Given) -> Made:
        """Do work in a thread beside the encoder's, which it has no need of."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, work, *given)

    def decode(self, call: ParsedRequest, loaded: LoadedRelease) -> tuple[ParsedRequest, FeatureTable]:
        """The call with its words read, and the features of its items, their photos and sounds decoded.

        Raises:
            RequestError: 422 naming the item that cannot be used.
        """
        check_costs(call, self._limits)
        if call.queries:
            call = read_words(call, loaded.catalogue(), self.synonyms_file.content)
        return call, featurize(loaded, call)
