"""What is kept of a request that two releases answered: one row an item, for `releases.shadow.report`."""

import hashlib
import logging
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bentos.serving.shadow.sampling import Task, kind_of, question, shown
from catalog.snapshot.user_key import read_user_key
from releases.shadow.compare import answer_of, differences
from shelfspace.errors import ArtifactError

__all__ = ["question_key", "rows_of"]

logger = logging.getLogger("shelfspace.shadow")

PERSON = b"question"
"""Tells these hashes from those of shopper ids, which have the same key."""


def rows_of(
    task: Task, answer: Mapping[str, Any], release: str, key: bytes, *, texts: bool
) -> list[dict[str, Any]]:
    """How the answer on the side differs from the live one, item by item.

    Args:
        answer: `answers` and `seconds` of the process on the side.
        release: that answered there.
        key: that questions are hashed with.
        texts: `service.log_query_text`: whether words may be kept.
    """
    rows = []
    for number, (result, other) in enumerate(zip(task.results, answer["answers"], strict=True)):
        live = answer_of(result)
        asked = hashlib.blake2b(question(task.call, number), key=key, person=PERSON, digest_size=8)
        rows.append(
            {
                "time": time.time(),
                "kind": kind_of(task.call, number),
                "live": task.live,
                "shadow": release,
                "question": asked.hexdigest(),
                "asked": shown(task.call, number, texts),
                **differences(live, other),
                "live_answer": live,
                "shadow_answer": other,
                "live_seconds": round(task.seconds, 6),
                "shadow_seconds": round(answer["seconds"], 6),
            }
        )
    return rows


def question_key(path: Path | None) -> bytes:
    """The secret that questions are hashed with: that of shopper ids, else one of this process alone."""
    try:
        if path is not None and path.exists():
            return read_user_key(path)
    except ArtifactError as error:
        logger.warning("%s", error)
    return secrets.token_bytes(32)
