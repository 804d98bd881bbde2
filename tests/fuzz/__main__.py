"""`make fuzz`: a small shop, really built and served; every kind of hostile input; the OpenAPI document.

    python -m tests.fuzz [--number 1000] [--seed 0] [--kinds JPEG,JSON] [--examples 100] [--keep FOLDER]

Ends with 1 if an answer was a 5xx, took too long, leaked or had no proper body, if the server
died or grew, or if schemathesis found an answer that the document does not describe.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bentos.shop import build_shop
from tests.fuzz.campaign import KINDS, Campaign, resident
from tests.fuzz.schema import check_document
from tests.fuzz.served import serve

GROWTH = 200_000_000
"""Bytes the service may hold more than after its first bombs: caches, the allocator's slack."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=1000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument(
        "--examples", type=int, default=100, help="schemathesis examples an operation; 0 for none"
    )
    parser.add_argument("--keep", type=Path, help="folder for inputs that failed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shelfspace-fuzz-") as folder:
        shop = build_shop(Path(folder))
        with serve(shop, Path(folder)) as server:
            campaign = Campaign(server.port, given.keep)
            for kind in given.kinds.split(","):
                campaign.run(kind, 60, given.seed)  # the bombs come first: what they need is no growth
            before = resident(server.process.pid)
            for kind in given.kinds.split(","):
                campaign.run(kind, given.number, given.seed)
                print(campaign.report(kind), flush=True)
            grown = resident(server.process.pid) - before
            print(f"memory: {before / 1e6:.0f} MB and {grown / 1e6:+.0f} MB")
            if grown > GROWTH:
                campaign.failures.append(f"the service grew by {grown / 1e6:.0f} MB")
            if given.examples and check_document(server.port, given.examples, given.seed):
                campaign.failures.append("schemathesis found what it prints above")
            if server.process.poll() is not None or server.stop() != 0:
                campaign.failures.append("the server did not end as it should")
            log = server.log.read_text(errors="replace")
            if "Traceback" in log:
                campaign.failures.append(
                    f"the log holds a trace: {log[log.index('Traceback') - 500 :][:3000]}"
                )
            if log.count("initialized") > 1:
                campaign.failures.append("the service crashed and was started again")
    for failure in campaign.failures[:50]:
        print(f"FAILED {failure}")
    print(f"{len(campaign.failures)} failures")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())
