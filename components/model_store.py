"""The bucket that is the source of truth for model weights."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.bucket_policies import model_bucket_policy
from tokenfleet.plan.model_store import ModelStorePlan, store_url


@dataclass(frozen=True, kw_only=True)
class ModelStoreArgs:
    """What is kept and for how long."""

    plan: ModelStorePlan


class ModelStore(pulumi.ComponentResource):
    """A private, encrypted, versioned bucket that speaks TLS only and replaces nothing.

    Encrypted with S3's own keys: weights are public or licensed files, and a customer key
    would add a request price to every range that a node reads.
    """

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    url: pulumi.Output[str]
    region: str

    def __init__(
        self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:model_store:ModelStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(f"{name}-bucket", force_destroy=args.plan.force_destroy, opts=child)
        closed = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="clean-up",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=args.plan.incomplete_upload_days
                    ),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=args.plan.superseded_version_days
                    ),
                )
            ],
            # S3 rejects rules on superseded versions of a bucket that has none.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        aws.s3.BucketPolicy(
            f"{name}-access",
            bucket=bucket.id,
            policy=bucket.arn.apply(model_bucket_policy),
            # S3 allows one change of a bucket's access at a time and answers 409 to a second.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.bucket_name = bucket.id
        self.bucket_arn = bucket.arn
        self.region = args.plan.region
        self.url = bucket.id.apply(lambda bucket: store_url(bucket, args.plan.region))
        self.register_outputs({"bucketName": self.bucket_name})
