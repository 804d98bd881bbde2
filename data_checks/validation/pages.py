"""The pages people look at: one index of all suites that needs no network, and the drift banner.

Great Expectations' own Data Docs are built around styles and scripts of a CDN; `localise` takes
those out and gives the pages a plain style, and the index here comes first and links to them.
"""

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

from filelock import FileLock

from data_checks.validation.report import CheckReport, Finding
from shelfspace.files import write_text

__all__ = ["QUARANTINE", "publish"]

QUARANTINE = "quarantine.html"
"""Page of the refused rows (`data_checks.validation.quarantine_page`)."""
SHOWN_FAILURES = 100
SHOWN_PER_RULE = 10
ORDER = (
    "raw_products", "raw_events", "raw_stock", "media", "balance", "products", "events", "stock", "quarantine"
)  # fmt: skip

STYLE = """
:root{--ink:#1c2430;--soft:#5c6675;--line:#e3e7ed;--back:#f6f7f9;--card:#fff;--good:#1a7f4b;
--goodback:#e5f5ec;--warn:#8a5a00;--warnback:#fff3d6;--bad:#b3261e;--badback:#fde8e6}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--line:#2c343f;--back:#12161c;
--card:#1a2029;--good:#6fd39f;--goodback:#15352a;--warn:#f0c060;--warnback:#3a2f12;--bad:#ff9a92;
--badback:#432020}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,"Noto Sans",sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:0}h3{font-size:14px;margin:18px 0 6px}
p{margin:4px 0}.small{font-size:12px}.soft{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;
margin-top:18px}
.head{display:flex;gap:12px;align-items:center;flex-wrap:wrap}.head .soft{margin-left:auto}
.tag{display:inline-block;padding:1px 9px;border-radius:20px;font-size:13px;font-weight:600;
white-space:nowrap}
.ok{color:var(--good);background:var(--goodback)}.warning{color:var(--warn);background:var(--warnback)}
.critical{color:var(--bad);background:var(--badback)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--soft);font-weight:600;font-size:13px}
th,td{padding:6px 10px 6px 0;border-top:1px solid var(--line);vertical-align:top}
tr:first-child th{border-top:0}
td.cell{font-family:ui-monospace,monospace;font-size:13px;overflow-wrap:anywhere;max-width:340px}
details{margin-top:10px}summary{cursor:pointer;color:var(--soft)}
a{color:inherit}nav{margin-top:14px;display:flex;flex-wrap:wrap;gap:8px}
nav a{text-decoration:none}
"""

FOREIGN = re.compile(
    r'<link\b[^>]*\bhref="https?://[^>]*>|<script\b[^>]*\bsrc="https?://[^>]*>\s*</script>|'
    r'<img\b[^>]*\bsrc="https?://[^>]*>', re.IGNORECASE,
)  # fmt: skip
LOCAL_MARK = "/* local */"
DATA_DOCS_STYLE = """
body{margin:0 auto;max-width:1080px;padding:20px;color:#1c2430;font:15px/1.5 system-ui,sans-serif}
table{border-collapse:collapse;margin:8px 0}td,th{border:1px solid #e3e7ed;padding:5px 10px;
vertical-align:top;text-align:left}footer,.ge-footer,.modal,.btn,.nav,.fixed-bottom{display:none}
.breadcrumb{list-style:none;display:flex;gap:8px;padding:0}li{margin:2px 0}
.fas{font-style:normal}.fa-check-circle::before{content:"met";color:#1a7f4b;font-weight:600}
.fa-times::before{content:"not met";color:#b3261e;font-weight:600}
.badge{background:#f6f7f9;border-radius:4px;padding:0 4px;font-family:ui-monospace,monospace}
"""


def publish(report: CheckReport, docs: Path) -> CheckReport:
    """Write `<docs>/reports/<name>.json` and rebuild `<docs>/index.html` over all reports there.

    Returns the report with the page that shows it. Safe when several suites end at once.
    """
    index = docs.resolve() / "index.html"
    docs.mkdir(parents=True, exist_ok=True)
    with FileLock(docs / ".pages.lock"):
        # The page is named relative to its folder: the same checks give the same bytes everywhere.
        write_text(docs / "reports" / f"{report.name}.json", report.with_docs(Path(index.name)).to_json())
        kept = (CheckReport.from_json(p.read_bytes(), p) for p in sorted((docs / "reports").glob("*.json")))
        # What another version left has no place here until its check runs again.
        write_text(index, render_index([one for one in kept if one is not None], docs))
    return report.with_docs(index)


