"""What the control plane hands to nodes."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Join:
    """What a node must know to join; ``certificate_authority`` is base64 of the PEM text.

    ``node_policies`` is what its role may do besides, by a name of each.
    """

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    service_cidr: str
    partition: str
    region: str
    node_policies: Mapping[str, str]
