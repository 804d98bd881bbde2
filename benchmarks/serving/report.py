"""The measured service as tables and pictures for docs/serving.md."""

from pathlib import Path
from typing import Any

__all__ = ["page", "plot"]


def page(result: dict[str, Any]) -> str:
    """The measured part of the page, from what serving.json holds."""
    parts = [
        table(
            "Against the same application on bare uvicorn",
            ("route", "query cache", "connections", "requests/s", "bare", "share", "p50 ms", "p99 ms"),
            [
                (
                    row["route"], "on" if row.get("query_cache") else "off", row["concurrency"],
                    row["bento"]["per_second"], row["bare"]["per_second"], row["share"],
                    row["bento"]["p50_ms"], row["bento"]["p99_ms"],
                )
                for row in result.get("throughput", [])
            ],
        ),
        table(
            "The search call against bare faiss on the same index",
            ("vectors", "queries", "index", "recall@10", "faiss us", "search us", "share", "with changes"),
            [
                (
                    row["rows"], row["batch"], row["index"], row["recall_at_10"],
                    row["faiss"]["microseconds"], row["service"]["microseconds"],
                    row["service"]["of_base"], row["changed"]["of_base"],
                )
                for row in result.get("index", [])
            ],
        ),
        table(
            "PostgreSQL against bare faiss over the same vectors",
            ("vectors", "queries", "recall@10", "faiss us", "rows us", "share", "client us", "server us"),
            [
                (
                    row["rows"], row["batch"], row["recall_at_10"], row["faiss"]["microseconds"],
                    row["postgresql"]["microseconds"], row["postgresql"]["of_base"],
                    row["processor_microseconds"]["rows"]["client"],
                    row["processor_microseconds"]["rows"]["server"],
                )
                for row in result.get("postgresql", [])
            ],
        ),
        table(
            "What the rules of ranking cost, one request at a time",
            ("route", "products", "rule", "beside", "requests/s", "plain", "share", "p50 ms", "plain p50 ms"),
            [
                (
                    row["route"], row["products"], row["rule"], row["beside"], row["ruled"]["per_second"],
                    row["plain"]["per_second"], row["share"], row["ruled"]["p50_ms"], row["plain"]["p50_ms"],
                )
                for row in result.get("rules", [])
            ],
        ),
        shadow(result.get("shadow")),
        stages(result.get("stages")),
        counting(result.get("counting")),
        mixed(result.get("mixed")),
        *shoppers(result.get("shoppers"), result.get("measured", {}).get("shoppers", {})),
        limits(result.get("overload"), result.get("end")),
        table(
            "Ways to run the encoder",
            ("part", "way", "us, 1 row", "16 rows", "times eager", "least cosine", "chosen", "why not"),
            [
                (
                    row["part"], row["way"], *(row.get("microseconds", {}).get(n, "") for n in ("1", "16")),
                    *(row.get(name, "") for name in ("times_eager", "least_cosine")),
                    "yes" if row["chosen"] else "", row["reason"].replace("|", "/"),
                )
                for row in result.get("encoders", [])
            ],
        ),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def table(title: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table under a title; "" without rows."""
    if not rows:
        return ""
    lines = [f"### {title}", "", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def shadow(found: dict[str, Any] | None) -> str:
    """What a release on the side costs."""
    if not found:
        return ""
    names = ("per_second", "processor_ms", "p50_ms", "p50_times", "p99_ms", "p99_times")
    shares = {"off": "off", "tenth": "0.1", "all": "1.0"}
    rows = [
        (row["route"], row["concurrency"], shares[row["side"]], *(row[name] for name in names))
        for row in found["rows"]
    ]
    times = ("p50 ms", "times off", "p99 ms", "times off")
    columns = ("route", "connections", "share", "requests/s", "processor ms", *times)
    sides = "; ".join(
        f"share {shares[name]}: {counts['answered']} of {counts['sampled']} sampled were answered, "
        f"{counts['dropped']} dropped, {counts['failed']} failed; "
        f"service {found['memory'][name]['service_mb']} MB, side {found['memory'][name]['side_mb']} MB"
        for name, counts in found["counts"].items()
    )
    noting = ", ".join(f"{name} {spent} us" for name, spent in found["noting_us"].items())
    alone = found["memory"]["off"]["service_mb"]
    said = f"Of {found['products']} products. {sides}; without a side {alone} MB."
    said += f" Processor time of an answer that is noted or not: {noting}."
    return table("A release that answers on the side", columns, rows) + f"\n\n{said}"


def stages(found: dict[str, Any] | None) -> str:
    """Where one text query spends its time."""
    if not found:
        return ""
    rows = [*found["microseconds"].items(), ("whole request", found["service"])]
    strict = found.get("outside_share_but_vectors", found["outside_share"])
    said = (
        f"One text query at a time over {found['products']} products, from the server's own /metrics "
        f"({found['requests']} requests): {strict:.0%} of the time is spent outside encoder "
        "(featurize, encode) and vector index (search)"
    )
    if "words" in found["microseconds"]:
        said += f", {found['outside_share']:.0%} where the index of words (words) counts as an index too."
    else:  # measured before the two were told apart
        said += "; rank holds the words' index and the fusion."
    return table("Where a query's time goes", ("stage", "mean us"), rows) + f"\n\n{said}"


def counting(found: dict[str, Any] | None) -> str:
    """What metrics and logs cost."""
    if not found or "logs" not in found:
        return ""
    said = (
        f"{found['route']}, the quickest route, on bare uvicorn: with metrics it reaches "
        f"{found['metrics']:.0%} of the rate without, with request and access log {found['logs']:.0%}."
    )
    return f"### Metrics and logs\n\n{said}"


def mixed(found: dict[str, Any] | None) -> str:
    """The hour of traffic."""
    if not found:
        return ""
    rows = [(kind, r["requests"], r["p50_ms"], r["p99_ms"]) for kind, r in found["kinds"].items()]
    memory = found["memory"]
    said = (
        f"{found['requests']} requests (an hour at five a second) in {found['seconds']} s, "
        f"{found['per_second']} a second over 16 connections: {found['wrong']} wrong answers of "
        f"{found['checked']} checked, {found['broken']} broken connections; of {found['after']['checked']} "
        f"questions asked once more afterwards {found['after']['wrong']} are answered otherwise than by the "
        f"same code over the same changes. Memory {memory['early_mb']} MB "
        f"in the second fifth and {memory['late_mb']} MB in the last tenth of the time, at most "
        f"{memory['highest_mb']} MB."
    )
    return table("An hour of mixed traffic", ("kind", "requests", "p50 ms", "p99 ms"), rows) + f"\n\n{said}"


def shoppers(found: dict[str, Any] | None, when: dict[str, Any]) -> list[str]:
    """Recommendations, and searches beside events."""
    if not found:
        return []
    names = ("per_second", "p50_ms", "p99_ms")
    rows = [
        (basis, row["connections"], *(row[name] for name in names))
        for basis, own in found["recommend"].items()
        for row in own
    ]
    beside = [
        (name, *(row[column] for column in names), row["batches"], row.get("batch_p50_ms", ""))
        for name, row in found["search_beside"].items()
    ]
    said = (
        f"Of {found['products']} products and {found['events']} events, 12 hits each with its reason; "
        f"load of the machine before: {when.get('load_before', 'unknown')}."
    )
    columns = ("beside", "searches/s", "p50 ms", "p99 ms", "batches", "batch p50 ms")
    return [
        table(
            "/recommend, by what it is asked from",
            ("basis", "connections", "requests/s", "p50 ms", "p99 ms"),
            rows,
        )
        + f"\n\n{said}",
        table("/search over four connections, beside batches of 500 events", columns, beside),
    ]


def limits(over: dict[str, Any] | None, end: dict[str, Any] | None) -> str:
    """Overload and the end."""
    lines = []
    if over:
        lines.append(
            f"- **Overload**, {over['connections']} connections: {over['statuses']}; of {over['refused']} "
            f"refusals {over['with_retry_after']} said when to retry; {over['broken']} broken connections; "
            f"memory {over['memory_before_mb']} MB before and {over['memory_after_mb']} MB after; "
            f"answers afterwards: {'yes' if over['answers_after'] else 'no'}."
        )
    if end:
        lines.append(
            f"- **SIGTERM under load**: {end['answered']} answers received whole, {end['logged']} in the "
            f"service's log, {end['lost']} lost; exit status {end['exit']}."
        )
    return "\n".join(["### Limits", "", *lines]) if lines else ""


def plot(result: dict[str, Any], target: Path) -> None:
    """Requests a second by connections, stages of a query, and memory over the hour."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (rates, spent, memory) = pyplot.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
    rows = result.get("throughput", [])
    for number, route in enumerate(dict.fromkeys(row["route"] for row in rows)):
        own = [row for row in rows if row["route"] == route]
        wide = [str(row["concurrency"]) for row in own]
        rates.plot(wide, [r["bento"]["per_second"] for r in own], "o-", color=f"C{number}", label=route)
        rates.plot(wide, [r["bare"]["per_second"] for r in own], "o:", color=f"C{number}", alpha=0.6)
    rates.set(title="Requests a second (dotted: bare uvicorn)", xlabel="connections", ylim=(0, None))
    if rows:
        rates.legend(fontsize=8)
    stages_found = result.get("stages", {}).get("microseconds", {})
    spent.barh(list(stages_found)[::-1], list(stages_found.values())[::-1])
    spent.set(title="A text query's time", xlabel="microseconds")
    samples = result.get("mixed", {}).get("memory", {}).get("samples", [])
    memory.plot([second for second, _ in samples], [size for _, size in samples])
    memory.set(title="Memory under mixed traffic", xlabel="seconds", ylabel="MB", ylim=(0, None))
    figure.savefig(target, dpi=110)
    pyplot.close(figure)
