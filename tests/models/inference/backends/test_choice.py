"""The quicker way that agrees is taken; one that lies, fails or is slow is refused, and why is said."""

import time
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pytest

from models.inference.backends import choice as choosing
from models.inference.backends import trials
from models.inference.backends.agreement import Judge
from models.inference.backends.backends import EAGER, QUICK, WAYS, Call, Unavailable
from models.inference.backends.choice import choose
from models.inference.backends.parts import HEAD, Part, network_parts, part_arrays
from models.inference.backends.runner import Runner
from models.inference.product_encoder import ProductEncoder
from tests.models.inference.backends.test_backends import CANNOT, build
from tests.models.learning import CLASSES, MODALITIES, features_table

TEXTS = ("word2vec", "glove", "lstm", "transformer", "tfidf", "minilm")
Wrong = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


def encoder_of(text: str = "lstm", **model: str) -> ProductEncoder:
    from tests.models.learning import quick_settings

    network, features = build(frozen=True, text=text, **model)
    settings = quick_settings(model={"text": text, **model})
    from models.network import describe_features

    spec = describe_features(features, 60, 3)
    return ProductEncoder(settings.model, spec, network, CLASSES, temperature=1.3, log_price=(3.0, 0.7))


@pytest.fixture(scope="module")
def encoder() -> ProductEncoder:
    return encoder_of()


@pytest.fixture(scope="module")
def features():
    return features_table(12, MODALITIES, missing=0.4, frozen=True)[0]


def same(found, base, tolerance: float = 2e-5) -> None:
    assert np.abs(found.vectors - base.vectors).max() < tolerance
    assert np.abs(found.probabilities - base.probabilities).max() < tolerance
    assert np.abs(np.log(found.prices) - np.log(base.prices)).max() < tolerance


@pytest.mark.parametrize("text", TEXTS)
def test_every_mixture_of_modalities_through_every_text_encoder(text: str, features) -> None:
    encoder = encoder_of(text)
    parts = network_parts(encoder.network, features.modalities)
    for way in ("traced", "onnx"):
        calls: dict[str, Call] = {}
        for name, part in parts.items():
            if name == HEAD:
                inputs = [np.zeros((3, 4, 32), np.float32), np.ones((3, 4), dtype=bool)]
            else:
                inputs = part_arrays(features.modalities[name], slice(0, 3))
            kinds = {"text": text, "image": "cnn"}
            possible = (way, name, kinds.get(name, "")) not in CANNOT
            calls[name] = WAYS[way if possible else EAGER](part, inputs, 1)
        run = Runner(encoder.network.modalities, encoder.network.width, calls)
        for size in range(1, 5):
            for only in combinations(MODALITIES, size):
                there = np.any([features.modalities[name].present for name in only], axis=0)
                seen = features.take(np.flatnonzero(there))
                for batch in (5, 256):
                    encoder.run_by(None)
                    base = encoder.encode_features(seen, only, batch)
                    encoder.run_by(run)
                    same(encoder.encode_features(seen, only, batch), base)


def test_what_cannot_be_encoded_is_refused_alike(encoder: ProductEncoder, features) -> None:
    from shelfspace.errors import InputError

    calls = {
        name: WAYS[EAGER](part, [], 1)
        for name, part in network_parts(encoder.network, features.modalities).items()
    }
    run = Runner(encoder.network.modalities, encoder.network.width, calls)
    silent = features.take(np.flatnonzero(~features.modalities["audio"].present))
    for only in (["audio"], ["smell"]):
        with pytest.raises(InputError) as eager:
            encoder.encode_features(silent, only)
        with pytest.raises(InputError) as other:
            list(run(silent, only, 8))
        assert str(other.value) == str(eager.value)
    assert list(run(features.take([]), None, 8)) == []


