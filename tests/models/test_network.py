"""The whole network over every subset of modalities, every fusion and every encoder."""

from itertools import combinations

import numpy as np
import pytest
import torch

from models.encoders import ENCODERS
from models.fusion import FUSION
from models.network import ProductNetwork, batch_values, describe_features
from tests.models.examples import FEATURIZER, example_name, needs_frozen
from tests.models.learning import MODALITIES, absurd, features_table, quick_settings

SUBSETS = [s for size in range(1, 5) for s in combinations(MODALITIES, size)]
CPU = torch.device("cpu")


def build(modalities=MODALITIES, rows=6, frozen=False, photos=1, missing=0.3, **model):
    features, _, _ = features_table(rows, modalities, missing=missing, frozen=frozen, photos=photos)
    settings = quick_settings(model={"modalities": list(modalities), **model})
    torch.manual_seed(0)
    network = ProductNetwork(settings.model, describe_features(features, 60, 3))
    network.begin(settings.training, FEATURIZER)
    network.prepare(features, np.arange(rows))
    values, present = batch_values(features, network.modalities, np.arange(rows), CPU)
    return network, values, present


def poison(values, present, modalities):
    """The same batch with absurd numbers wherever a modality is absent."""
    poisoned = {}
    for m, name in enumerate(modalities):
        poisoned[name] = {}
        for key, array in values[name].items():
            changed = array.clone()
            changed[~present[:, m]] = absurd(array.numpy().dtype)
            poisoned[name][key] = changed
    return poisoned


@pytest.mark.parametrize("fusion", list(FUSION))
@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_any_subset_through_any_fusion(fusion, subset):
    """Finite unit vectors, untouched by garbage in absent rows; finite gradients."""
    network, values, present = build(fusion=fusion)
    present = torch.zeros_like(present)
    for name in subset:
        present[:, MODALITIES.index(name)] = True
    # One row lacks all but one modality, so that a batch is never uniform.
    present[0] = False
    present[0, MODALITIES.index(subset[0])] = True
    network.eval()
    with torch.inference_mode():
        clean = network(values, present)
        dirty = network(poison(values, present, MODALITIES), present)
    assert torch.allclose(clean.embedding.norm(dim=1), torch.ones(6), atol=1e-5)
    assert torch.equal(clean.embedding, dirty.embedding)
    assert torch.equal(clean.logits, dirty.logits)
    network.train()
    output = network(poison(values, present, MODALITIES), present)
    (output.logits.square().sum() + output.price.square().sum()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize(("modality", "name"), [(m, n) for m in MODALITIES for n in ENCODERS[m]])
def test_any_subset_through_any_encoder(modality, name):
    """Every encoder beside all others, and alone: garbage in absent rows changes nothing."""
    example = {modality: example_name(modality, name)}
    frozen = modality != "text" or needs_frozen(modality, name)
    network, values, everything = build(frozen=frozen, photos=3, missing=0.0, **example)
    network.eval()
    own = everything & (torch.arange(4) == MODALITIES.index(modality))
    mixed = own | (torch.rand(everything.shape) < 0.5)
    mixed[:2] = ~own[:2]
    for shown in (mixed, own):
        with torch.inference_mode():
            clean = network(values, shown)
            dirty = network(poison(values, shown, MODALITIES), shown)
        assert torch.allclose(clean.embedding.norm(dim=1), torch.ones(6), atol=1e-5)
        assert torch.equal(clean.embedding, dirty.embedding)


@pytest.mark.parametrize("modality", MODALITIES)
def test_every_encoder_stands_alone_as_a_network(modality):
    for name in ENCODERS[modality]:
        example = {modality: example_name(modality, name)}
        network, values, present = build((modality,), frozen=needs_frozen(modality, name), **example)
        output = network(values, present)
        assert output.embedding.shape == (6, 24)
        assert output.logits.shape == (6, 3)


@pytest.mark.parametrize("fusion", list(FUSION))
def test_singles_are_the_fusion_of_one_modality(fusion):
    network, values, present = build(fusion=fusion)
    network.eval()
    with torch.inference_mode():
        vectors = network.encode(values, present)
        singles = network.singles(vectors, present)
        for m in range(len(MODALITIES)):
            alone = torch.zeros_like(present)
            alone[:, m] = present[:, m]
            rows = alone[:, m]
            assert torch.allclose(singles[rows, m], network.fuse(vectors, alone)[rows], atol=1e-6)
            assert (singles[~rows, m] == 0).all()


def test_no_classes_means_no_scores():
    features, _, _ = features_table(5)
    network = ProductNetwork(quick_settings().model, describe_features(features, 60, 0))
    values, present = batch_values(features, network.modalities, np.arange(5), CPU)
    output = network(values, present)
    assert output.logits.shape == (5, 0)
    assert output.embedding.shape == (5, 24)


def test_a_modality_the_table_lacks_is_absent():
    features, _, _ = features_table(5, ("text",), missing=0.0)
    values, present = batch_values(features, MODALITIES, np.arange(5), CPU)
    assert present.tolist() == [[True, False, False, False]] * 5
    network, _, _ = build()
    assert torch.isfinite(network(values, present).embedding).all()
