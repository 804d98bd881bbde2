"""Every registered fusion under every non-empty subset of modalities."""

from itertools import product

import pytest
import torch

from models.fusion import FUSION
from models.training.losses import alignment_loss, class_weights, hide_modalities, label_loss, price_loss

M, W, DIM = 4, 32, 24
SUBSETS = [tuple(bool(b) for b in bits) for bits in product((0, 1), repeat=M) if any(bits)]
GARBAGE = [0.0, 1e30, -7.0, float("nan"), float("inf")]


def build(name: str):
    torch.manual_seed(1)
    return FUSION[name](M, W, DIM, 0.1).eval()


def test_the_contract_names_are_registered():
    assert {"concat", "weighted", "attention", "hybrid"} <= set(FUSION)


def test_weights_of_a_fusion_are_shares_of_the_present():
    fusion = build("weighted")
    present = torch.tensor(SUBSETS)
    vectors = torch.where(present[..., None], torch.randn(len(SUBSETS), M, W), float("nan"))
    weights = fusion.weights(vectors, present)
    assert torch.allclose(weights.sum(dim=1), torch.ones(len(SUBSETS)))
    assert (weights[~present] == 0).all()
    # A present modality of weight near zero hardly moves the vector: the weight is what it says.
    with torch.no_grad():
        fusion.preference[0] -= 20
    vectors, every = torch.randn(3, M, W), torch.ones(3, M, dtype=torch.bool)
    changed = vectors.clone()
    changed[:, 0] += 1
    assert fusion.weights(vectors, every)[:, 0].max() < 1e-6
    assert torch.allclose(fusion(vectors, every), fusion(changed, every), atol=1e-5)
    assert build("attention").weights(vectors, every) is None


@pytest.mark.parametrize("name", list(FUSION))
@pytest.mark.parametrize("subset", SUBSETS)
def test_what_stands_in_an_absent_place_changes_nothing(name, subset):
    fusion = build(name)
    present = torch.tensor([subset] * 3)
    vectors = torch.randn(3, M, W)
    expected = fusion(torch.where(present[..., None], vectors, 0.0), present)
    assert torch.isfinite(expected).all()
    for garbage in GARBAGE:
        filled = torch.where(present[..., None], vectors, garbage)
        assert torch.equal(fusion(filled, present), expected)


@pytest.mark.parametrize("name", list(FUSION))
@pytest.mark.parametrize("subset", SUBSETS)
def test_gradients_are_finite_and_only_the_present_get_them(name, subset):
    fusion = build(name).train()
    present = torch.tensor([subset] * 3)
    vectors = torch.where(present[..., None], torch.randn(3, M, W), float("nan")).requires_grad_()
    (fusion(vectors, present) * torch.randn(3, DIM)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in fusion.parameters() if p.grad is not None)
    assert vectors.grad is not None
    reached = vectors.grad.abs().sum(dim=(0, 2)) > 0
    assert reached.tolist() == list(subset)


@pytest.mark.parametrize("name", list(FUSION))
def test_each_present_modality_counts_and_rows_do_not_mix(name):
    fusion = build(name)
    vectors, present = torch.randn(5, M, W), torch.ones(5, M, dtype=torch.bool)
    whole = fusion(vectors, present)
    for m in range(M):
        changed = vectors.clone()
        changed[2, m] += 1
        difference = (fusion(changed, present) - whole).abs().amax(dim=1)
        assert difference[2] > 1e-3
        assert difference[[0, 1, 3, 4]].max() < 1e-6


def test_hiding_never_takes_all_and_never_invents():
    torch.manual_seed(0)
    present = torch.tensor([s for s in SUBSETS] * 40)
    for probability in (0.0, 0.3, 0.9, 1.0):
        shown = hide_modalities(present, probability)
        assert (shown & ~present).sum() == 0
        assert shown.any(dim=1).all()
    assert torch.equal(hide_modalities(present, 0.0), present)
    assert (hide_modalities(present, 1.0).sum(dim=1) == 1).all()
    share = (hide_modalities(torch.ones(20_000, M, dtype=torch.bool), 0.3)).float().mean()
    assert 0.69 < share < 0.72
    nothing = torch.zeros(2, M, dtype=torch.bool)
    assert not hide_modalities(nothing, 0.5).any()


def test_alignment_is_low_for_matching_views_and_skips_the_absent():
    torch.manual_seed(0)
    unit = torch.nn.functional.normalize(torch.randn(16, DIM), dim=1)
    same = torch.stack([unit, unit], dim=1)
    mixed = torch.stack([unit, unit.roll(1, 0)], dim=1)
    both = torch.ones(16, 2, dtype=torch.bool)
    temperature = torch.tensor(0.1)
    assert alignment_loss(same, both, temperature) < 0.2 < alignment_loss(mixed, both, temperature)
    half = both.clone()
    half[8:, 1] = False
    broken = same.clone()
    broken[8:, 1] = 1e6
    assert alignment_loss(broken, half, temperature) == alignment_loss(same, half, temperature)
    assert alignment_loss(same, half & (torch.arange(16) < 1)[:, None], temperature) is None


def test_losses_leave_out_unknown_targets():
    logits = torch.randn(4, 3)
    labels = torch.tensor([0, -1, 2, -1])
    weights = class_weights(labels.numpy(), 3)
    assert weights[1] == 0
    known = label_loss(logits[[0, 2]], labels[[0, 2]], weights, 0.0)
    assert torch.equal(label_loss(logits, labels, weights, 0.0), known)
    assert label_loss(logits, torch.full((4,), -1), weights, 0.0) is None
    price = torch.tensor([0.5, float("nan")])
    assert price_loss(torch.tensor([0.5, 3.0]), price) == 0
    assert price_loss(torch.zeros(2), torch.full((2,), float("nan"))) is None


def test_class_weights_lift_small_classes_and_average_to_one():
    labels = torch.tensor([0] * 90 + [1] * 10).numpy()
    weights = class_weights(labels, 2)
    assert weights[1] / weights[0] == pytest.approx(3.0)
    assert (0.9 * weights[0] + 0.1 * weights[1]).item() == pytest.approx(1.0)
