"""The networks of the published face finders, by the system that brought each and their own name."""

from detectors.networks.dsfd import dsfd_resnet152
from detectors.networks.original import OriginalNetwork
from detectors.networks.retinaface import retinaface_mobilenet025, retinaface_resnet50

NETWORKS: dict[str, OriginalNetwork] = {
    "wm/retinaface_resnet50": retinaface_resnet50(),
    "eighteen/retinaface_mobilenet025": retinaface_mobilenet025(),
    "ntech/dsfd_resnet152": dsfd_resnet152(),
}
