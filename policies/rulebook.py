"""The rules a stack must obey, and the one way to apply them."""

from collections.abc import Sequence

from tokenfleet.policies.access import no_public_ingress, no_unexplained_wildcards, own_account_only
from tokenfleet.policies.capacity import (
    autoscaler_sees_no_spot,
    one_writer_a_group,
    protected_from_scale_in,
)
from tokenfleet.policies.daemon_sets import daemon_sets_tolerate, startup_taints_go
from tokenfleet.policies.edge import models_behind_edge
from tokenfleet.policies.endpoints import narrow_s3_endpoint
from tokenfleet.policies.finding import Finding, Rule
from tokenfleet.policies.nodes import imds_v2, scale_from_zero
from tokenfleet.policies.order import foundations_first, identities_first
from tokenfleet.policies.shape import (
    explicit_providers,
    no_output_as_text,
    outputs_registered,
    parented,
    secrets_stay_secret,
    unique_urns,
)
from tokenfleet.policies.storage import encrypted, private_buckets, written_once
from tokenfleet.policies.tags import tagged
from tokenfleet.recording.recorded import Recording

RULES: Sequence[Rule] = (
    unique_urns,
    parented,
    outputs_registered,
    explicit_providers,
    no_output_as_text,
    secrets_stay_secret,
    no_unexplained_wildcards,
    no_public_ingress,
    models_behind_edge,
    own_account_only,
    encrypted,
    private_buckets,
    written_once,
    narrow_s3_endpoint,
    imds_v2,
    scale_from_zero,
    one_writer_a_group,
    protected_from_scale_in,
    autoscaler_sees_no_spot,
    daemon_sets_tolerate,
    startup_taints_go,
    tagged,
    foundations_first,
    identities_first,
)


def findings(recording: Recording) -> Sequence[Finding]:
    """Every broken rule. Apply it to a ``deployment``: unknown values hide mistakes."""
    return sorted(finding for rule in RULES for finding in rule(recording))


def name_of(rule: Rule) -> str:
    """How its findings call a rule."""
    return rule.__name__.replace("_", "-")
