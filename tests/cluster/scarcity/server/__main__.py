"""The process: ``python -m tests.cluster.scarcity.server PORT REGION``."""

import os
import sys
import threading

from werkzeug.serving import make_server

from tests.cluster.scarcity.server.auto_scaling import install
from tests.cluster.scarcity.server.wire import application
from tests.cluster.scarcity.server.world import WORLD


def main() -> None:
    """Serve on loopback until somebody ends this."""
    port, WORLD.region = int(sys.argv[1]), sys.argv[2]
    threading.excepthook = _end
    install()
    make_server("127.0.0.1", port, application, threaded=True).serve_forever()


def _end(failed: threading.ExceptHookArgs) -> None:
    """A stand-in in which nothing happens any more would leave tests to wait."""
    threading.__excepthook__(failed)
    os._exit(1)


if __name__ == "__main__":
    main()
