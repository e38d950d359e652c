"""The settings of a run in, the network that it starts from out: published features or the weights of another run."""

from pathlib import Path

from safetensors.torch import load_file

from detectors.networks.face_network import FaceNetwork, Parts, parts_in
from detectors.training.configuration import Network
from detectors.weights import require_same_shapes, shapes_of


def parts_of(settings: Network) -> Parts:
    """The parts that the settings name."""
    return Parts(settings.srm, settings.frequency, settings.pooling)


def network_from_run(settings: Network, weights: Path) -> FaceNetwork:
    """The network of the settings with the weights of another run.

    Parts that the other run did not have keep their start values, which leave its function as it was.

    Raises:
        FileNotFoundError: there is no such file.
        WrongWeights: tensors are missing, left over, or of another shape; the message lists their keys.
    """
    network, tensors = FaceNetwork(parts_of(settings)), load_file(weights)
    state = network.state_dict()
    new = set(network.parts.prefixes) - set(parts_in(tensors).prefixes)
    fresh = {key: tensor for key, tensor in state.items() if key.startswith(tuple(new))}
    given = {**fresh, **tensors}
    require_same_shapes(shapes_of(state), shapes_of(given), weights.name)
    network.load_state_dict(given)
    return network
