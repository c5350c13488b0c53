"""What S3 and its client say went wrong, in words that name the way out."""

from collections.abc import Mapping

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
_BAD_CREDENTIALS = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}
)


def code_of(error: ClientError) -> str:
    """The name S3 gives an error; the HTTP status where a HEAD has none."""
    return error.response.get("Error", {}).get("Code", "")


def explained(error: BotoCoreError | ClientError, url: str, endpoint: str) -> StoreError:
    """The same error as lines for a person.

    ``url`` is the bucket as people write it, ``endpoint`` the address that was asked.
    """
    if isinstance(error, ClientError):
        return _answered(error, url, endpoint)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreError([f"no AWS credentials: {error}", _LOG_IN])
    if isinstance(error, ConnectionError | HTTPClientError):
        return StoreError(
            [
                f"{endpoint} does not answer: {error}",
                "look at the network, AWS_REGION and AWS_ENDPOINT_URL_S3",
            ]
        )
    return StoreError([f"{url} cannot be used: {error}"])


def _answered(error: ClientError, url: str, endpoint: str) -> StoreError:
    code, said = code_of(error), error.response.get("Error", {}).get("Message", "")
    match code:
        case "NoSuchBucket":
            return StoreError(
                [
                    f"there is no bucket {url} at {endpoint}",
                    "pulumi stack output modelBucket prints the name of a stack's bucket",
                ]
            )
        case "AccessDenied" | "403":
            needed = _PERMISSION_BY_OPERATION.get(error.operation_name, error.operation_name)
            return StoreError(
                [
                    f"access denied to {url}: these credentials need {needed}",
                    f"{endpoint} said to {error.operation_name}: {said}",
                ]
            )
        case "RequestTimeTooSkewed":
            return StoreError([f"the clock of this machine is wrong: {said}", "set it, run again"])
        case code if code in _BAD_CREDENTIALS:
            return StoreError([f"{endpoint} does not accept these credentials: {said}", _LOG_IN])
        case _:
            return StoreError([f"{url}: {error.operation_name} was answered {code}: {said}"])
