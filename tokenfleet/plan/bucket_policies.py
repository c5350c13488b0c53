"""What S3 is told: who may change the model bucket how, and which buckets the VPC may reach."""

import json
from collections.abc import Mapping, Sequence

from tokenfleet.weights.layout import PREFIX


def model_bucket_policy(bucket_arn: str) -> str:
    """A bucket policy (JSON): no request without TLS, and nothing published is ever replaced.

    Nobody may store an object below the prefix unless he asks that there be none. Parts of an
    upload are exempt, which cannot ask; their completion is not (Amazon S3 user guide, "Enforce
    conditional writes on Amazon S3 buckets", 2026-11).
    """
    return _document(
        [
            {
                "Sid": "DenyPlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket_arn, f"{bucket_arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "DenyReplacing",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": f"{bucket_arn}/{PREFIX}*",
                "Condition": {
                    "Null": {"s3:if-none-match": "true"},
                    "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            },
        ]
    )


def s3_endpoint_policy(bucket_arn: str, public_objects: Sequence[str]) -> str:
    """The policy (JSON) of the VPC's way to S3: weights in, images in, and nothing out.

    It grants nothing, it limits: what identities may do is theirs. Publishing works from inside
    as well. ``public_objects`` are the ARNs of what everybody in the VPC may read.
    """
    return _document(
        [
            {
                "Sid": "ListModels",
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
                "Resource": bucket_arn,
            },
            {
                "Sid": "Models",
                "Effect": "Allow",
                "Principal": "*",
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "Resource": f"{bucket_arn}/{PREFIX}*",
            },
            {
                "Sid": "ImagesAndPackages",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": list(public_objects),
            },
        ]
    )


def _document(statements: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
