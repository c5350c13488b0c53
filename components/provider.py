"""The one AWS provider of a stack; every component is given it explicitly."""

from collections.abc import Mapping

import pulumi_aws as aws


def aws_provider(
    name: str, region: str, account: str | None, tags: Mapping[str, str]
) -> aws.Provider:
    """A provider for one region that tags whatever it creates, in no account but that one."""
    return aws.Provider(
        name,
        region=region,
        allowed_account_ids=[account] if account else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
    )
