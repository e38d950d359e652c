"""The networks of ntech: what sets them apart from other EfficientNets."""

import torch
from torch import nn

from detectors.systems.catalogue import original_network
from detectors.systems.ntech.networks import NETWORKS, TemporalPointConvolution


def test_a_temporal_convolution_sees_one_frame_back_and_one_ahead_within_its_sequence():
    layer = TemporalPointConvolution(nn.Conv2d(1, 1, 1), frames=3)
    with torch.no_grad():
        layer.conv.weight[:] = torch.tensor([1.0, 10.0, 100.0]).view(1, 1, 3, 1, 1)
        got = layer(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).view(6, 1, 1, 1))
    assert got.flatten().tolist() == [210.0, 321.0, 32.0, 540.0, 654.0, 65.0]


def test_they_are_known_by_the_names_of_their_fixtures():
    for name, network in NETWORKS.items():
        assert original_network(f"ntech/{name}") is network


def test_every_widening_convolution_of_the_sequence_network_is_temporal():
    frame, sequence = (NETWORKS[f"efficientnet_b7_{kind}"].shapes() for kind in ("frame", "sequence"))
    widening = {key for key in frame if "_expand_conv" in key}
    assert len(widening) == 51
    assert {key.replace("_expand_conv", "_expand_conv.conv") for key in widening} == sequence.keys() - frame.keys()
    for key in widening:
        outputs, inputs, _, _ = frame[key]
        assert sequence[key.replace("_expand_conv", "_expand_conv.conv")] == (outputs, inputs, 3, 1, 1)
    assert len(frame) == len(sequence) == 1200
