"""Does another checkout do the same? Record what each does, then compare the records.

    python -m tests.comparison record CHECKOUT OUT --catalog sample [--workspaces DIR] [--chain]
                                      [--serve code|bento|shelfspace|none|"COMMAND {port}"] [--no-pages]
    python -m tests.comparison compare OLD NEW [--expected FILE.yaml] [--json FILE] [--examples N]

A checkout is driven from outside alone: its `.venv/bin/python` and Makefile, the files of its workspace,
and HTTP. So the two may differ in every package and module. `--chain` runs `make demo` first;
shoppers' names are hashed with a key that each workspace draws, so hand it the other one's (`--user-key`).

What is recorded: data versions and facts of the assets, hashes of all files of the release and the stages,
the vectors, what Dagster declares and keeps; some 600 answers, before and after 200 changes of the
catalogue; refused requests and plain routes with headers, without and with API keys; the OpenAPI document,
the names in /metrics, the columns and counts of the logs; pictures and words of the storefront's pages,
where there is a Chromium.

Training differs between machines, so answers are compared best over THE SAME release: `--workspaces` names
the folder of workspaces that both checkouts serve, each from a copy of its own. `--serve code` (the default)
serves the checkout's own code, not the code inside the workspace's Bento.

Scores and vectors may differ by 1e-5, a picture in one pixel of 2,000; all else must be equal. Times, hosts,
request ids and the release's own name are left out (`record.LEFT_OUT`, `asking.HEADERS_LEFT_OUT`). The exit
status is 1 on any difference that `--expected` (a list of `pattern` and `reason`) does not name.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.comparison.checkout import Checkout
from tests.comparison.compare import compare, read_expectations
from tests.comparison.record import record


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do it; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.comparison",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="record what a checkout does")
    recording.add_argument("checkout", type=Path)
    recording.add_argument("out", type=Path)
    recording.add_argument("--catalog", default="sample", help="preset name or folder of the catalogue")
    recording.add_argument(
        "--workspaces", type=Path, help="folder of the workspaces; default in the checkout"
    )
    recording.add_argument(
        "--serve", default="code", help="how the service is started; see checkout.SERVERS; none: files alone"
    )
    recording.add_argument("--chain", action="store_true", help="run `make demo` first")
    recording.add_argument(
        "--user-key", type=Path, help="with --chain: state/user.key of the other workspace"
    )
    recording.add_argument("--no-pages", action="store_true", help="photograph no pages")
    recording.add_argument("--data", type=Path, help="folder of the public data sets (SHELFSPACE_DATA)")
    comparing = commands.add_parser("compare", help="compare two records")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--expected", type=Path, help="YAML list of pattern and reason")
    comparing.add_argument("--json", type=Path, help="where to write all differences")
    comparing.add_argument("--examples", type=int, default=3, help="shown of each kind")
    given = parser.parse_args(arguments)
    return recorded(given) if given.command == "record" else compared(given)


def recorded(given: argparse.Namespace) -> int:
    """Record; 0. A termination ends the service too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.data:
        os.environ["SHELFSPACE_DATA"] = str(given.data.resolve())
    checkout = Checkout(given.checkout, given.workspaces)
    if given.user_key:
        place = checkout.workspaces / Path(given.catalog).name / "state" / "user.key"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(given.user_key, place)
    if given.chain:
        checkout.chain(given.catalog)
    name = Path(given.catalog).name
    with tempfile.TemporaryDirectory(prefix="comparison-") as scratch:
        entries = record(
            checkout, given.catalog, name, given.serve, given.out, Path(scratch), not given.no_pages
        )
    print(", ".join(f"{file} {count}" for file, count in entries.items()))
    return 0


def compared(given: argparse.Namespace) -> int:
    """Compare; 1 on a difference that was not expected."""
    expectations = read_expectations(given.expected) if given.expected else []
    result = compare(given.old, given.new, expectations)
    print(result.report(given.examples))
    if given.json:
        given.json.write_text(result.as_json())
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main())
