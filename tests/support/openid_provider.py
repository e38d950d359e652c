"""Claims in; a small OpenID provider on this machine out that lets everybody in as whoever the claims say."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class Provider:
    """What the server knows: who signs in next (``claims``), and the nonces of the codes that it gave away."""

    def __init__(self, claims: dict[str, Any]) -> None:
        self.claims = claims
        self.address = ""
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.nonces: dict[str, str] = {}
        self.clients: dict[str, str] = {}

    @property
    def metadata_url(self) -> str:
        return f"{self.address}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def back_to_client(self, asked: dict[str, list[str]]) -> str:
        """Where the browser is sent after it asked to sign in."""
        code = f"code-{len(self.nonces)}"
        self.nonces[code] = asked.get("nonce", [""])[0]
        self.clients[code] = asked["client_id"][0]
        return f"{asked['redirect_uri'][0]}?{urlencode({'code': code, 'state': asked['state'][0]})}"

    def token(self, code: str) -> dict[str, Any]:
        now_s = int(time.time())
        facts = {"iss": self.address, "aud": self.clients[code], "sub": "1", "iat": now_s, "exp": now_s + 3600}
        identity = facts | {"nonce": self.nonces[code]} | self.claims
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, identity, self.key)
        return {"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": signed}


@contextmanager
def openid_provider(claims: dict[str, Any]) -> Iterator[Provider]:
    """A provider for as long as the block runs."""
    provider = Provider(claims)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(provider))
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answering(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.back_to_client(parse_qs(asked.query)))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif asked.path == "/jwks":
                self._say({"keys": [provider.key.as_dict(private=False)]})
            elif asked.path == "/.well-known/openid-configuration":
                self._say(provider.metadata())
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._say(provider.token(body["code"][0]))

        def _say(self, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Answer
