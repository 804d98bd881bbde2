"""One checkout recorded: everything that is compared, as JSON and PNG files in a folder."""

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.comparison import files, pages
from tests.comparison.asker import Question
from tests.comparison.asking import Answer, Client, Raw
from tests.comparison.bad_requests import bad_requests
from tests.comparison.catalogue import Catalogue
from tests.comparison.checkout import Checkout, Service, released, workspace_copy
from tests.comparison.keyed import keyed_requests, ruled_requests, write_keys, write_rules
from tests.comparison.questions import PHASES, questions
from tests.comparison.routes import routes

__all__ = ["record"]

LEFT_OUT = frozenset({"seconds", "created_at", "run_id", "host", "timing", "build_seconds", "time", "request",
                      "client", "bytes_out"})  # fmt: skip
"""Names whose values are times, hosts or numbers drawn anew, wherever they stand in an answer."""
BYTES = frozenset({"application/json", "text/html", "text/plain"})
"""Media types whose bodies are kept as they are; of others, a hash."""
WAIT = re.compile(r"retry after \d+ s")
VERSION_IN_PATH = re.compile(r"/static/[0-9a-f]{12}/")
METRIC = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})? ")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
COUNTED = re.compile(
    r"^shelfspace_(?!encoder).*(_rows|_number|_products|_deleted|_sequence|_total|_ready|_problem|_count)$"
)
"""Metrics whose numbers follow from what was asked."""
NO_SERVICE = "none"
"""In place of a way to start the service: the workspace's files and Dagster alone are recorded."""
POLLED = frozenset({"/readyz"})
NAMED_LABELS = frozenset({"endpoint", "route", "status", "stage", "reason", "part", "way"})
"""Labels of our own metrics whose values are fixed names, and so are compared too."""


def record(
    checkout: Checkout, catalog: str, name: str, how: str, out: Path, scratch: Path, shots: bool = True
) -> dict[str, int]:
    """Record a catalogue's workspace and the service over a copy of it.

    Args:
        checkout: whose code it is.
        catalog: preset name or folder.
        name: of the workspace.
        how: see `checkout.SERVERS`; `NO_SERVICE` for none.
        out: the record's folder.
        scratch: for the copy.
        shots: whether to photograph the storefront, where there is a browser.

    Returns:
        How many entries each file of the record has.
    """
    begin = time.time()
    workspace = checkout.workspaces / name
    release = released(workspace)
    keeper = Keeper(out, {release.name: "{release}"})
    keeper.keep("versions", files.data_versions(workspace))
    keeper.keep("files", files.release_files(workspace, release))
    keeper.keep("vectors", files.vectors(release))
    keeper.keep("dagster", files.dagster(checkout, "stored", workspace, catalog))
    keeper.keep("declared", files.dagster(checkout, "declared", workspace, catalog))
    if how != NO_SERVICE:
        of_service(checkout, catalog, how, keeper, workspace, scratch, out / "pages" if shots else None)
    commit = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=checkout.folder, capture_output=True, text=True, check=False
    )
    about = {"checkout": str(checkout.folder), "commit": commit.stdout.strip(), "catalog": catalog,
             "how": how, "workspace": str(workspace), "release": release.name,
             "seconds": round(time.time() - begin), "entries": keeper.entries}  # fmt: skip
    (out / "about.json").write_text(json.dumps(about, indent=1))
    return keeper.entries


def of_service(
    checkout: Checkout,
    catalog: str,
    how: str,
    keeper: "Keeper",
    workspace: Path,
    scratch: Path,
    shots: Path | None,
) -> None:
    """What the service says: once as it is and once with keys and rules, each over a fresh copy.

    Args:
        shots: folder for the pictures; None for none.
    """
    catalogue = Catalogue(workspace, released(workspace))
    asked = questions(catalogue)
    keeper.keep("questions", {q.name: hashed(q) for phase in PHASES for q in asked[phase]})
    with (
        workspace_copy(workspace, scratch) as copy,
        Service(checkout, copy, how, scratch, catalog) as service,
    ):
        client = service.client
        keeper.words[client.address] = "{address}"
        keeper.keep("routes", exchanged(client, routes(catalogue)))
        keeper.keep("openapi", openapi(client))
        for phase in PHASES:
            keeper.keep(f"answers-{phase}", answered(client, asked[phase]))
            if phase == "before":
                keeper.keep("errors", exchanged(client, bad_requests(catalogue)))
        keeper.keep("metrics", metrics(client.ask("GET", "/metrics").body.decode()))
        time.sleep(1.5)
        keeper.keep("logs", logs(copy / "live"))
        if shots and pages.CHROMIUM:
            product = str(catalogue.products[1]["product_id"])
            keeper.keep("pages", pages.photograph(service.port, product, shots))
        keeper.keep("service-log", complaints(service.log.read_text(errors="replace")))
    with workspace_copy(workspace, scratch) as copy:
        write_keys(copy / "keys.json")
        write_rules(copy / "rules.yaml", catalogue)
        with Service(checkout, copy, how, scratch, catalog) as service:
            keeper.keep("rules", exchanged(service.client, ruled_requests(catalogue)))
            keeper.keep("keys", exchanged(service.client, keyed_requests()))


