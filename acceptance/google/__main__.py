"""Starts the stand-in for Google Cloud on a port of the loopback interface (0: any free one) and prints which: {"port": N}."""

import json
import sys

from server import Server

server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
