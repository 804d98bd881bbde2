"""What made a release, as two lines that a person reads."""

from assets.lib.provenance import made_table


def test_release_and_model_each_say_code_bytes_threads_and_run() -> None:
    code, data = {"commit": "c" * 40, "dirty": True}, {"snapshot_md5": "aa.dir", "splits_md5": "bb"}
    half = {"code": code, "data": data, "threads": {"torch": 2}, "seed": 0, "run_id": "r2"}
    learned = {**half, "code": {"wheel": "ww"}, "data": {"snapshot_md5": "zz.dir"}, "run_id": "r1"}
    release, model = made_table({**half, "learned": learned}).to_dict("records")
    assert release == {
        "what": "the release", "code": f"{'c' * 40} with changes", "snapshot": "aa.dir", "split": "bb",
        "threads": "2", "seed": "0", "run": "r2",
    }  # fmt: skip
    assert (model["what"], model["code"], model["snapshot"], model["split"], model["run"]) == (
        "its model", "ww", "zz.dir", "", "r1",
    )  # fmt: skip


def test_a_release_of_an_earlier_version_has_empty_cells() -> None:
    release, model = made_table({}).to_dict("records")
    assert {*release.values(), *model.values()} == {"the release", "its model", ""}
