"""What is logged, and what is not again and again."""

import io

from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.metrics import Metrics


def test_a_failure_is_said_once_in_a_while_whatever_its_message_names() -> None:
    out = io.StringIO()
    journal = Journal("serving", Metrics(), lambda _: None, out)
    for request in range(100):
        journal.failed("LaunchInstances", "UnauthorizedOperation", f"request {request}")
    journal.failed("LaunchInstances", "Throttling", "request 100")
    assert len(out.getvalue().splitlines()) == 2
    assert 'code="UnauthorizedOperation"} 100' in journal.metrics.text().replace(
        'call="LaunchInstances",', ""
    )
