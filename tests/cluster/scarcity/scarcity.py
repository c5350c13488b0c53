"""An AWS region whose capacity a scenario decides: the server's process and its controls."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import requests

from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.records import CONTROLLER, SCENARIO, Call, Instance
from tests.guarded import answering, ended, free_port, started

ROOT = Path(__file__).parents[3]
INSUFFICIENT = "InsufficientInstanceCapacity"
SPOT_EVENTS: Sequence[Mapping[str, Any]] = (
    {"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]},
    {"source": ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"]},
)

Market = Literal["spot", "on-demand"]


class Scarcity:
    """Starts on construction, ends with ``stop`` or when this process dies.

    ``aws`` are the clients of whoever sets the scene: faults do not hit them.
    """

    def __init__(self, folder: Path, region: str = "us-east-1") -> None:
        self.region, self.endpoint = region, ""
        self._log = folder / "scarcity.log"
        self._popen = answering(self._start, self._answers, self._log)
        self._clients: dict[str, Clients] = {}
        self.aws = self.clients(SCENARIO)

    def stop(self) -> None:
        """End the server and wait for it."""
        ended(self._popen)

    def reset(self) -> None:
        """Nothing has happened, and there is room for everything."""
        self._ask("reset")

    def clients(self, caller: str = CONTROLLER) -> Clients:
        """Clients with the access key of a caller."""
        if caller not in self._clients:
            self._clients[caller] = Clients(self.endpoint, self.region, caller)
        return self._clients[caller]

    def environment(self, caller: str = CONTROLLER) -> Mapping[str, str]:
        """What boto3 reads in another process."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": caller,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def queue(self, patterns: Sequence[Mapping[str, Any]] = SPOT_EVENTS) -> str:
        """A new queue that hears of the events which match any pattern; its URL."""
        url = self.aws.sqs.create_queue(QueueName="capacity")["QueueUrl"]
        attributes = self.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        for number, pattern in enumerate(patterns):
            rule = f"capacity-{number}"
            self.aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
            target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
            self.aws.events.put_targets(Rule=rule, Targets=[target])  # pyright: ignore[reportArgumentType] - has the keys it wants
        return url

    def capacity(
        self, market: Market, zone: str, instances: int | None, code: str = INSUFFICIENT
    ) -> None:
        """How many instances of a market a zone has room for, those that run included.

        None, as at the start: as many as anybody wants. One too many is refused with ``code``.
        What runs already stays: ``reclaim`` takes it away.
        """
        self._ask("capacity", market=market, zone=zone, instances=instances, code=code)

    def pace(
        self,
        *,
        pending: float = 0.1,
        look: float = 0.2,
        ending: float = 0.1,
        warming: float = 0.1,
    ) -> None:
        """How many seconds things take: a launch until InService, and the end of an instance.

        A group compares its instances with its desired capacity ``look`` seconds after a change,
        and again as long as some are missing. Its warm pool is looked at with it; an instance is
        stopped there ``warming`` seconds after its launch.
        """
        self._ask("pace", pending=pending, look=look, ending=ending, warming=warming)

    def fail_launches(self, count: int) -> None:
        """The next launches are accepted and then fail while they are pending."""
        self._ask("fail_launches", count=count)

    def reclaim(
        self, zone: str, count: int = 1, *, seconds: float = 120, notices: int = 1, late: float = 0
    ) -> Sequence[str]:
        """Take the oldest spot instances of a zone away in ``seconds``; their ids.

        Each is announced ``late`` seconds from now, so many times (0: the notice is lost). The room
        they had is free again: set ``capacity`` too where there shall be none.
        """
        taken = self._ask(
            "reclaim", zone=zone, count=count, seconds=seconds, notices=notices, late=late
        )
        return [str(instance_id) for instance_id in taken]

    def rebalance(self, *instance_ids: str) -> None:
        """Send a rebalance recommendation for each instance."""
        self._ask("rebalance", instance_ids=instance_ids)

    def publish(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Send any other event; rules decide who hears it."""
        self._ask("publish", source=source, detail_type=detail_type, detail=detail)

    def fault(
        self,
        action: str = "",
        code: str = "",
        *,
        times: int | None = None,
        share: float = 1,
        seconds: float = 0,
        done: bool = False,
    ) -> None:
        """Calls of an action, or all, go wrong: the next ``times``, or until ``heal``.

        Of those a ``share`` is hit: answered ``seconds`` late, and refused if there is a ``code``
        (Throttling, InternalFailure, AccessDenied, ...). With ``done`` the call takes effect all
        the same, as when an answer is lost on its way.
        """
        self._ask(
            "fault",
            action=action,
            code=code,
            times=times,
            share=share,
            seconds=seconds,
            done=done,
        )

    def heal(self) -> None:
        """Calls go well again."""
        self._ask("heal")

    def calls(self, action: str = "", *, caller: str = CONTROLLER) -> Sequence[Call]:
        """The AWS calls of a caller so far, of one action or of all."""
        found = [Call(**call) for call in self._ask("calls")]
        return [c for c in found if c.caller == caller and action in ("", c.action)]

    def instances(self, group: str = "", *states: str) -> Sequence[Instance]:
        """The instances there are and were, of one group or of all, in the order of their launch.

        ``states`` leaves those that are in one of them.
        """
        found = [Instance(**instance) for instance in self._ask("instances")]
        return [i for i in found if group in ("", i.group) and (not states or i.state in states)]

    def _ask(self, control: str, **arguments: Any) -> Any:  # noqa: ANN401 - each control's own
        # One a call: the bridge asks from another thread.
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.endpoint}/scarcity/{control}", json=arguments, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def _start(self) -> subprocess.Popen[bytes]:
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "tests.cluster.scarcity.server", str(port), self.region]
        return started(self._log, command, folder=ROOT)

    def _answers(self) -> bool:
        try:
            self._ask("heal")
        except requests.ConnectionError:
            return False
        return True