class Keeper:
    """Writes the files of a record.

    Args:
        out: the record's folder.
        words: what is written otherwise, wherever it stands: the release's name, which holds a hash of code,
            and the service's address, whose port is drawn.
    """

    def __init__(self, out: Path, words: dict[str, str]) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out, self.words = out, words
        self.entries: dict[str, int] = {}

    def keep(self, name: str, values: dict[str, Any]) -> None:
        """Write one file: name of an entry to its value."""
        text = json.dumps(tidied(values), ensure_ascii=False, indent=0, sort_keys=False)
        text = VERSION_IN_PATH.sub("/static/{version}/", text)
        text = WAIT.sub("retry after {some} s", text)
        for word, instead in self.words.items():
            text = text.replace(word, instead)
        (self._out / f"{name}.json").write_text(text)
        self.entries[name] = len(values)


def tidied(value: Any) -> Any:
    """Without what is left out, at any depth."""
    if isinstance(value, dict):
        return {k: tidied(v) for k, v in value.items() if k not in LEFT_OUT}
    return [tidied(v) for v in value] if isinstance(value, list) else value


def hashed(question: Question) -> str:
    """A hash of the request, so that two records tell whether they asked the same."""
    return hashlib.sha256(question.path.encode() + question.request()[0]).hexdigest()[:16]


def answered(client: Client, asked: Iterable[Question]) -> dict[str, Any]:
    """Status and body of each question's answer."""
    found = {}
    for question in asked:
        body, headers = question.request()
        answer = client.ask("POST", question.path, body, headers)
        found[question.name] = {"status": answer.status, "answer": answer.plain()}
    return found


def exchanged(client: Client, raws: Iterable[Raw]) -> dict[str, Any]:
    """Status, headers and body of each request's answer; hashes of bodies that are no text."""
    found: dict[str, Any] = {}
    for raw in raws:
        try:
            found[raw.name] = shown(raw, client.ask(raw.method, raw.path, raw.body, raw.headers))
        except OSError as error:
            found[raw.name] = {"asked": asked_of(raw), "broken": type(error.__cause__).__name__}
    return found


def asked_of(raw: Raw) -> str:
    """The request in a line."""
    return f"{raw.method} {raw.path} {(raw.body or b'')[:120].decode('utf-8', 'replace')}"


def shown(raw: Raw, answer: Answer) -> dict[str, Any]:
    """One answer as it is kept."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    body: Any = {"sha256": hashlib.sha256(answer.body).hexdigest(), "bytes": len(answer.body)}
    if kind in BYTES and len(answer.body) < 2_000_000 and "content-encoding" not in answer.headers:
        body = answer.plain()
        if raw.path == "/metrics":
            body = "see metrics"
        elif raw.path in {"/docs.json", "/schema.json"}:
            body = "see openapi"
    headers = answer.shown_headers()
    if answer.status == 429:
        headers["retry-after"] = "{some}" if "retry-after" in headers else ""
    return {"asked": asked_of(raw), "status": answer.status, "headers": headers, "body": body}


def openapi(client: Client) -> dict[str, Any]:
    """The OpenAPI document, an entry an operation and a schema."""
    document = client.ask("GET", "/docs.json").plain()
    found = {
        f"paths/{path} {verb}": said
        for path, verbs in document.pop("paths").items()
        for verb, said in verbs.items()
    }
    components = document.pop("components")
    found |= {f"{kind}/{name}": said for kind, named in components.items() for name, said in named.items()}
    return found | {f"document/{name}": said for name, said in document.items()}


def metrics(text: str) -> dict[str, Any]:
    """Help and type of each metric; labels of its samples, with the values of those that are fixed names."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            _, kind, name, said = (*line.split(" ", 3), "")[:4]
            found[f"{kind.lower()}/{name}"] = said
            continue
        match = METRIC.match(line)
        if match:
            labels = dict(LABEL.findall(match[2] or ""))
            entry = found.setdefault(f"samples/{match[1]}", {"labels": sorted(labels), "of": {}})
            named = ", ".join(sorted(f"{k}={v}" for k, v in labels.items() if k in NAMED_LABELS))
            if match[1].startswith("shelfspace_"):
                counted = COUNTED.match(match[1])
                entry["of"][named] = line.rpartition(" ")[2] if counted else "measured"
    return found


def logs(live: Path) -> dict[str, Any]:
    """Of the request log and the access log: columns, and rows by endpoint or route and status.

    Routes that are asked until the service is there are not counted.
    """
    found: dict[str, Any] = {}
    for path in sorted(live.rglob("*.jsonl")):
        kind = path.parent.name
        for line in path.read_text().splitlines():
            row = json.loads(line)
            found.setdefault(f"columns/{kind}", sorted(row))
            where = row.get("endpoint") or f"{row.get('method')} {row.get('route')}"
            name = f"rows/{kind} {where} {row.get('status')}"
            if row.get("route") not in POLLED:
                found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items()))


def complaints(text: str) -> dict[str, Any]:
    """Traces and warnings in the service's log, without their times."""
    lines = [re.sub(r"^\S*\d\d:\d\d:\d\d\S*\s*", "", line) for line in text.splitlines()]
    return {
        "log/traces": sum("Traceback" in line for line in lines),
        "log/errors": sum("ERROR" in line for line in lines),
    }
