"""The rules a stack must obey, and the one way to apply them."""

from collections.abc import Sequence

from policies.access import no_public_ingress, no_unexplained_wildcards, own_account_only
from policies.daemon_sets import daemon_sets_tolerate, startup_taints_go
from policies.endpoints import narrow_s3_endpoint
from policies.finding import Finding, Rule
from policies.nodes import imds_v2, scale_from_zero
from policies.order import foundations_first, identities_first
from policies.shape import (
    explicit_providers,
    no_output_as_text,
    outputs_registered,
    parented,
    secrets_stay_secret,
    unique_urns,
)
from policies.storage import encrypted, private_buckets, written_once
from policies.tags import tagged
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
    own_account_only,
    encrypted,
    private_buckets,
    written_once,
    narrow_s3_endpoint,
    imds_v2,
    scale_from_zero,
    daemon_sets_tolerate,
    startup_taints_go,
    tagged,
    foundations_first,
    identities_first,
)


def findings(recording: Recording) -> Sequence[Finding]:
    """Every broken rule. Apply it to a ``deployment``: unknown values hide mistakes."""
    return sorted(finding for rule in RULES for finding in rule(recording))
