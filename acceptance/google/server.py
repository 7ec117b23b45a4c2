"""The HTTP server on the loopback interface."""

import contextlib
import json
import select
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import descriptions
from control import Control
from dispatch import Answer, Dispatcher, Request
from store import Store


class Server(ThreadingHTTPServer):
    """All services behind one port, one thread for each connection."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, address):
        super().__init__(address, Handler)
        self.store = Store()
        self.control = Control(self.store)
        self.dispatcher = Dispatcher(descriptions.load(), self.store)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two packets, and the second must not wait for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def answer_any(self):
        if self.command in ("POST", "PUT") and "Content-Length" not in self.headers and not self.path.startswith("/_"):
            # Google's front end, before any service sees it; nothing that we test sends a body in chunks.
            self.close_connection = True
            self.send(Answer(411, b"POST requests require a Content-length header", {"Content-Type": "text/html"}))
            return
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_"):
            with self.server.store.lock:
                code, body = self.server.control.answer(self.command, urlsplit(self.path).path, raw)
            self.send(Answer(code, json.dumps(body).encode(), {"Content-Type": "application/json"}))
            return
        given = self.call(Request(self.command, self.path, self.headers, raw))
        if given is None or given.lost:
            self.cut()
        else:
            self.send(given)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer_any

    def call(self, request):
        """The answer, or nothing where the caller went away while its call was held."""
        server = self.server
        with server.store.lock:
            admitted = server.dispatcher.admit(request)
        if isinstance(admitted, Answer):
            return admitted
        fault = admitted.fault or {}
        if fault.get("kind") == "held":
            with server.store.lock:
                gate = server.control.gate(fault["gate"])
            gate.pass_through()
            if self.is_gone():
                return None
        with server.store.lock:
            return server.dispatcher.perform(admitted)

    def is_gone(self):
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def cut(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, given):
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        if given.status != 204:
            self.send_header("Content-Length", str(len(given.content)))
        with contextlib.suppress(ConnectionError):  # the client went away, as in the tests of interruptions
            self.end_headers()
            self.wfile.write(given.content)

    def log_message(self, *_):
        """Calls are recorded by project; the log is for what goes wrong."""
