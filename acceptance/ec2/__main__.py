"""Starts moto with what it lacks of EC2 on a port of the loopback interface (0: any free one) and prints which: {"port": N}."""

import json
import os
import sys

from server import server

running = server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
# moto calls itself at times.
os.environ["MOTO_PORT"] = str(running.server_port)
print(json.dumps({"port": running.server_port}), flush=True)
running.serve_forever()
