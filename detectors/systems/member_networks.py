"""The card of a founding system in; its networks by member name out, placed and with their weights."""

from collections.abc import Mapping
from pathlib import Path

from detectors.cards import DetectorCard
from detectors.networks.original import loaded
from detectors.runtime import Placed, Runtime
from detectors.systems.catalogue import original_network

Networks = Mapping[str, Placed]


def placed_members(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> dict[str, Placed]:
    """Every member of the card with ``<name>.safetensors`` in ``folder``, or with seeded random weights for ``None``.

    Raises:
        WrongWeights: the tensors of a file do not fit its network.
    """
    return {
        member.name: runtime.placed(
            loaded(original_network(member.network), folder and folder / f"{member.name}.safetensors")
        )
        for member in card.spec.members
    }
