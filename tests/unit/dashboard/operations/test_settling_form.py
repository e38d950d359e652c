"""Dead letters on the page of queues: nothing without Kafka, nothing without the role, nothing without a reason."""

from pathlib import Path

import pytest

from dashboard.access import AccessDenied, Principal, Role, local_operator
from dashboard.operations.settling import Wish, settle_all, tried
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.views import queue_settling
from tests.support.items import a_dead_letter, an_upload
from tests.support.pages import drawn, words_of

NOWHERE = "127.0.0.1:9"
LETTER = a_dead_letter(an_upload("broken.mp4"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    monkeypatch.setenv("TELLTALE_BUCKET", str(tmp_path / "bucket"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", NOWHERE)
    engine = open_engine(f"sqlite:///{tmp_path / 'read_model.sqlite'}")
    ReadModelWriter(engine).apply([LETTER])
    engine.dispose()
    return tmp_path


def test_where_no_kafka_answers_the_page_says_that_nothing_can_be_settled():
    app = drawn("queues")
    app.multiselect[0].set_value([LETTER.dead_letter_id]).run()
    app.button(key="settling_try").click().run(timeout=60)
    assert not app.exception
    assert "only where Kafka answers" in words_of(app)
    assert "settling_do" not in {button.key for button in app.button}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_the_role_is_asked_where_it_is_done(role: Role):
    somebody = Principal("desk", role)
    with pytest.raises(AccessDenied):
        tried(NOWHERE, [LETTER.dead_letter_id], Wish.DROP, by=somebody)
    with pytest.raises(AccessDenied):
        settle_all(NOWHERE, [LETTER.dead_letter_id], Wish.DROP, "a test", by=somebody)


def test_who_may_not_settle_is_offered_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue_settling, "principal", lambda: Principal("desk", Role.ANALYST))
    app = drawn("queues")
    assert len(app.multiselect) == 0
    assert "role operator" in " ".join(caption.value for caption in app.caption)


def test_nothing_is_settled_without_a_reason():
    with pytest.raises(ValueError, match="Say why"):
        settle_all(NOWHERE, [LETTER.dead_letter_id], Wish.REPLAY, "  ", by=local_operator())
