"""Known vulnerabilities of the locked packages, by pip-audit.

Ends with 1 where it finds one. Where the database cannot be reached it says so and ends with 0:
pip-audit itself then calls all well, for it skips what it cannot look up.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
SECONDS = 240


def audit(lock: Path, seconds: float) -> dict | str:
    """pip-audit's report, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "pip_audit", "-r", str(lock), "--no-deps", "--disable-pip",
            "--progress-spinner", "off", "--timeout", "10", "--format", "json", "--output", str(report),
        ]  # fmt: skip
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return f"no answer within {seconds:.0f} s"
        if not report.is_file() or not report.read_text().strip():
            return (ended.stderr.strip().splitlines() or ["pip-audit wrote no report"])[-1][:300]
        return json.loads(report.read_text())


def main(lock: Path = LOCK, seconds: float = SECONDS) -> int:
    """Print what is known; the exit status."""
    found = audit(lock, seconds)
    if isinstance(found, str):
        print(f"audit: NOT DONE, the database of vulnerabilities cannot be reached: {found}")
        return 0
    packages = found["dependencies"]
    looked_up = [package for package in packages if "vulns" in package]
    if not looked_up:
        print(f"audit: NOT DONE, the database knows none of the {len(packages)} packages; is it a mirror?")
        return 0
    bad = [(package, known) for package in looked_up for known in package["vulns"]]
    for package, known in bad:
        fixed = ", ".join(known["fix_versions"]) or "no version"
        print(f"audit: {package['name']} {package['version']}: {known['id']}, fixed in {fixed}")
    skipped = len(packages) - len(looked_up)
    print(f"audit: {len(looked_up)} packages looked up, {skipped} not, {len(bad)} vulnerabilities known")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
