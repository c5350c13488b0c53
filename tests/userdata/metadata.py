"""A metadata service (IMDSv2) of an instance, which Auto Scaling wants something of."""

import time
from collections.abc import Callable

from tests.loopback import Handler, LoopbackServer

_PREFIX = "/latest/meta-data/"
INSTANCE = "i-0123456789abcdef0"


class Metadata(LoopbackServer):
    """Answers who got a token first.

    ``wants`` says what Auto Scaling wants, None outside a group; ``status`` is the answer to
    whatever is asked next, and ``seconds`` how long it takes.
    """

    def __init__(self) -> None:
        self.wants: Callable[[], str | None] = lambda: None
        self.status, self.seconds = 200, 0.0
        self.asked = 0
        service = self

        class Answer(Handler):
            def do_PUT(self) -> None:  # noqa: N802 - the name that the server looks for
                service.asked += 1
                allowed = self.path == "/latest/api/token" and bool(
                    self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                )
                self._answer(service.status if allowed else 400, "a-token")

            def do_GET(self) -> None:  # noqa: N802 - the name that the server looks for
                if self.headers["X-aws-ec2-metadata-token"] != "a-token":
                    return self._answer(401, "")
                found = {
                    "autoscaling/target-lifecycle-state": service.wants(),
                    "instance-id": INSTANCE,
                }.get(self.path.removeprefix(_PREFIX))
                return self._answer(service.status if found else 404, found or "<html>")

            def _answer(self, status: int, text: str) -> None:
                time.sleep(service.seconds)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

        super().__init__(Answer)
