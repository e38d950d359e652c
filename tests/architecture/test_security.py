"""What opens a door for others is written nowhere in the shipped packages, or in one place that says why."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "ingest", "detectors", "stream_processors", "dashboard", "telltale", "deploy")
# The confined child that reads published checkpoints, and the reader of pickles that builds no object.
READS_PICKLES = {"detectors/checkpoint_process.py", "detectors/inert_pickle.py"}
# The greeting of a listener is tried, nothing is sent.
TRUSTS_ANYBODY = {"ingest/kafka_login.py"}
RUNS_CODE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput"}
PARSERS = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "tempfile.mktemp"}


def in_short(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def nodes_of(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text())))


def calls_in(file: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in nodes_of(file):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def calls_of(package: str) -> Iterator[tuple[Path, str, ast.Call]]:
    for file in files_of(package):
        yield from ((file, name, call) for name, call in calls_in(file))


def given(call: ast.Call, name: str) -> object:
    """The constant that a call gives a parameter; nothing where it gives none or no constant."""
    values = (word.value for word in call.keywords if word.arg == name)
    value = next(values, None)
    return value.value if isinstance(value, ast.Constant) else None


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_runs_what_it_reads(package: str):
    for file, name, call in calls_of(package):
        where = f"{in_short(file)}:{call.lineno}"
        assert name not in SHELLS | PARSERS | {"eval", "exec", "__import__"}, where
        assert given(call, "shell") in (None, False), where
        assert given(call, "allow_pickle") in (None, False), where
        assert given(call, "trust_remote_code") in (None, False), where
        if name.endswith("torch.load") and in_short(file) not in READS_PICKLES:
            assert given(call, "weights_only") is True, where


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_imported_whose_data_are_code(package: str):
    for file in files_of(package):
        imported = {
            one.name.split(".")[0] for node in nodes_of(file) if isinstance(node, ast.Import) for one in node.names
        }
        imported |= {(node.module or "").split(".")[0] for node in nodes_of(file) if isinstance(node, ast.ImportFrom)}
        assert not imported & RUNS_CODE or in_short(file) in READS_PICKLES, in_short(file)


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_is_trusted_unseen(package: str):
    for file, name, call in calls_of(package):
        where = f"{in_short(file)}:{call.lineno}"
        assert given(call, "verify") is not False, where
        if name.endswith("generate_presigned_url"):
            lives_s = given(call, "ExpiresIn")
            assert isinstance(lives_s, int) and lives_s <= 900, where
        if name in {"KafkaProducer", "KafkaConsumer", "KafkaAdminClient"}:
            assert any(word.arg is None and "client_arguments" in ast.unparse(word.value) for word in call.keywords), (
                where
            )
    words = {ast.unparse(node) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert not {word for word in words if word.endswith("CERT_NONE")} or in_short(file) in TRUSTS_ANYBODY
    assert not {word for word in words if word.endswith("UNSIGNED")}, "requests to a store are signed"
    assert "ssl._create_unverified_context" not in words


def test_the_one_reading_of_pickles_builds_known_objects_only():
    loads = [call for name, call in calls_in(ROOT / "detectors/checkpoint_process.py") if name == "torch.load"]
    assert loads
    for call in loads:
        others = {word.arg for word in call.keywords}
        assert given(call, "weights_only") is True or None in others, "the options name the inert reader"
    assert '"pickle_module": inert_pickle' in (ROOT / "detectors/checkpoint_process.py").read_text()


@pytest.mark.parametrize("card", sorted((ROOT / "detectors/cards").glob("*.json")), ids=lambda card: card.stem)
def test_shipped_weights_are_pinned_and_others_become_safe_tensors(card: Path):
    for file in json.loads(card.read_text()).get("weights", ()):
        lies_here = (ROOT / "detectors/weights_shipped" / file["file"]).exists()
        pinned = re.fullmatch(r"[0-9a-f]{64}", file.get("sha256") or "")
        assert pinned or not lies_here, f"{file['file']} is shipped without its SHA-256"
        checkpoint = file.get("checkpoint")
        loaded = checkpoint["file"] if checkpoint else file["file"]
        assert loaded.endswith((".safetensors", ".h5", ".onnx")) or pinned


def test_settings_hold_no_secret_of_the_object_store():
    from contracts.settings import EVERY_SETTINGS

    names = {name for settings in EVERY_SETTINGS for name in settings.model_fields}
    assert not {name for name in names if re.search(r"aws|access_key|s3_.*(key|secret)", name)}
