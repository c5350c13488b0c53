"""How long a reviewer waits: `tokenfleet preview prod` beside importing its three libraries.

Run by ``make bench``. Machines are noisy: what counts is the ratio of medians within one run.
"""

import statistics
import sys
from pathlib import Path

from rich.console import Console

from bench.wall_time import times_table, wall_times

PREVIEW_SECONDS, PREVIEW_TIMES_IMPORT = 3.0, 4.0

IMPORT = "import pulumi, pulumi_aws, pulumi_kubernetes"
# What any program pays that uses the services of this one, recorder or not.
PROVIDERS = (
    f"{IMPORT} as k; aws = pulumi_aws; aws.ec2.Vpc, aws.eks.Cluster, aws.iam.Role, aws.s3.Bucket,"
    " aws.autoscaling.Group, aws.kms.Key, aws.cloudwatch.LogGroup, aws.budgets.Budget,"
    " aws.vpc.SecurityGroupIngressRule, k.core.v1.Secret, k.apps.v1.Deployment,"
    " k.policy.v1.PodDisruptionBudget, k.helm.v3.Release"
)
BASE = "import the three libraries"
COMMANDS = {
    BASE: [sys.executable, "-c", IMPORT],
    "and the services the program uses": [sys.executable, "-c", PROVIDERS],
    "tokenfleet preview prod": [
        str(Path(sys.executable).with_name("tokenfleet")),
        "preview",
        "prod",
    ],
    "tokenfleet preview with a typo": [
        str(Path(sys.executable).with_name("tokenfleet")),
        "preview",
        "prodd",
    ],
}


def main() -> None:
    """Print medians and ratios, and whether the targets are met."""
    console = Console()
    measured = wall_times(COMMANDS)
    console.print(times_table(measured, BASE))
    base, preview = (
        statistics.median(measured[name]) for name in (BASE, "tokenfleet preview prod")
    )
    for target, met in (
        (f"under {PREVIEW_SECONDS:g} s", preview < PREVIEW_SECONDS),
        (
            f"under {PREVIEW_TIMES_IMPORT:g} times the import",
            preview < PREVIEW_TIMES_IMPORT * base,
        ),
    ):
        console.print(f"{target}: {'yes' if met else 'no'}")


if __name__ == "__main__":
    main()
