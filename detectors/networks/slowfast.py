"""Clips in, two logits per clip out: SlowFast-50 with the tensor names of the eighteen system."""

import torch
from torch import Tensor, nn

ALPHA = 4
_BETA = 8
_SLOW_PX = 64
_BLOCKS = (3, 4, 6, 3)
_EXPANSION = 4
_DROPOUT = 0.5


class Bottleneck(nn.Module):
    """Three convolutions around a shortcut; a ``temporal`` one looks at the neighbouring pictures in its first."""

    def __init__(self, channels: int, width: int, *, temporal: bool, stride: int, projected: bool) -> None:
        super().__init__()
        reach = 3 if temporal else 1
        out = width * _EXPANSION
        self.conv1 = nn.Conv3d(channels, width, (reach, 1, 1), padding=(reach // 2, 0, 0), bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, (1, 3, 3), stride=(1, stride, stride), padding=(0, 1, 1), bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(out)
        self.downsample: nn.Module | None = None
        if projected:
            self.downsample = nn.Sequential(nn.Conv3d(channels, out, 1, stride=(1, stride, stride), bias=False))
            self.downsample_bn = nn.BatchNorm3d(out)

    def forward(self, clips: Tensor) -> Tensor:
        shortcut = clips if self.downsample is None else self.downsample_bn(self.downsample(clips))
        inner = torch.relu(self.bn1(self.conv1(clips)))
        inner = torch.relu(self.bn2(self.conv2(inner)))
        return torch.relu(self.bn3(self.conv3(inner)) + shortcut)


class SlowFast50(nn.Module):
    """Two paths over one clip: a narrow one over all pictures, a wide one over every fourth, joined before each stage.

    ``forward`` takes B x 3 x T x H x W float32 (any T from 1 on) and gives B x ``outputs`` logits.

    Source: Feichtenhofer et al. 2019, "SlowFast networks for video recognition"; without batch norm after the joins,
    with temporal convolutions in the wide path's last two stages only.
    """

    def __init__(self, outputs: int = 2) -> None:
        super().__init__()
        fast, slow = _SLOW_PX // _BETA, _SLOW_PX
        self.fast_conv1 = nn.Conv3d(3, fast, (5, 7, 7), stride=(1, 2, 2), padding=(2, 3, 3), bias=False)
        self.fast_bn1 = nn.BatchNorm3d(fast)
        self.slow_conv1 = nn.Conv3d(3, slow, (1, 7, 7), stride=(1, 2, 2), padding=(0, 3, 3), bias=False)
        self.slow_bn1 = nn.BatchNorm3d(slow)
        self.pool = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        fast_channels, slow_channels = fast, slow
        for at, blocks in enumerate(_BLOCKS):
            number, scale, stride = at + 1, 2**at, 1 if at == 0 else 2
            join = nn.Conv3d(
                fast_channels, 2 * fast_channels, (5, 1, 1), stride=(ALPHA, 1, 1), padding=(2, 0, 0), bias=False
            )
            self.add_module(f"Tconv{number}", join)
            slow_in = slow_channels + 2 * fast_channels
            self.add_module(f"fast_res{number}", _stage(fast_channels, fast * scale, blocks, stride, temporal=True))
            self.add_module(f"slow_res{number}", _stage(slow_in, slow * scale, blocks, stride, temporal=at >= 2))
            fast_channels, slow_channels = fast * scale * _EXPANSION, slow * scale * _EXPANSION
        self.dropout = nn.Dropout(_DROPOUT)
        self.fc = nn.Linear(slow_channels + fast_channels, outputs)

    def forward(self, clips: Tensor) -> Tensor:
        fast = self.pool(torch.relu(self.fast_bn1(self.fast_conv1(clips))))
        slow = self.pool(torch.relu(self.slow_bn1(self.slow_conv1(clips[:, :, ::ALPHA]))))
        for number in range(1, len(_BLOCKS) + 1):
            slow = torch.cat([slow, self._through(f"Tconv{number}", fast)], dim=1)
            slow = self._through(f"slow_res{number}", slow)
            fast = self._through(f"fast_res{number}", fast)
        seen = torch.cat([path.mean(dim=(2, 3, 4)) for path in (slow, fast)], dim=1)
        return self.fc(self.dropout(seen))

    def _through(self, part: str, batch: Tensor) -> Tensor:
        return self.get_submodule(part)(batch)


def _stage(channels: int, width: int, blocks: int, stride: int, *, temporal: bool) -> nn.Sequential:
    first = Bottleneck(channels, width, temporal=temporal, stride=stride, projected=True)
    out = width * _EXPANSION
    rest = [Bottleneck(out, width, temporal=temporal, stride=1, projected=False) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)
