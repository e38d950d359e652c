"""Pictures of faces in, one logit of *manipulated* per picture out: torchvision's MobileNetV2 with a single output.

Source: Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
"""

from torch import Tensor, nn
from torchvision.models import mobilenet_v2

INPUT_MEAN = (0.5, 0.5, 0.5)
INPUT_STD = (0.5, 0.5, 0.5)


class MobileNetV2(nn.Module):
    """2 225 153 trained numbers. Takes n x 3 x side x side float RGB in [-1, 1]; gives n logits."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = mobilenet_v2(weights=None, num_classes=1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.backbone(pictures).squeeze(1)
