"""A service that only says it is well; tests of the fleet's own work need no more."""

import argparse
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'pointsman_records_total{topic="a"} 5.0\npointsman_lag_records{topic="a"} 2.0\n')

    def log_message(self, *_: object) -> None:
        pass


def _simulate(descriptors: Path, count: int) -> None:
    descriptors.mkdir(exist_ok=True)
    for number in range(count):
        (descriptors / f"llm-{number}.env").write_text(f"POINTSMAN_LLM_NAME=llm-{number}\n")


def main() -> None:
    """Serve until SIGTERM; the simulator's options are understood, of the others none are needed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", default=os.environ.get("POINTSMAN_HEALTH_FILE"))
    parser.add_argument("--descriptors", type=Path)
    parser.add_argument("--llms", type=int, default=1)
    options, _ = parser.parse_known_args()
    if options.descriptors is not None:
        _simulate(options.descriptors, options.llms)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ThreadingHTTPServer(("127.0.0.1", options.port), _Well) as server:
        file = Path(options.port_file)
        file.with_suffix(".new").write_text(str(server.server_port))
        file.with_suffix(".new").replace(file)
        server.serve_forever()
