"""One question after the other: what is refused becomes a sentence, and the rest is asked."""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own

from tokenfleet.aws.explain import code_of, is_about_credentials, is_denied, problem_lines
from tokenfleet.plain_text import visible

_Answer = TypeVar("_Answer")


class AdviceError(Exception):
    """Nothing can be asked: each line names what is wrong or the way out."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


class Asking:
    """Hears what could not be answered.

    ``place`` is what is asked, such as EC2 in us-east-1, and ``endpoint`` its address.
    """

    def __init__(self, place: str, endpoint: str) -> None:
        self._place, self._endpoint = place, endpoint
        self._nothing_yet = True
        self.not_known: list[str] = []

    def answer(
        self, what: str, action: str, call: Callable[[], _Answer], why: str = ""
    ) -> _Answer | None:
        """What a call returns, or None and a sentence that ``what`` is not known.

        ``action`` is the call, as IAM names it; ``why`` is what else it takes.

        Raises:
            AdviceError: There are no credentials, or they are not accepted; or nobody answers
                the first question.
        """
        try:
            found = call()
        except (BotoCoreError, ClientError) as error:
            unheard = self._nothing_yet and isinstance(error, ConnectionError | HTTPClientError)
            if unheard or is_about_credentials(error):
                lines = list(problem_lines(error, self._place, self._endpoint, {}))
                if isinstance(error, ClientError) and code_of(error) == "AuthFailure":
                    lines.append("or enable the region for the account, if it is not")
                raise AdviceError(lines) from error
            self.not_known.append(visible(f"{what}: not known. {_reason(error, action)}{why}"))
            return None
        finally:
            self._nothing_yet = False
        return found


def _reason(error: BotoCoreError | ClientError, action: str) -> str:
    call = action.partition(":")[2]
    if isinstance(error, ClientError):
        if is_denied(error):
            return f"{call} was denied: these credentials need {action}."
        said = error.response.get("Error", {}).get("Message", "").rstrip(".")
        return f"{call} (it needs {action}) was answered {code_of(error)}: {said}."
    return f"{call} (it needs {action}) got no answer: {str(error).rstrip('.')}."
