"""An add-on that EKS installs and updates."""

import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws


def eks_addon(
    name: str,
    addon: str,
    configuration: Mapping[str, object],
    *,
    cluster_name: pulumi.Input[str],
    identities: Sequence[aws.eks.AddonPodIdentityAssociationArgs] | None = None,
    opts: pulumi.ResourceOptions,
) -> aws.eks.Addon:
    """The add-on, named after its component and itself.

    Without a version: EKS installs the default of the cluster's version once and does not move
    it by itself.
    """
    return aws.eks.Addon(
        f"{name}-{addon}",
        cluster_name=cluster_name,
        addon_name=addon,
        configuration_values=json.dumps(configuration) if configuration else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        pod_identity_associations=identities,
        opts=opts,
    )
