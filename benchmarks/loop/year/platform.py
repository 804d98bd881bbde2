"""The platform of one half year: its own workspace, the real daemon and service, and when it is at rest.

What is still to be done is asked of the same plain functions that the sensors ask; nothing is started here.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import yaml

from assets.monitoring import latest_verdict, not_looked_at
from benchmarks.faults.served import command, environment, service, stopped
from benchmarks.faults.world import World
from benchmarks.serving.servers import Server
from catalog.deliveries.pending import pending
from dagster_project.automation.drift import drift_need, open_attempts, report_need
from dagster_project.automation.needs import Attempt, Need, attempts_at, next_attempt, unfinished
from dagster_project.automation.refreshing import delivery_need
from dagster_project.environment import DAGSTER_YAML
from dagster_project.tags import CAUSE, NEED
from releases import current_id
from releases.champion import champion
from shelfspace.files import write_text
from shelfspace.settings import Settings, load_settings, merge

__all__ = ["Platform"]

CLOCK = Path(__file__).with_name("clock.yaml")
QUICK = """\
  config:
    dequeue_interval_seconds: 2
run_launcher:
  module: dagster_project.warm_runs
  class: WarmRuns
"""
"""Of Dagster's queue and launcher: a run begins within two or three seconds, not within twenty."""


class Platform:
    """A workspace with its daemon and service.

    Args:
        shop: the catalogue's folder, which takes the compressed clock into its settings.
        folder: of all that the platform keeps.
    """

    def __init__(self, shop: Path, folder: Path) -> None:
        described = yaml.safe_load((shop / "catalog.yaml").read_text())
        described["params"] = merge(described.get("params", {}), yaml.safe_load(CLOCK.read_text()))
        write_text(shop / "catalog.yaml", yaml.safe_dump(described, sort_keys=False))
        folder.mkdir(parents=True, exist_ok=True)
        self.world = World(folder, shop.resolve())
        self.workspace = self.world.workspace
        self.settings: Settings = load_settings(overrides=described["params"])
        self.server: Server | None = None
        home = self.workspace.state / "dagster"
        home.mkdir(parents=True, exist_ok=True)
        write_text(home / "dagster.yaml", DAGSTER_YAML + QUICK)
        self.instance = dg.DagsterInstance.from_config(str(home))

    def type(self, *words: str) -> str:
        """Type a command of `shelfspace`, as a person does; what it says.

        Raises:
            RuntimeError: it ended with another status than 0.
        """
        done = self._typed(*words)
        if done.returncode:
            said = done.stderr[-2000:]
            raise RuntimeError(f"shelfspace {' '.join(words)} ended with {done.returncode}: {said}")
        return done.stdout

    def act(self, *words: str) -> str:
        """`type`, where the platform may refuse: that is an answer, too."""
        done = self._typed(*words)
        said = " ".join((done.stdout + done.stderr).split())
        return f"refused: {said}" if done.returncode else said

    def _typed(self, *words: str) -> "subprocess.CompletedProcess[str]":
        line = command("dagster_project.cli", *words, "--catalog", str(self.world.catalog))
        done = subprocess.run(line, env=environment(self.world), capture_output=True, text=True, check=False)
        with self.world.folder.with_suffix(".typed.log").open("a") as log:
            log.write(f"$ shelfspace {' '.join(words)}\n{done.stdout}{done.stderr}\n")
        return done

    @contextmanager
    def alive(self) -> Iterator["Platform"]:
        """Daemon and service; stopped at the end with all they started, whatever happened."""
        with ExitStack() as stack:
            words = command("dagster_project.cli", "daemon")
            log = self.world.folder.with_suffix(".daemon.log")
            daemon = stack.enter_context(stopped(Server(words, environment(self.world), log, 0)))
            self.server = stack.enter_context(stopped(service(self.world)))
            self.daemon = daemon
            yield self

    @property
    def address(self) -> str:
        """Of the service."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.port}"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the service answers."""
        with httpx.Client(base_url=self.address, trust_env=False, timeout=60) as client:
            answer = client.get(path) if body is None else client.post(path, json=body)
            answer.raise_for_status()
            return dict(answer.json())

    def served(self) -> str:
        """The release that the service answers with."""
        found = self.ask("/release")
        return str(found.get("result", found)["release"])

    def classified(self, items: list[dict[str, Any]]) -> dict[str, str]:
        """Product to the category that the service names."""
        found = self.ask("/classify", {"items": items})
        return {one["product_id"]: one["label"] for one in found["results"]}

    def at_work(self) -> str:
        """What is still to be done, or being done, in a sentence; "" at rest.

        A need that was given up, or a delivery that is held, waits for a person: nothing is done about it.
        """
        if self.daemon.process.poll() is not None:
            raise RuntimeError(f"the daemon ended: {self.daemon.log.read_text()[-2000:]}")
        workspace = self.workspace
        run = unfinished(self.instance, workspace) or workspace.holder()
        if run:
            return run
        left = delivery_need(workspace, self.settings)
        if isinstance(left, Need):
            return "" if self._given_up(left) else left.cause
        if lying := pending(workspace, 0):
            return lying[0].said
        report = report_need(not_looked_at(workspace))
        if report is not None:
            return "" if self._given_up(report) else report.cause
        if said := self._drift_waits():
            return said
        live = current_id(workspace.root)
        return "" if self.served() == live else f"the service does not yet answer with {live}"

    def _given_up(self, need: Need) -> bool:
        made = attempts_at(self.instance, self.workspace, NEED, need.key)
        return self._tried_out(
            [run for run in made if run.ended is None or run.ended.timestamp() >= need.since]
        )

    def _tried_out(self, made: list[Attempt]) -> bool:
        number, _ = next_attempt(made, datetime.now(UTC), self.settings.automation)
        return number is None and len(made) >= self.settings.automation.attempts and made[-1].finished

    def _drift_waits(self) -> str:
        now, cooldown = datetime.now(UTC), timedelta(hours=self.settings.automation.cooldown_hours)
        runs = attempts_at(self.instance, self.workspace, CAUSE, "drift")
        reigning = (champion(self.workspace) or {}).get("fingerprint", "")
        need = drift_need(latest_verdict(self.workspace), reigning, runs, now, cooldown)
        if isinstance(need, Need):
            return "" if self._tried_out(open_attempts(runs, now, cooldown)) else need.cause
        return need if "the cool-down lasts" in need else ""
