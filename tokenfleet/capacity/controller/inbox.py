"""The queue that EventBridge fills."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tokenfleet.capacity.controller.client import aws_client

_MOST_AT_ONCE = 10
_LONGEST_WAIT = 5
# A message that was read and not deleted comes again: two minutes do not wait for the usual 30 s.
_AGAIN_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Message:
    """``receipt`` is what it takes to delete it."""

    body: str
    receipt: str


class InboxError(Exception):
    """The queue could not be read, or a message not be deleted."""


class Inbox:
    """Messages stay until they are deleted: another controller, or this one again, gets them."""

    def __init__(self, url: str, region: str) -> None:
        self._client = aws_client("sqs", region, read_seconds=_LONGEST_WAIT + 10)
        self._url = url

    def receive(self, seconds: float) -> Sequence[Message]:
        """Wait for messages, five seconds at most.

        Raises:
            InboxError: when the queue does not answer.
        """
        # The queue waits for whole seconds.
        whole = int(max(0.0, min(_LONGEST_WAIT, seconds)))
        if 0 < seconds < 1:
            time.sleep(seconds)
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_MOST_AT_ONCE,
                VisibilityTimeout=_AGAIN_SECONDS,
                WaitTimeSeconds=whole,
            )
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise InboxError(str(error)) from error
        found = answer.get("Messages", ())
        return [Message(body=m["Body"], receipt=m["ReceiptHandle"]) for m in found]

    def delete(self, message: Message) -> None:
        """Never deliver it again.

        Raises:
            InboxError: when the queue does not answer; it then comes again.
        """
        try:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise InboxError(str(error)) from error
