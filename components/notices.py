"""The queue in which the capacity controller hears that nodes go, and the rules that fill it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.capacity.notices import NoticesPlan, queue_policy


@dataclass(frozen=True, kw_only=True)
class NoticesArgs:
    """Which events, and how long they are kept."""

    plan: NoticesPlan


class Notices(pulumi.ComponentResource):
    """An encrypted queue that EventBridge alone may write to.

    Give it to the cluster: the controller's identity names the queue, and a node that is there
    before the rules are may go without notice.
    """

    queue_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: NoticesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:notices:Notices", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            f"{name}-queue",
            message_retention_seconds=args.plan.retention_seconds,
            # Keys of SQS's own: EventBridge could not use a customer key without a policy on it.
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        rules = {
            role: aws.cloudwatch.EventRule(f"{name}-{role}", event_pattern=pattern, opts=child)
            for role, pattern in args.plan.pattern_by_rule.items()
        }
        access = aws.sqs.QueuePolicy(
            f"{name}-access",
            queue_url=queue.url,
            policy=pulumi.Output.all(queue.arn, *(rule.arn for rule in rules.values())).apply(
                lambda arns: queue_policy(arns[0], arns[1:])
            ),
            opts=child,
        )
        for role, rule in rules.items():
            aws.cloudwatch.EventTarget(
                f"{name}-{role}",
                rule=rule.name,
                arn=queue.arn,
                # What comes before it may be sent is lost.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
            )
        self.queue_arn = queue.arn
        self.queue_url = queue.url
        self.register_outputs({"queueArn": self.queue_arn, "queueUrl": self.queue_url})
