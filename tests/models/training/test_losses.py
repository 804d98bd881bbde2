"""The optional losses: what they are low for, what they leave out."""

import pytest
import torch
from torch.nn import functional

from models.network import ProductNetwork, describe_features
from models.training.hierarchy import PathHeads, path_levels
from models.training.layer_rates import parameter_groups
from models.training.losses import class_weights, distillation_loss, prefix, supervised_contrastive_loss
from models.training.weight_average import WeightAverage
from shelfspace.settings import Training
from tests.models.learning import features_table, quick_settings


def test_path_levels_are_the_shorter_paths():
    names = ["Home > Lamps > Desk", "Home > Lamps > Floor", "Home > Rugs", "Audio > Guitars"]
    assert path_levels(names) == [[1, 1, 1, 0]], "a level of one node teaches nothing"
    assert path_levels([*names, "Home > Chairs > Arm"]) == [[1, 1, 1, 0, 1], [1, 1, -1, -1, 0]]
    assert path_levels(["Lamps", "Rugs"]) == []
    assert path_levels([]) == []


def test_the_path_loss_leaves_out_unknown_labels_and_short_paths():
    torch.manual_seed(0)
    heads = PathHeads(8, ["A > x > 1", "A > y > 1", "B > x > 1", "B"])
    vectors = torch.randn(4, 8, requires_grad=True)
    # "B" is no longer than the first level, so row 2 has no target on any.
    labels = torch.tensor([0, 2, 3, -1])
    loss = heads.loss(vectors, labels, 0.0)
    assert loss is not None
    loss.backward()
    assert (vectors.grad.abs().sum(dim=1) > 0).tolist() == [True, True, False, False]
    assert all(p.grad.abs().sum() > 0 for p in heads.parameters())
    assert heads.loss(vectors, torch.full((4,), -1), 0.0) is None
    assert PathHeads(8, ["A", "B"]).loss(vectors, labels, 0.0) is None
    assert PathHeads(8, []).loss(vectors, torch.full((4,), -1), 0.0) is None


def test_supervised_contrast_is_low_where_categories_lie_apart():
    apart = functional.normalize(torch.eye(8)[[0, 0, 1, 1, 2]], dim=1)
    labels = torch.tensor([0, 0, 1, 1, -1])
    good = supervised_contrastive_loss(apart, labels)
    bad = supervised_contrastive_loss(apart, torch.tensor([0, 1, 0, 1, -1]))
    assert good < 0.01 < bad
    # By hand, equation 2: each asks once, one positive, two negatives at cosine 0.
    assert good.item() == pytest.approx(torch.log(torch.exp(torch.tensor(10.0)) + 2).item() - 10, abs=1e-4)
    assert supervised_contrastive_loss(apart, torch.tensor([0, 1, 2, -1, -1])) is None


def test_distillation_is_low_for_the_teacher_itself():
    torch.manual_seed(0)
    teacher = functional.normalize(torch.randn(6, 16), dim=1)
    temperature = torch.tensor(0.05)
    assert distillation_loss(teacher, teacher, temperature) < 0.1
    assert distillation_loss(teacher.roll(1, 0), teacher, temperature) > 1
    assert distillation_loss(teacher[:1], teacher[:1], temperature) is None


def test_a_prefix_is_of_unit_length():
    cut = prefix(torch.randn(3, 5, 24), 8)
    assert cut.shape == (3, 5, 8)
    assert torch.allclose(cut.norm(dim=-1), torch.ones(3, 5))


def test_class_weights_by_name():
    labels = torch.tensor([0] * 900 + [1] * 100).numpy()
    assert class_weights(labels, 2, "none").tolist() == [1, 1]
    assert torch.equal(class_weights(labels, 2, "sqrt"), class_weights(labels, 2))
    effective = class_weights(labels, 2, "effective")
    assert (effective[1] / effective[0]).item() == pytest.approx((1 - 0.99**900) / (1 - 0.99**100), rel=1e-4)
    assert (0.9 * effective[0] + 0.1 * effective[1]).item() == pytest.approx(1.0)


def test_layers_near_the_input_learn_slower():
    features, _, _ = features_table(6, ("text", "tabular"))
    network = ProductNetwork(quick_settings().model, describe_features(features, 60, 3))
    extra = torch.nn.Linear(2, 2)
    groups = parameter_groups(network, extra.parameters(), 0.5, 0.1)
    place = {id(p): group for group in groups for p in group["params"]}
    assert len(place) == len([*network.parameters(), *extra.parameters()])
    tabular = network.encoders["tabular"].net
    assert place[id(tabular[0].weight)]["scale"] == 0.5
    text = network.encoders["text"]
    assert place[id(text.out.weight)]["scale"] == 0.5
    assert (
        place[id(text.onward.weight_ih_l0)]["scale"] < place[id(text.backward_from_end.weight_ih_l0)]["scale"]
    )
    assert place[id(network.category.weight)]["scale"] == place[id(extra.weight)]["scale"] == 1
    assert place[id(extra.weight)]["weight_decay"] == 0.1
    assert place[id(extra.bias)]["weight_decay"] == 0
    assert len(parameter_groups(network, extra.parameters(), 1.0, 0.1)) == 2


@pytest.mark.parametrize("kind", ["none", "ema", "swa"])
def test_averages_are_of_the_steps_they_say_and_go_out_again(kind):
    weight = torch.nn.Parameter(torch.zeros(1))
    average = WeightAverage(kind, 4)
    for step in range(4):
        with torch.no_grad():
            weight += 1
        average.update([weight], step)
    average.swap_in([weight])
    average.swap_in([weight])
    mean = 1.0
    for count, value in enumerate((2, 3, 4), start=2):
        mean += (value - mean) * (1 - count / (count + 9))
    expected = {"none": 4.0, "swa": 3.5, "ema": mean}[kind]
    assert weight.item() == pytest.approx(expected)
    average.swap_out([weight])
    assert weight.item() == 4


def test_new_losses_are_off_by_default():
    training = Training()
    assert training.hierarchy_weight == training.contrastive_weight == 0
    assert training.strategy == "joint"
    assert training.average == "none"
