"""What AWS and its client say went wrong, in words that name the way out."""

from collections.abc import Mapping, Sequence

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, beside the builtin it does not inherit from
    CredentialRetrievalError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from tokenfleet.weights.refusal import StoreError

_SENDING = "s3:PutObject"
# S3 answers 403 for an object that does not exist to whoever may not list the bucket.
_READING = "s3:GetObject on its objects and s3:ListBucket on the bucket"
_PERMISSION_BY_OPERATION: Mapping[str, str] = {
    "CompleteMultipartUpload": _SENDING,
    "CreateMultipartUpload": _SENDING,
    "DeleteObject": "s3:DeleteObject, to repair what is not as its manifest promises",
    "GetObject": _READING,
    "HeadObject": _READING,
    "ListMultipartUploads": "s3:ListBucketMultipartUploads on the bucket",
    "ListObjectsV2": "s3:ListBucket on the bucket",
    "ListParts": "s3:ListMultipartUploadParts",
    "PutObject": _SENDING,
    "UploadPart": _SENDING,
}
_LOG_IN = "log in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
_NO_CREDENTIALS = (
    CredentialRetrievalError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
# S3, EC2 and the JSON services name the same thing differently.
_BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset({"RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException"})


def code_of(error: ClientError) -> str:
    """The name S3 gives an error; the HTTP status where a HEAD has none."""
    return error.response.get("Error", {}).get("Code", "")


def is_denied(error: ClientError) -> bool:
    """Whether the credentials lack a permission."""
    return code_of(error) in _DENIED


def is_about_credentials(error: BotoCoreError | ClientError) -> bool:
    """Whether there are none, or those there are count for nothing."""
    if isinstance(error, ClientError):
        return code_of(error) in _BAD_CREDENTIALS
    return isinstance(error, _NO_CREDENTIALS)


def explained(error: BotoCoreError | ClientError, url: str, endpoint: str) -> StoreError:
    """The same error as lines for a person.

    ``url`` is the bucket as people write it, ``endpoint`` the address that was asked.
    """
    if isinstance(error, ClientError) and code_of(error) == "NoSuchBucket":
        return StoreError(
            [
                f"there is no bucket {url} at {endpoint}",
                "pulumi stack output modelBucket prints the name of a stack's bucket",
            ]
        )
    return StoreError(problem_lines(error, url, endpoint, _PERMISSION_BY_OPERATION))


def problem_lines(
    error: BotoCoreError | ClientError,
    what: str,
    endpoint: str,
    permission_by_operation: Mapping[str, str],
) -> Sequence[str]:
    """What went wrong with ``what`` at ``endpoint``, and the way out.

    ``permission_by_operation`` says what an operation needs where it is not named after it.
    """
    if isinstance(error, ClientError):
        return _answered(error, what, endpoint, permission_by_operation)
    if isinstance(error, _NO_CREDENTIALS):
        return [f"no AWS credentials: {error}", _LOG_IN]
    if isinstance(error, ConnectionError | HTTPClientError):
        return [
            f"{endpoint} does not answer: {error}",
            "look at the network, AWS_REGION and any AWS_ENDPOINT_URL",
        ]
    return [f"{what} cannot be used: {error}"]


def _answered(
    error: ClientError, what: str, endpoint: str, permission_by_operation: Mapping[str, str]
) -> Sequence[str]:
    code, said = code_of(error), error.response.get("Error", {}).get("Message", "")
    name = error.operation_name
    if is_denied(error):
        needed = permission_by_operation.get(name, name)
        return [
            f"access denied to {what}: these credentials need {needed}",
            f"{endpoint} said to {name}: {said}",
        ]
    if code in _THROTTLED:
        return [f"{endpoint} takes no more requests now ({code}): {said}", "try again in a minute"]
    if code in _BAD_CREDENTIALS:
        return [f"{endpoint} does not accept these credentials: {said}", _LOG_IN]
    if code == "RequestTimeTooSkewed":
        return [f"the clock of this machine is wrong: {said}", "set it, run again"]
    return [f"{what}: {name} was answered {code}: {said}"]
