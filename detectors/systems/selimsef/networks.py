"""The network of selimsef: EfficientNet-B7 with one logit of *manipulated* for pictures of 3 x 380 x 380."""

from functools import partial

from detectors.networks.efficientnet import make_efficientnet
from detectors.networks.original import OriginalNetwork

# One architecture, seven trainings; the names are those of the published files: random seed, then epoch.
MEMBERS = ("111_36", "555_19", "777_29", "777_31", "888_37", "888_40", "999_23")
_HEAD = "classifier."
_FEATURES = 2560
_IMAGENET_CLASSES = 1000


def _original_key(key: str) -> str:
    return f"fc.{key.removeprefix(_HEAD)}" if key.startswith(_HEAD) else f"encoder.{key}"


NETWORKS: dict[str, OriginalNetwork] = {
    "efficientnet_b7": OriginalNetwork(
        make=partial(make_efficientnet, "b7", outputs=1, padding="dynamic"),
        original_key=_original_key,
        carried={  # the encoder's own classifier, which the original drags along
            "encoder.classifier.weight": (_IMAGENET_CLASSES, _FEATURES),
            "encoder.classifier.bias": (_IMAGENET_CLASSES,),
        },
        random_gain=1.65,  # with 2 its logits are in the thousands
    )
}
