from pathlib import Path

import pytest

from releases.champion import champion_paper, check_papers, crown
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_json, write_text
from shelfspace.workspace import Workspace


def test_a_damaged_paper_of_the_champion_is_named(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "shop", "shop")
    check_papers(workspace)  # there is no champion yet
    write_text(tmp_path / "model" / "weights", "1")
    papers = [write_text(tmp_path / name, name) for name in ("metrics.json", "model_card.md")]
    model = crown(workspace, tmp_path / "model", "f", {}, papers)
    check_papers(workspace)
    for name in ("metrics.json", "model_card.md"):
        paper = champion_paper(model, name)
        for damage in (lambda at=paper: at.write_text("other"), paper.unlink):
            damage()
            with pytest.raises(
                ArtifactError, match=rf"{name} is missing or damaged; delete .*champion\.json"
            ):
                check_papers(workspace)
        paper.write_text(name)
    known = workspace.root / "champion.json"
    write_json(known, {k: v for k, v in read_json(known).items() if k != "papers"})  # of an earlier version
    champion_paper(model, "metrics.json").unlink()
    check_papers(workspace)
