"""The detector selimsef: its view inside the crop, its card, the key names of its checkpoints; no network is run."""

import numpy as np
import pytest

import detectors
from contracts.clips import FaceBox, FaceCrop
from detectors.plugins.selimsef import view_of
from detectors.systems.catalogue import original_network
from detectors.systems.selimsef.networks import MEMBERS, NETWORKS
from tests.support.faces import a_crop

CARD = detectors.card("selimsef")


def test_the_view_is_the_face_with_its_thirds_in_the_middle_of_the_canvas():
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[60:120, 50:110] = 255
    view = view_of(FaceCrop(pixels, FaceBox(50.0, 60.0, 110.0, 120.0, 0.9), 0, 0.0, 0))
    assert (view[190, 190] == 255).all()
    assert np.mean(view > 127) == pytest.approx(0.36, abs=0.01)  # 60 of 60 + 2 * 20


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (2600, 1900)])
def test_every_crop_has_a_view(width_px: int, height_px: int):
    assert view_of(a_crop(width_px=width_px, height_px=height_px)).shape == (380, 380, 3)


def test_a_box_outside_its_crop_shows_the_whole_crop():
    pixels = np.full((20, 20, 3), 9, np.uint8)
    assert (view_of(FaceCrop(pixels, FaceBox(40.0, 40.0, 50.0, 50.0, 0.9), 0, 0.0, 0)) == 9).all()


def test_the_checkpoint_has_the_names_of_the_original():
    shapes = NETWORKS["efficientnet_b7"].shapes()
    assert len(shapes) == 1202
    assert shapes["encoder.classifier.weight"] == (1000, 2560)
    assert shapes["fc.weight"] == (1, 2560)
    assert all(key.startswith(("encoder.", "fc.")) for key in shapes)


def test_the_card_names_seven_members_with_a_file_each():
    assert tuple(member.name for member in CARD.spec.members) == MEMBERS
    assert [file.loaded_file for file in CARD.weights] == [f"{name}.safetensors" for name in MEMBERS]
    for file in CARD.weights:
        seed, epoch = file.loaded_file.removesuffix(".safetensors").split("_")
        assert file.file == f"final_{seed}_DeepFakeClassifier_tf_efficientnet_b7_ns_0_{epoch}"
        assert file.url is not None
        assert file.url.endswith(f"/0.0.1/{file.file}")
        assert file.checkpoint is not None
        assert original_network(file.checkpoint.network) is NETWORKS["efficientnet_b7"]


def test_the_crops_it_asks_for_hold_its_view():
    assert CARD.spec.demand.margin > 1 / 3
    assert CARD.spec.pooling == "confident"
