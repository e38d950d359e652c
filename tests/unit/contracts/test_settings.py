"""Settings are typed, frozen, described, and take the broker's address from its usual variable."""

import pytest
from pydantic import ValidationError

from contracts.settings import EVERY_SETTINGS, DetectSettings, ProcessSettings


def test_the_broker_comes_from_its_usual_variable(monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:19092")
    assert ProcessSettings().kafka_bootstrap_servers == "127.0.0.1:19092"


def test_names_of_detectors_are_split(monkeypatch):
    monkeypatch.setenv("TELLTALE_DETECTORS", " telltale, mesonet ,")
    assert DetectSettings().detector_names == ("telltale", "mesonet")


def test_a_wrong_value_is_refused(monkeypatch):
    monkeypatch.setenv("TELLTALE_MICRO_BATCH_CLIPS", "0")
    with pytest.raises(ValidationError, match="micro_batch_clips"):
        DetectSettings()


def test_settings_cannot_be_changed():
    settings = DetectSettings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.device = "cuda"  # type: ignore[misc]


@pytest.mark.parametrize("settings", EVERY_SETTINGS, ids=lambda settings: settings.__name__)
def test_every_field_is_described(settings):
    assert [name for name, field in settings.model_fields.items() if not field.description] == []
