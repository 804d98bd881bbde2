"""How to get a file of a workspace back that is damaged: by where it lies, what to delete and to run."""

from pathlib import Path

__all__ = ["way_back"]

MADE_BY = {
    "validation": "validation",
    "prepared": "preprocessing",
    "features": "features",
    "training": "training",
    "tuning": "tune",
    "cross_validation": "cross_validate",
    "evaluation": "evaluation",
    "release": "release",
    "bento": "packaging",
    "monitoring": "monitoring",
}
"""First folder below a workspace to the job that fills it."""

BY_FOLDER = {
    **{
        folder: f"delete {{place}} and run the {job} job: it is made again" for folder, job in MADE_BY.items()
    },
    "champion.json": "delete it and run the evaluation job: the challenger is judged and crowned anew",
    "insights": "delete {place} and run the insights job: what the release packs answers until then",
    "snapshot.dvc": "delete it and run the collection job: DVC is told of the snapshot again",
    # DVC goes by size and time of a file and takes a damaged one for whole: it has to be gone.
    "snapshot": "delete it and put back what DVC keeps: dvc checkout -f {root}/snapshot.dvc; where it keeps "
    "nothing, delete {root}/snapshot and run the collection job",
    "releases": "go back to the release before with the rollback command, delete {place} and run the "
    "release job",
}
"""First name below a workspace to what to do about a file in it."""

OF_STATE = {
    "product_embeddings": "release",
    "modality_vectors": "release",
    "lexical_index": "release",
    "search_index": "release",
    "search_fusion": "release",
    "graph_vectors": "release",
    "bought_together": "insights",
    "market": "insights",
    "bentoml": "packaging",
}
"""The same below `state/`; what is not named here is kept to save time, and made again by what needs it."""


DECISIONS = {
    "bars.json": "no rollback bars anything any more; the ledger of deliveries still holds those it held",
    "pins.json": "no release is pinned any more",
    "waiting.json": "the release that waited waits no more; the next one goes its way",
}
"""What people decided of releases to what is lost with it."""


def way_back(path: Path) -> str:
    """What to do about a file that is missing or damaged, as a clause.

    Args:
        path: of the file; of a file that lies in no workspace nothing particular is known.
    """
    root = next((folder for folder in path.parents if (folder / "state").is_dir()), None)
    first, *rest = ("",) if root is None else path.relative_to(root).parts
    if root is None or (first != "state" and first not in BY_FOLDER):
        return "put back a copy of it, or make it again"
    if first == "state":
        return _of_state(root, rest)
    if path.name in DECISIONS:
        return f"put back a copy of it, or delete it: {DECISIONS[path.name]}"
    place = root / first if len(rest) < 2 else root / first / rest[0]
    return BY_FOLDER[first].format(place=place, root=root)


def _of_state(root: Path, parts: list[str]) -> str:
    place = root / "state" / parts[0]
    if parts[0] == "splits.parquet":
        kept = root / "prepared" / "splits" / "splits.parquet"
        return f"put the copy back that lies at {kept}; without one the split of every product is drawn anew"
    if parts[0] == "champions":
        model = place / parts[1].partition(".")[0] if len(parts) > 1 else place
        both = f"{model} and {root / 'champion.json'}"
        return f"delete {both} and run the evaluation job: a champion is crowned anew"
    if parts[0] in OF_STATE:
        return f"delete {place} and run the {OF_STATE[parts[0]]} job: it is made again"
    return f"delete {place} and run the same again: it is made anew"
