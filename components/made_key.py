"""A key that is made once, at the first deployment, and kept in a Secret."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from tokenfleet.plan.manifests.containers import KEY_FILE


@dataclass(frozen=True, kw_only=True)
class MadeKey:
    """The Secret, and the key in it as it stands there, whenever it was made."""

    secret: pulumi.CustomResource
    key: pulumi.Output[str]


def made_key(
    parent: pulumi.Resource,
    name: str,
    secret: str,
    namespace: str,
    depends_on: Sequence[pulumi.Resource],
) -> MadeKey:
    """A Secret of that physical name, whose resource is called after it and its component."""
    resource = kubernetes.core.v1.Secret(
        f"{name}-{secret}",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(name=secret, namespace=namespace),
        type="Opaque",
        string_data={KEY_FILE: pulumi.Output.secret(secrets.token_urlsafe(32))},
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=depends_on,
            # One made here is new on every run: only the first one counts.
            ignore_changes=[f"stringData.{KEY_FILE}"],
        ),
    )
    # The API server keeps what it is given as text in `data`, in base64.
    key = resource.data.apply(lambda data: base64.b64decode(data[KEY_FILE]).decode())
    return MadeKey(secret=resource, key=pulumi.Output.secret(key))
