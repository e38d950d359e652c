"""The name of an original network in, the network out; imports nothing before it is asked for."""

from importlib import import_module
from importlib.util import find_spec

from detectors.networks.original import OriginalNetwork

_FACE_FINDERS = "face_finders"


def original_network(name: str) -> OriginalNetwork:
    """The network ``system/network`` of a founding system, or a face finder's of that name.

    A detector of another package names its own as ``module:NAME``.

    Raises:
        KeyError: there is none of this name.
    """
    if ":" in name:
        return _of_module(name)
    system, _, network = name.partition("/")
    found = _networks(system).get(network) or _networks(_FACE_FINDERS).get(name)
    if found is None:
        raise KeyError(name)
    return found


def _of_module(name: str) -> OriginalNetwork:
    module, _, variable = name.partition(":")
    found = getattr(import_module(module), variable, None)
    if not isinstance(found, OriginalNetwork):
        raise KeyError(name)
    return found


def _networks(system: str) -> dict[str, OriginalNetwork]:
    module = f"detectors.systems.{system}.networks"
    if not system.isidentifier() or not find_spec(f"detectors.systems.{system}") or not find_spec(module):
        return {}
    return import_module(module).NETWORKS
