"""A guarded service in process, with keys and without, and what its tests share."""

import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bentos.api.responses import ErrorAnswer
from bentos.application import Application
from bentos.auth.keys import SCOPES, KeysFile, ScopeName, create_key, write_keys
from bentos.config import ServiceConfig
from bentos.http.fast_path import FastPath
from bentos.http.guard import Guard
from bentos.http.served import Running
from catalog.snapshot.user_key import user_key_path
from shelfspace.settings import Settings
from tests.bentos.shop import Shop

SEARCH = {"query": {"text": "shoe"}, "k": 2}
INNER = [
    Route("/livez", lambda _: PlainTextResponse("\n")),
    Route("/metrics", lambda _: PlainTextResponse("m 1")),
    Route("/kept", lambda _: PlainTextResponse("1", headers={"cache-control": "public, max-age=9"})),
    Route("/own", lambda _: HTMLResponse("x", headers={"content-security-policy": "sandbox"})),
    Route("/search\n", lambda _: PlainTextResponse("reached"), methods=["POST"]),
]


class House:
    """A guarded service over one release, with keys where they are asked for."""

    def __init__(self, shop: Shop, folder: Path, keyed: bool = False, **service: object) -> None:
        self.path = folder / "keys.json"
        self.live = folder / "live"
        self.tokens: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        if keyed:
            keys = []
            holders: dict[str, tuple[ScopeName, ...]] = {scope: (scope,) for scope in SCOPES}
            for name, scopes in {**holders, "both": ("read", "write")}.items():
                self.tokens[name], key = create_key(name, scopes)
                self.ids[name] = key.id
                keys.append(key)
            self.tokens["slow"], slow = create_key("slow", rate=0.01, burst=2)
            write_keys(self.path, KeysFile(keys=(*keys, slow)))
        config = ServiceConfig(
            Settings.model_validate({"service": {"encoder": "eager", **service}}),
            releases=shop.workspace.root,
            live=self.live,
            keys=self.path,
            user_key=user_key_path(shop.workspace.state),
        )
        self.application = Application(config)
        assert self.application.engine.refresh()
        inner = FastPath(Starlette(routes=INNER), running=Running(self.application), spec=dict)
        self.app = Guard(inner, running=Running(self.application))

    def client(self, token: str = "", base: str = "http://testserver") -> TestClient:
        headers = {"authorization": f"Bearer {self.tokens[token]}"} if token else {}
        return TestClient(self.app, base_url=base, headers=headers, raise_server_exceptions=False)

    def lines(self) -> list[dict]:
        self.application.access.flush()
        files = sorted((self.live / "access").glob("access-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def error_of(response: object, status: int) -> dict:
    assert response.status_code == status, response.text
    answer = ErrorAnswer.model_validate(response.json()).error
    assert answer.remedy
    return answer.model_dump()
