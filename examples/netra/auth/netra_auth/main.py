"""``POST /login`` with a user and a password gives a token; ``GET /health`` says that it is alive."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from netra_auth.tokens import sign

USERS = {"ada": "engine"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200 if self.path == "/health" else 404, {"status": "ok"})

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/login" or USERS.get(given["user"]) != given["password"]:
            self.answer(401, {"error": "who are you?"})
            return
        self.answer(200, {"token": sign(given["user"], os.environ["TOKEN_SECRET"])})

    def answer(self, status: int, document: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
