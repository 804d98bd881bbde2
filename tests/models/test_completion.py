"""Every completion with every fusion: whatever is missing, and whoever stands beside."""

from itertools import product

import numpy as np
import pytest
import torch

from models.completion import COMPLETION
from models.completion.nearest import BANK, NearestCompletion
from models.fusion import FUSION
from models.network import ProductNetwork, batch_values, describe_features
from tests.models.learning import MODALITIES, features_table, quick_settings

M, W, DIM = 4, 32, 24
SUBSETS = [tuple(bool(b) for b in bits) for bits in product((0, 1), repeat=M) if any(bits)]
PAIRS = list(product(COMPLETION, FUSION))


def build(completion: str, fusion: str = "attention") -> ProductNetwork:
    """A network whose completion has seen training vectors."""
    features, _, _ = features_table(6)
    model = quick_settings(model={"width": W, "dim": DIM, "completion": completion, "fusion": fusion}).model
    torch.manual_seed(0)
    network = ProductNetwork(model, describe_features(features, 60, 3)).eval()
    generator = torch.Generator().manual_seed(1)
    network.completion.fit(
        torch.randn(40, M, W, generator=generator), torch.rand(40, M, generator=generator) > 0.3
    )
    return network


def test_the_contract_names_are_registered():
    assert set(COMPLETION) == {"none", "token", "mean", "nearest", "adversarial"}


@pytest.mark.parametrize(("completion", "fusion"), PAIRS)
def test_what_stands_in_an_absent_place_changes_nothing(completion, fusion):
    network = build(completion, fusion)
    torch.manual_seed(2)
    for subset in [*SUBSETS, (False,) * M]:
        present = torch.tensor([subset] * 3)
        vectors = torch.randn(3, M, W)
        expected = network.fuse(torch.where(present[..., None], vectors, 0.0), present)
        assert torch.isfinite(expected).all()
        for garbage in (1e30, -7.0, float("nan"), float("inf")):
            filled = torch.where(present[..., None], vectors, garbage)
            assert torch.equal(network.fuse(filled, present), expected)


@pytest.mark.parametrize(("completion", "fusion"), PAIRS)
def test_a_row_alone_equals_the_row_in_a_batch(completion, fusion):
    network = build(completion, fusion)
    torch.manual_seed(3)
    present = torch.tensor(SUBSETS * 6)
    vectors = torch.randn(len(present), M, W)
    together = network.fuse(vectors, present)
    alone = torch.cat([network.fuse(vectors[i : i + 1], present[i : i + 1]) for i in range(len(present))])
    assert torch.allclose(together, alone, atol=1e-5)
    assert torch.equal(network.fuse(vectors, present), together), "no noise outside training"


@pytest.mark.parametrize(("completion", "fusion"), PAIRS)
def test_gradients_are_finite_and_only_the_present_get_them(completion, fusion):
    network = build(completion, fusion).train()
    torch.manual_seed(4)
    for subset in SUBSETS:
        present = torch.tensor([subset] * 3)
        vectors = torch.where(present[..., None], torch.randn(3, M, W), float("nan")).requires_grad_()
        network.zero_grad()
        (network.fuse(vectors, present) * torch.randn(3, DIM)).sum().backward()
        parts = [*network.fusion.parameters(), *network.completion.parameters()]
        assert all(torch.isfinite(p.grad).all() for p in parts if p.grad is not None)
        assert vectors.grad is not None
        assert (vectors.grad.abs().sum(dim=(0, 2)) > 0).tolist() == list(subset)


def test_every_weight_of_the_generator_learns():
    network = build("adversarial").train()
    network.fuse(torch.randn(4, M, W), torch.tensor([SUBSETS[0]] * 4)).sum().backward()
    still = [k for k, p in network.completion.named_parameters() if not p.grad.abs().sum() > 0]
    assert still == []


@pytest.mark.parametrize("completion", [c for c in COMPLETION if c not in {"none", "token"}])
def test_what_is_there_is_kept_and_what_is_missing_is_filled(completion):
    network = build(completion)
    vectors = torch.randn(5, M, W)
    present = torch.tensor([(True, False, True, False)] * 5)
    filled, seen = network.completion(vectors, present)
    assert seen.all()
    assert torch.equal(filled[present], vectors[present])
    assert (filled[~present].abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("completion", list(COMPLETION))
def test_save_and_load_fill_the_same(completion):
    network, fresh = build(completion), build(completion)
    with torch.no_grad():
        for buffer in fresh.completion.buffers():
            buffer.zero_()
    fresh.load_state_dict(network.state_dict())
    vectors, present = torch.randn(4, M, W), torch.tensor(SUBSETS[:4])
    assert torch.equal(network.fuse(vectors, present), fresh.fuse(vectors, present))


def test_the_mean_is_of_the_rows_that_have_it():
    network = build("mean")
    vectors = torch.stack(
        [torch.full((M, W), 1.0), torch.full((M, W), 3.0), torch.full((M, W), float("nan"))]
    )
    present = torch.tensor([[True] * M, [True, True, False, False], [False] * M])
    network.completion.fit(vectors, present)
    assert network.completion.means[:, 0].tolist() == [2, 2, 1, 1]


def test_the_nearest_row_gives_its_own_vectors():
    completion = NearestCompletion(2, 8).eval()
    bank = torch.eye(8)[:4].repeat_interleave(2, dim=0).view(4, 2, 8).clone()
    bank[:, 1] *= torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None]
    completion.fit(bank, torch.ones(4, 2, dtype=torch.bool))
    query = torch.zeros(1, 2, 8)
    query[0, 0, 2] = 5.0  # as long as it likes: direction decides
    filled, _ = completion(query, torch.tensor([[True, False]]))
    assert torch.allclose(filled[0, 1], bank[2, 1], atol=1e-4)
    # While training the best match may be the row itself, and is passed over.
    taught, _ = completion.train()(query, torch.tensor([[True, False]]))
    assert not torch.allclose(taught[0, 1], bank[2, 1], atol=1.0)


def test_a_bank_row_without_the_modality_gives_none_and_the_bank_is_bounded():
    completion = NearestCompletion(2, 4).eval()
    vectors, present = torch.randn(BANK + 9, 2, 4), torch.ones(BANK + 9, 2, dtype=torch.bool)
    present[:, 1] = torch.arange(BANK + 9) == 3
    completion.fit(vectors, present)
    assert len(completion.bank) == BANK
    filled, _ = completion(torch.randn(2, 2, 4), torch.tensor([[True, False]] * 2))
    assert torch.allclose(filled[:, 1], vectors[3, 1].expand(2, -1))
    completion.fit(vectors[:5], present[:5] & torch.tensor([True, False]))
    filled, _ = completion(torch.randn(2, 2, 4), torch.tensor([[True, False]] * 2))
    assert (filled[:, 1] == 0).all()


@pytest.mark.parametrize("completion", list(COMPLETION))
def test_the_whole_network_stands_garbage_in_absent_rows(completion):
    features, _, _ = features_table(8, missing=0.4)
    model = quick_settings(model={"completion": completion}).model
    network = ProductNetwork(model, describe_features(features, 60, 3))
    network.prepare(features, np.arange(8))
    values, present = batch_values(features, MODALITIES, np.arange(8), torch.device("cpu"))
    network.eval()
    with torch.inference_mode():
        clean = network(values, present).embedding
        for m, name in enumerate(MODALITIES):
            for array in values[name].values():
                array[~present[:, m]] = 59
        assert torch.equal(network(values, present).embedding, clean)
