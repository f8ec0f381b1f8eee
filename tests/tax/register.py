"""A register of VAT ids on this machine that answers as the REST interface of VIES does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Register:
    """Knows the ids in `valid`, and notes what it was asked; `broken` is an error that it answers instead."""

    def __init__(self) -> None:
        self.valid = {"DE136695976", "NL004495445B01"}
        self.asked: list[dict[str, str]] = []
        self.broken = ""
        self.raw: bytes | None = None

    def answer(self, question: dict[str, str]) -> dict[str, Any]:
        """Answer a question."""
        self.asked.append(question)
        if self.broken and not (
            self.broken == "INVALID_REQUESTER_INFO" and "requesterNumber" not in question
        ):
            return {"actionSucceed": False, "errorWrappers": [{"error": self.broken}]}
        requester = question.get("requesterNumber", "")
        return {
            "countryCode": question["countryCode"],
            "vatNumber": question["vatNumber"],
            "requestDate": "2026-11-30T12:00:00.000Z",
            "valid": question["countryCode"] + question["vatNumber"] in self.valid,
            "requestIdentifier": "WAPIAAAAY0x1y2z3" if requester else "",
            "name": "---",
            "address": "---",
        }

    def __enter__(self) -> Self:
        register = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(register.answer(question)).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body if register.raw is None else register.raw)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/check-vat-number"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
