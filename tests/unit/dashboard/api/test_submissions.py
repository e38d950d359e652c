"""What people submit lies in the watched bucket afterwards, or is refused with a reason; nothing of it stays behind."""

import httpx
import pytest

from contracts.messages import MediaUploaded
from contracts.vocabulary import Lane
from ingest.announcer import choice_of, lane_of
from ingest.identity import media_id_of
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment

NO_FILE = b'--x\r\nContent-Disposition: form-data; name="lane"\r\n\r\nbulk\r\n--x--\r\n'
Uploads = dict[str, MediaUploaded]


def test_a_file_becomes_an_object_whose_key_tells_lane_and_detectors(api: httpx.Client, deployment: Deployment):
    told = api.post(
        "/v1/submissions/file",
        files={"file": ("../../a b\r\n.jpg", deployment.picture())},
        data={"lane": "bulk", "detectors": "mesonet, mesonet"},
    )
    assert told.status_code == 202, told.text
    said = told.json()
    assert deployment.bucket.read(said["key"]) == deployment.picture()
    assert (lane_of(said["key"]), choice_of(said["key"])) == (Lane.BULK, ("mesonet",))
    assert (said["lane"], said["detectors"], said["kind"]) == ("bulk", ["mesonet"], "image")
    version = deployment.bucket.stat(said["key"]).version
    assert said["media_id"] == media_id_of(deployment.bucket.bucket, said["key"], version)
    assert ".." not in said["key"]
    assert list((deployment.home / "api-uploads").iterdir()) == []


def test_a_file_without_wishes_asks_all_at_once(api: httpx.Client, deployment: Deployment):
    said = api.post("/v1/submissions/file", files={"file": ("clip.mp4", deployment.clip())}).json()
    assert (said["lane"], said["detectors"], said["kind"]) == ("interactive", None, "video")
    assert choice_of(said["key"]) is None


@pytest.mark.parametrize(
    ("content", "fields", "status"),
    [
        (b"just words, no picture", {}, 415),
        (b"", {}, 415),
        (b"\xff\xd8\xff" + b"0" * (2**20 + 1), {}, 413),
        (b"\xff\xd8\xff" + b"0" * (3 * 2**20), {}, 413),
        (b"\xff\xd8\xff0", {"lane": "fast"}, 422),
        (b"\xff\xd8\xff0", {"detectors": "telltale,nobody"}, 422),
        (b"\xff\xd8\xff0", {"detectors": "x" * 5000}, 422),
    ],
)
def test_what_cannot_be_taken_is_refused(
    api: httpx.Client, deployment: Deployment, content: bytes, fields: dict[str, str], status: int
):
    before = sorted(one.key for one in deployment.bucket.list())
    refused = api.post("/v1/submissions/file", files={"file": ("a.jpg", content)}, data=fields)
    assert (refused.status_code, refused.json()["status"]) == (status, status)
    assert sorted(one.key for one in deployment.bucket.list()) == before
    assert list((deployment.home / "api-uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 415),
        (b"garbage", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="lane"\r\n\r\nbulk\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n\xff\xd8\xff',
            "multipart/form-data; boundary=x",
            422,
        ),
    ],
)
def test_a_form_that_is_none_or_was_cut_off_is_refused(api: httpx.Client, content: bytes, kind: str, status: int):
    refused = api.post("/v1/submissions/file", content=content, headers={"Content-Type": kind})
    assert (refused.status_code, refused.json()["status"]) == (status, status)


def test_keys_need_kafka_and_say_so_while_it_is_away(own: Deployment, monkeypatch: pytest.MonkeyPatch):
    own.bucket.write("there.jpg", own.picture())
    with serving(settings_of(own, kafka_bootstrap_servers="127.0.0.1:9")) as address, client_of(address) as api:
        away = api.post("/v1/submissions/keys", json={"keys": ["there.jpg"]})
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")
        unknown = api.post("/v1/submissions/keys", json={"keys": ["nowhere.jpg", "../x"]})
        assert [one["outcome"] for one in unknown.json()] == ["missing", "refused"]
        assert api.post("/v1/submissions/keys", json={"keys": []}).status_code == 422