def way_of(
    wrong: Wrong | None = None, slower: float = 0.0
) -> Callable[[Part, Sequence[np.ndarray], int], Call]:
    """Eager without eager's time: a clock that is told how long a call takes."""

    def prepare(part: Part, examples: Sequence[np.ndarray], threads: int) -> Call:
        call = WAYS[EAGER](part, examples, threads)

        def run(inputs: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
            time.sleep(slower)
            outputs = call(inputs)
            return outputs if wrong is None else wrong(outputs)

        return run

    return prepare


@pytest.fixture
def only_way(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let auto try the given ways, and eager take a fiftieth of a second more than it does."""

    def set_ways(**ways: object) -> None:
        slowed = way_of(slower=0.02)
        every = {EAGER: WAYS[EAGER], **ways}
        monkeypatch.setattr(choosing, "QUICK", ways)
        monkeypatch.setattr(trials, "WAYS", every)
        build_bench = trials.Bench.__init__

        def init(self, network, features, threads, judge) -> None:
            build_bench(self, network, features, threads, judge)
            self.eager = {name: slowed(part, [], 1) for name, part in self.parts.items()}

        monkeypatch.setattr(trials.Bench, "__init__", init)

    return set_ways


def reasons(made) -> dict[tuple[str, str], str]:
    return {(trial.part, trial.way): trial.reason for trial in made.trials}


def test_the_quicker_of_two_that_agree_is_taken(encoder, features, only_way) -> None:
    only_way(quick=way_of(), middling=way_of(slower=0.01))
    made = choose(encoder, features.only(["text"]), threads=2, seconds=60)
    assert made.ways == {**dict.fromkeys(MODALITIES, EAGER), "text": "quick", "head": "quick"}
    assert made.run is not None
    assert made.agreement is not None
    assert made.agreement.cosine > 0.99999
    assert made.text_microseconds is not None
    assert all(trial.call is None for trial in made.trials), "what is not used is not kept"


def turned(outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The first output far off."""
    return [np.ascontiguousarray(outputs[0][:, ::-1]), *outputs[1:]]


def unsure(outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [outputs[0], outputs[1] * 0.7, outputs[2]] if len(outputs) == 3 else list(outputs)


def dearer(outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [outputs[0], outputs[1], outputs[2] + 0.1] if len(outputs) == 3 else list(outputs)


def nothing(outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [np.full_like(output, np.nan) for output in outputs]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(turned, "cosine"), (unsure, "probability"), (dearer, "price"), (nothing, "cosine nan")],
)
def test_a_way_that_lies_is_refused_however_quick(
    wrong: Wrong, said: str, encoder, features, only_way
) -> None:
    only_way(liar=way_of(wrong))
    made = choose(encoder, features.only(["text"]), threads=2, seconds=60)
    assert made.ways[HEAD] == EAGER
    assert said in reasons(made)[HEAD, "liar"]


def test_ways_that_fail_are_slow_or_are_not_here_are_said_and_left(encoder, features, only_way) -> None:
    def broken(part: Part, examples: object, threads: int) -> Call:
        raise RuntimeError("no such operator\nand a long trace")

    def absent(part: Part, examples: object, threads: int) -> Call:
        raise Unavailable("not installed")

    only_way(broken=broken, absent=absent, slow=way_of(slower=0.05))
    made = choose(encoder, features.only(["text"]), threads=2, seconds=60)
    assert made.run is None
    assert set(made.ways.values()) == {EAGER}
    found = reasons(made)
    assert found["text", "broken"] == "RuntimeError: no such operator"
    assert found["text", "absent"] == "not installed"
    assert "times eager's speed on 1 row, under 1.1" in found["text", "slow"]


def test_time_runs_out(encoder, features, only_way) -> None:
    only_way(quick=way_of())
    made = choose(encoder, features, threads=2, seconds=0)
    assert made.run is None
    assert {trial.reason for trial in made.trials} == {"not tried: the 0 seconds were used up"}


def test_parts_that_lie_only_together_leave_all_eager(encoder, features, only_way, monkeypatch) -> None:
    features = features.only(["text"])
    only_way(quick=way_of())
    whole = choosing.whole_agreement

    def disagree(*arguments):
        found = whole(*arguments)
        return type(found)(found.rows, 0.9, found.probability, found.price, found.labels)

    monkeypatch.setattr(choosing, "whole_agreement", disagree)
    made = choose(encoder, features, threads=2, seconds=60)
    assert made.run is None
    assert set(made.ways.values()) == {EAGER}
    assert "0.900000" in made.problem
    assert made.problem in made.sentence


def test_one_way_by_name_need_not_be_quicker(encoder, features, only_way) -> None:
    only_way(bfloat16=way_of(slower=0.05))
    made = choose(encoder, features.only(["text"]), "bfloat16", threads=2, seconds=60)
    assert made.ways == {**dict.fromkeys(MODALITIES, EAGER), "text": "bfloat16", "head": "bfloat16"}


def test_what_no_product_has_stays_eager_and_nothing_is_measured_for_eager(encoder) -> None:
    texts = features_table(6, ("text",), missing=0.0, frozen=True)[0]
    made = choose(encoder, texts, seconds=60)
    assert set(made.unmeasured) == {"image", "audio", "tabular"}
    assert all(made.ways[name] == EAGER for name in made.unmeasured)
    assert choose(encoder, texts, EAGER).trials == ()
    assert choose(encoder, texts.take([])).run is None


def test_the_real_ways_on_a_real_network(encoder, features) -> None:
    made = choose(encoder, features, seconds=60)
    assert {trial.way for trial in made.trials} == set(QUICK)
    assert made.agreement is not None
    assert made.agreement.objection == ""
    encoder.run_by(made.run)
    found = encoder.encode_features(features)
    encoder.run_by(None)
    same(found, encoder.encode_features(features), 0.05)
    said = made.describe()
    assert said["ways"] == made.ways
    assert len(said["trials"]) == len(made.trials)


def test_another_first_label_is_counted() -> None:
    vectors = np.eye(2, 4, dtype=np.float32)
    scores = np.array([[0.0, 0.001], [1.0, 0.0]], dtype=np.float32)
    found = Judge(1.0, 1.0)(
        [vectors, scores[:, ::-1] * [[1, 1], [-1, -1]], np.zeros(2)], [vectors, scores, np.zeros(2)]
    )
    assert found.labels == 1
    assert (
        "another first label"
        in Judge(1.0, 1.0)(
            [vectors, np.array([[0.001, 0.0], [1.0, 0.0]]), np.zeros(2)], [vectors, scores, np.zeros(2)]
        ).objection
    )
