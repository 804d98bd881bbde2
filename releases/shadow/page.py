"""The page of what another release would change."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from catalog.media.photo import open_photo
from catalog.snapshot.media_store import MediaStore
from releases.release import Release
from releases.shadow.kept import PAGE
from releases.shadow.report import NAMES, Report, shadow_report
from shelfspace.clock import minute
from shelfspace.errors import ArtifactError, MediaError
from shelfspace.page import table
from shelfspace.page import write_page as write
from shelfspace.settings import Media
from shelfspace.workspace import Workspace

__all__ = ["figure_rows", "write_page"]

WORDS = "words"
"""Kind of a question that somebody typed."""
SIDE = 72
"""Pixels of a photo's longest side."""
STYLE = """<style>.q{margin:2rem 0 .3rem;font-size:1.05rem}.q small{color:#666;font-weight:400}
.hits{display:grid;grid-template-columns:5.5rem repeat(10,6rem);gap:.4rem;font-size:12px;line-height:1.3}
.hits>b{align-self:center;font-size:13px}
.hit{border:1px solid #ddd;border-radius:6px;padding:.3rem;overflow:hidden}
.hit.only{border-color:#b45309;background:#fff7ed}.hit img,.hit i{display:block;width:100%;height:4.5rem;
object-fit:contain;background:#f6f6f6;border-radius:4px;margin-bottom:.2rem}
.hits>i{align-self:center;font-size:13px;color:#666}
.hit span{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}</style>"""


def write_page(workspace: Workspace, report: Report | None = None) -> Report:
    """Write the page; returns what it tells.

    Args:
        report: to be told; default that of now.

    Raises:
        ArtifactError: what is kept is damaged.
    """
    report = report or shadow_report(workspace.root, workspace.live)
    title = (
        f"What release {report.shadow} would change" if report.shadow else "What another release would change"
    )
    body = [STYLE]
    if report.kinds:
        between = f"{minute(report.first)} to {minute(report.last)} UTC"
        body += [
            f"<p>{escape(report.live)} is live; {escape(report.shadow)} answered the same questions on the "
            f"side, {between}. Its times are those of a process that runs when nothing else does.</p>",
            table(figure_rows(report)),
        ]
        if report.new_hits is not None:
            body.append(
                f"<p>Of the hits that only {escape(report.shadow)} gave, {report.new_hits:.0%} are products "
                f"that {escape(report.live)} does not hold.</p>"
            )
    if report.changed:
        body += [
            "<h2>Questions whose hits changed most</h2>",
            *_unnamed(report),
            *_changed(workspace, report),
        ]
    if report.moves:
        moves = [
            {report.live: ours, report.shadow: theirs, "answers": str(count)}
            for ours, theirs, count in report.moves
        ]
        body += ["<h2>Categories that are named otherwise</h2>", table(moves)]
    write(workspace.root / PAGE, title, " ".join(report.sentences), *body)
    return report


def figure_rows(report: Report) -> list[dict[str, str]]:
    """One row a kind of question, for people."""
    rows = []
    for name, kind in report.kinds.items():
        figures = {said: str(kind.figures[key]) if key in kind.figures else "" for key, said in NAMES.items()}
        if not kind.figures:
            figures[NAMES["label" if name == "categories" else "overlap"]] = "too few"
        rows.append(
            {
                "asked for": name,
                "answers": str(kind.answers),
                "questions": str(kind.questions),
                **figures,
                "live ms": "{} (99%: {})".format(*kind.live_ms),
                "on the side ms": "{} (99%: {})".format(*kind.shadow_ms),
            }
        )
    return rows


def _unnamed(report: Report) -> list[str]:
    """Why questions have numbers, where words were asked and are not kept."""
    if not any(row["kind"] == WORDS and not row["asked"] for row in report.changed):
        return []
    return [
        "<p>What was typed is not kept, so these questions have numbers; service.log_query_text keeps it.</p>"
    ]


def _changed(workspace: Workspace, report: Report) -> list[str]:
    """The most changed questions, both lists of hits below each other."""
    shown = _Products(workspace, (report.live, report.shadow))
    parts = []
    for row in report.changed:
        lists = [[product for product, _ in row[name]["hits"]] for name in ("live_answer", "shadow_answer")]
        asked = escape(shown.named(row["asked"]) or f"question {row['question']}")
        same = len(set(lists[0]) & set(lists[1]))
        said = f"{escape(row['kind'])}: {same} of {max(map(len, lists))} hits are the same"
        cells = []
        for name, own, other in (("live", *lists), ("on the side", lists[1], lists[0])):
            hits = [shown.cell(product, product not in other) for product in own] or ["<i>no hits</i>"]
            cells.append(f"<b>{name}</b>" + "".join(hits))
            cells.append("<span></span>" * (10 - len(hits)))
        parts.append(
            f'<h3 class="q">{asked} <small>{said}</small></h3><div class="hits">{"".join(cells)}</div>'
        )
    return parts


class _Products:
    """Titles and photos of what was found; each photo is made small once."""

    def __init__(self, workspace: Workspace, releases: Sequence[str]) -> None:
        self._facts: dict[str, Mapping[str, Any]] = {}
        for name in releases:
            try:
                products = Release.load(workspace.releases / name, verify=False).products
            except ArtifactError:
                continue  # cleaned up since: its products are known by their ids
            columns = [c for c in ("product_id", "title", "photos") if c in products]
            for one in products[columns].to_dict("records"):
                self._facts[str(one["product_id"])] = {str(name): value for name, value in one.items()}
        self._media = MediaStore.open(workspace.snapshot) if workspace.snapshot.is_dir() else None
        self._small: dict[str, str] = {}

    def named(self, asked: str) -> str:
        """A question as it was kept; of a product, with its title."""
        title = str(self._facts.get(asked, {}).get("title") or "")
        return f"{title} ({asked})" if title else asked

    def cell(self, product: str, only: bool) -> str:
        """A hit, in HTML; marked where one release alone gave it."""
        title = str(self._facts.get(product, {}).get("title") or product)
        kind = "hit only" if only else "hit"
        inside = f"{self._photo(product)}<span>{escape(title)}</span>"
        return f'<div class="{kind}" title="{escape(product)}">{inside}</div>'

    def _photo(self, product: str) -> str:
        if product not in self._small:
            keys = self._facts.get(product, {}).get("photos")
            key = str(keys[0]) if keys is not None and len(keys) else ""
            self._small[product] = self._image(key)
        return self._small[product]

    def _image(self, key: str) -> str:
        if self._media is None or key not in self._media:
            return "<i></i>"
        try:
            image = open_photo(self._media.read(key), Media(), SIDE)
        except (MediaError, ArtifactError):
            return "<i></i>"  # the checks of the media say what is wrong with it
        image.thumbnail((SIDE, SIDE))
        stream = io.BytesIO()
        image.save(stream, "WEBP", quality=70)
        return f'<img alt="" src="data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}">'
