"""`@stage`: an asset that says once what it is, what it reads and where it lies.

From that one saying follow its Dagster spec, the checks that must have passed on what it reads, its
record, 'unchanged' where nothing it depends on has changed, and what is shown of it. The decorated
function does the work alone: it fills an empty folder and returns facts.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from tqdm import tqdm

from assets.lib.checks import require_checks
from assets.lib.presentation import code_reference, column_schema, to_metadata
from assets.lib.record import Facts, Record, build
from assets.lib.refusals import refusals_first
from assets.lib.shop import FOLDERS, Shop

__all__ = ["result", "stage"]

Compute = Callable[[Shop, Path], Facts]


def always(shop: Shop, facts: Facts) -> bool:
    """Of a stage that leaves nothing outside its folder."""
    return True


def nothing(shop: Shop) -> Any:
    """What a stage depends on beside its inputs: nothing."""
    return ()


def stage(
    *,
    folder: str,
    deps: Sequence[str],
    description: str | Mapping[str, str],
    code_version: str,
    group: str,
    owners: Sequence[str],
    kinds: set[str],
    judged: Sequence[str] = (),
    inputs: Sequence[str] | None = None,
    also: Callable[[Shop], Mapping[str, str]] = nothing,
    settings: Callable[[Shop], Sequence[Any]] = nothing,
    shown: Callable[[Shop], Facts] = nothing,
    there: Callable[[Shop, Facts], bool] = always,
    each: Callable[[str, Facts], Facts] | None = None,
    op: str = "",
    side: bool = False,
) -> Callable[[Compute], dg.AssetsDefinition]:
    """Make an asset, or several that one computation writes together, of `compute(shop, folder)`.

    The blocking checks of all inputs and of what is `judged` must have passed on the bytes that lie
    there now. The asset is computed again when a data version of its inputs, the code version or a
    setting differs from those of its record.

    Args:
        folder: where it lies in the workspace.
        deps: assets it follows in the graph.
        description: of the asset; of several, name to description.
        code_version: changes when the computation's meaning does.
        judged: assets that it follows without reading them, or reads a part of (see `also`).
        inputs: assets whose data versions it depends on; default all `deps` that are not `judged`.
        also: further inputs by name: assets, or hashes of what is no asset.
        settings: JSON-able values it depends on.
        shown: facts that depend on the settings of the moment and are not recorded.
        there: whether what it leaves outside its folder, named by the recorded facts, is still there; it
            is made again where somebody took it away.
        each: of several, an asset's name and all recorded facts to the facts of that asset; the
            recorded `versions` hold each one's data version.
        op: name of the step; default the function's. The one of a job is taken.
        side: it runs when it is asked for by name or job; where everything is materialised it is left
            out, and says so.
    """
    read = tuple(name for name in deps if name not in judged) if inputs is None else tuple(inputs)

    def define(compute: Compute) -> dg.AssetsDefinition:
        name = op or compute.__name__
        described = description if isinstance(description, Mapping) else {compute.__name__: description}
        FOLDERS.update(dict.fromkeys((compute.__name__, *described), folder))

        @dg.multi_asset(
            name=name,
            description=compute.__doc__,
            specs=[
                dg.AssetSpec(
                    asset,
                    deps=list(deps),
                    description=said,
                    group_name=group,
                    owners=list(owners),
                    kinds=kinds,
                    code_version=code_version,
                    metadata={**column_schema(asset), **code_reference(compute)},
                    skippable=len(described) > 1 or side,
                )
                for asset, said in described.items()
            ],
        )
        def run(context: dg.AssetExecutionContext, shop: Shop) -> Iterator[dg.MaterializeResult]:
            with refusals_first():
                if side and len(context.run.asset_selection or ()) > len(described):
                    context.log.info(f"left out: {name} runs alone; materialise it by itself or run its job")
                    return
                versions = {**shop.versions(*read), **dict(also(shop))}
                require_checks(context, shop, [*versions, *judged])
                record = build(
                    shop.workspace.root / folder,
                    inputs=versions,
                    code_version=code_version,
                    settings=settings(shop),
                    compute=lambda empty: compute(shop, empty),
                    made_by=shop.made_by,
                    note=shop.note(folder),
                    there=lambda facts: there(shop, facts),
                )
                whole = len(described) == 1
                asked = described if whole else [key.to_user_string() for key in context.selected_asset_keys]
                for asset in sorted(asked):
                    facts = record.facts if each is None else each(asset, record.facts)
                    version = record.facts.get("versions", {}).get(asset, record.data_version)
                    now = {"cause": shop.cause or "asked for", **facts, **dict(shown(shop))}
                    yield result(context, asset, record, now, version)

        return run

    return define


def result(
    context: dg.AssetExecutionContext, asset: str, record: Record, facts: Facts, version: str = ""
) -> dg.MaterializeResult:
    """A materialisation from a record, with its data version and status; said on the console too."""
    of_this_run: Facts = {
        "status": "unchanged, 0 rows" if record.unchanged else "computed",
        "seconds": round(record.seconds, 2),
        "folder": {"path": str(record.folder)},
    }
    metadata = to_metadata({**facts, **of_this_run}, record.folder, context.instance)
    if asset == "quarantine":
        # The UI shows a run's tags above its steps.
        context.instance.add_run_tags(context.run.run_id, {"shelfspace/refused": facts["refused"]})
    if asset == "challenger":
        # A cool-down counts from a run that has trained.
        trained = "no" if record.unchanged else "yes"
        context.instance.add_run_tags(context.run.run_id, {"shelfspace/trained": trained})
    tqdm.write(f"  {asset:<22} {line(record, facts)}", file=sys.stderr)
    for said in facts.get("warnings", {"json": []})["json"]:
        tqdm.write(f"  warning: {said}", file=sys.stderr)
    return dg.MaterializeResult(
        asset_key=asset, metadata=metadata, data_version=dg.DataVersion(version or record.data_version)
    )


def line(record: Record, facts: Facts) -> str:
    """What a person reads of a stage while the chain runs."""
    if record.unchanged:
        return "unchanged, 0 rows"
    rows, done = facts.get("dagster/row_count"), f"done in {record.seconds:.1f} s"
    if "skipped" in facts:
        return f"skipped: {facts['skipped']}"
    if "kept" in facts:
        return f"{done}  (kept: {facts['kept']})"
    if "added" in facts:
        return f"{done}  ({', '.join(f'{facts[n]:,} {n}' for n in ('added', 'changed', 'removed'))})"
    if "reused_rows" in facts:
        return f"{done}  ({facts['computed_rows']:,} computed, {facts['reused_rows']:,} reused)"
    return f"{done}  ({rows:,} rows)" if isinstance(rows, int) else done
