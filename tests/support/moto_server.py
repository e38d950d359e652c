"""Nothing in; an S3 server inside this process (moto) on a free port out, for suites that need no real one."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def moto_server() -> Iterator[dict[str, str]]:
    """The variables with which boto3 finds the server, for as long as it runs."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "telltale-test",
            "AWS_SECRET_ACCESS_KEY": "telltale-test-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.stop()
