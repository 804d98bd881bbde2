"""schemathesis over the served OpenAPI document: no 5xx, and no answer it does not describe."""

import subprocess
import sys

__all__ = ["check_document"]

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def check_document(port: int, examples: int, seed: int = 0, *more: str) -> int:
    """Run schemathesis against a server on loopback; its exit status, 0 when all agreed."""
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/docs.json", "--url", url,
        "--checks", ",".join(CHECKS), "--max-examples", str(examples), "--seed", str(seed),
        "--phases", "examples,coverage,fuzzing", "--workers", "1", "--no-color", *more,
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode
