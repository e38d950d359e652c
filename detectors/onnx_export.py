"""Networks that have seen a batch in; ONNX files out, each with how far its numbers are from the network's."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from contracts.errors import DetectorUnavailable

ALLOWED = 1e-4
_INPUT, _OUTPUT = "pictures", "outputs"


@dataclass(frozen=True)
class ExportedNetwork:
    """One ONNX file; ``error`` is max |a - b| over max(1, max |b|) against the network on two batches."""

    path: Path
    input_shape: tuple[int, ...]
    error: float

    @property
    def agrees(self) -> bool:
        """Whether the file computes what the network computes."""
        return self.error <= ALLOWED


def require_onnx() -> None:
    """Raise ``DetectorUnavailable`` with the command that mends it where the ONNX packages are missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as why:
        raise DetectorUnavailable(f"{why.name} is not installed; run: pip install 'telltale[onnx]'") from why


def exported(network: nn.Module, batch: Tensor, path: Path) -> ExportedNetwork:
    """Write ``network`` as an ONNX file whose first dimension may vary, and compare it with the network.

    Args:
        network: in evaluation mode, float32, on the processor.
        batch: float32 example of what it is shown; its first dimension counts pictures or clips.
        path: the file, which is written over.

    Raises:
        DetectorUnavailable: the ONNX packages are missing.
    """
    require_onnx()
    batch = batch.contiguous()
    _write(network, batch, path)
    return ExportedNetwork(path, tuple(batch.shape), _error(network, batch, path))


def quantised(exported_network: ExportedNetwork, network: nn.Module, batch: Tensor) -> ExportedNetwork:
    """A copy of an exported file whose weights are 8-bit integers and whose activations are rounded on the way.

    The error says what that costs; it is never as small as that of the file it was made from.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = exported_network.path.with_suffix(".int8.onnx")
    prepared = exported_network.path.with_suffix(".prepared.onnx")
    try:
        model = onnx.load(exported_network.path)
        del model.graph.value_info[:]  # shapes from before the exporter's optimiser, which contradict the graph
        onnx.save(model, prepared)
        quantize_dynamic(prepared, path, weight_type=QuantType.QUInt8)
    finally:
        prepared.unlink(missing_ok=True)
    return ExportedNetwork(path, exported_network.input_shape, _error(network, batch.contiguous(), path))


class OnnxNetwork:
    """An ONNX file as a function: float32 tensor in, float64 tensor out, both on the processor."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, batch: Tensor) -> Tensor:
        (outputs,) = self._session.run(None, {_INPUT: batch.contiguous().numpy()})
        return torch.from_numpy(np.asarray(outputs)).double()


def _write(network: nn.Module, batch: Tensor, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = logging.getLogger("torch.onnx")
    before = noise.level
    noise.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own internals
            torch.onnx.export(
                network,
                (batch,),
                path,
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim.AUTO},),
                external_data=False,
                input_names=[_INPUT],
                output_names=[_OUTPUT],
                verbose=False,
            )
    finally:
        noise.setLevel(before)


def _error(network: nn.Module, batch: Tensor, path: Path) -> float:
    other = torch.rand(batch.shape, generator=torch.Generator().manual_seed(11))
    return max(_difference(network, OnnxNetwork(path), seen) for seen in (batch, other))


@torch.inference_mode()
def _difference(network: nn.Module, onnx_network: OnnxNetwork, batch: Tensor) -> float:
    wanted = network(batch).double()
    return float((onnx_network(batch) - wanted).abs().max() / wanted.abs().max().clamp(min=1.0))


def worst(exports: Sequence[ExportedNetwork]) -> float:
    """The largest error of several files; 0 for none."""
    return max((one.error for one in exports), default=0.0)