def render_index(reports: list[CheckReport], docs: Path) -> str:
    """One page over all reports, in the order of the chain; it loads nothing from elsewhere."""
    place = {name: i for i, name in enumerate(ORDER)}
    ordered = sorted(reports, key=lambda r: (place.get(r.name, len(ORDER)), r.name))
    failed = sum(not r.passed for r in ordered)
    verdict = f"{failed} of {len(ordered)} suites stop the chain" if failed else "No suite stops the chain"
    links = " ".join(
        f'<a class="tag {_state(r)}" href="#{escape(r.name)}">{escape(_title(r.name))}</a>' for r in ordered
    )
    data_docs = docs / "gx" / "uncommitted" / "data_docs" / "local_site" / "index.html"
    link = ""
    if data_docs.is_file():
        link = (
            f' <a href="{escape(data_docs.relative_to(docs).as_posix())}">Great Expectations Data Docs</a> '
            "hold the suites and the same results, as that tool shows them."
        )
    if (docs / QUARANTINE).is_file():
        link = f' <a href="{QUARANTINE}">Refused rows</a>, one by one.{link}'
    body = "\n".join(_section(r) for r in ordered)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Data checks</title><style>{STYLE}</style></head><body><main>"
        f'<h1>Data checks</h1><p>{verdict}.<span class="soft">{link}</span></p>'
        f"<nav>{links}</nav>\n{body}</main></body></html>\n"
    )


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _state(report: CheckReport) -> str:
    if not report.passed:
        return "critical"
    return "warning" if any(not f.success for f in report.findings) else "ok"


def _section(report: CheckReport) -> str:
    state = _state(report)
    said = {"critical": "stops the chain", "warning": "passed with warnings", "ok": "passed"}[state]
    count = report.statistics
    facts = f"{count['rows']:,} rows, {count['expectations']} expectations"
    failing = report.failed
    holding = [f for f in report.findings if f.success]
    parts = [
        f'<section id="{escape(report.name)}"><div class="head"><h2>{escape(_title(report.name))}</h2>'
        f'<span class="tag {state}">{said}</span><span class="soft">{facts}</span></div>'
    ]
    if failing:
        parts.append("<h3>Not met</h3>" + _findings(failing))
    if len(report.failures):
        parts.append(_failures(report))
    if holding:
        word = "expectation" if len(holding) == 1 else "expectations"
        parts.append(f"<details><summary>{len(holding)} {word} met</summary>{_findings(holding)}</details>")
    if report.data_version:
        parts.append(f'<p class="soft small">data version {escape(report.data_version)}</p>')
    return "".join(parts) + "</section>"


def _findings(findings: Iterable[Finding]) -> str:
    rows = "".join(
        f"<tr><td>{_tag(f)}</td><td>{escape(f.expectation)}"
        f'<div class="soft">{escape(f.reason)}</div></td><td>{escape(f.observed)}</td></tr>'
        for f in findings
    )
    head = "<tr><th></th><th>expectation</th><th>observed</th></tr>"
    return f'<div class="scroll"><table>{head}{rows}</table></div>'


def _tag(finding: Finding) -> str:
    if finding.success:
        return '<span class="tag ok">met</span>'
    return f'<span class="tag {escape(finding.severity)}">{escape(finding.severity)}</span>'


def _failures(report: CheckReport) -> str:
    # A few of each rule, so that a frequent fault does not hide the others.
    shown = report.failures.groupby("expectation", sort=False).head(SHOWN_PER_RULE).head(SHOWN_FAILURES)
    total = max(report.statistics.get("failing_rows", 0), len(report.failures))
    rows = "".join(
        f'<tr><td class="cell">{escape(i) or "(empty)"}</td><td>{escape(c)}</td>'
        f'<td class="cell">{escape(v[:200]) or "(empty)"}</td><td>{escape(e)}</td></tr>'
        for i, c, v, e in shown[["id", "column", "value", "expectation"]].itertuples(index=False, name=None)
    )
    head = "<tr><th>id</th><th>column</th><th>value</th><th>breaks</th></tr>"
    return (
        f"<h3>Failing rows, {len(shown):,} of {total:,}</h3>"
        f'<div class="scroll"><table>{head}{rows}</table></div>'
    )


def localise(site: Path) -> None:
    """Make Data Docs look readable without a network, and ask for nothing from one.

    Links and scripts of other hosts go; a short style of our own takes their place.
    """
    for page in sorted(site.rglob("*.html")):
        html = page.read_text()
        if LOCAL_MARK in html:
            continue
        own = FOREIGN.sub("", html).replace(
            "</head>", f"<style>{LOCAL_MARK}{DATA_DOCS_STYLE}</style></head>", 1
        )
        write_text(page, own)
