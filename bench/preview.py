"""How long a reviewer waits: `tokenfleet preview prod` beside importing its three libraries.

Run by ``make bench``. Machines are noisy: what counts is the ratio of medians within one run.
"""

import statistics
import sys
from pathlib import Path

from rich.console import Console

from bench.wall_time import times_table, wall_times
from tests.own_stacks import FOLDER

TIMES_IMPORT = 9.0

IMPORT = "import pulumi, pulumi_aws, pulumi_kubernetes"
# What any program pays that uses the services of this one, recorder or not.
PROVIDERS = (
    f"{IMPORT} as k; aws = pulumi_aws; aws.ec2.Vpc, aws.eks.Cluster, aws.iam.Role, aws.s3.Bucket,"
    " aws.autoscaling.Group, aws.kms.Key, aws.cloudwatch.LogGroup, aws.budgets.Budget,"
    " aws.vpc.SecurityGroupIngressRule, k.core.v1.Secret, k.apps.v1.Deployment,"
    " k.policy.v1.PodDisruptionBudget, k.helm.v3.Release"
)
BASE = "import the three libraries"
TOKENFLEET = str(Path(sys.executable).with_name("tokenfleet"))
PREVIEW = [TOKENFLEET, "preview", "--project", str(FOLDER)]
# Most containers set the variable: what is not compiled when it is installed never is.
PREVIEWS = {
    "tokenfleet preview prod": ["--unset=PYTHONDONTWRITEBYTECODE"],
    "the same with PYTHONDONTWRITEBYTECODE": ["PYTHONDONTWRITEBYTECODE=1"],
}
COMMANDS = {
    BASE: [sys.executable, "-c", IMPORT],
    "and the services the program uses": [sys.executable, "-c", PROVIDERS],
    **{title: ["env", *setting, *PREVIEW, "prod"] for title, setting in PREVIEWS.items()},
    "tokenfleet preview with a typo": [*PREVIEW, "prodd"],
}


def main() -> int:
    """Print medians and ratios, and whether the target is met; 1 when it is not."""
    console = Console()
    measured = wall_times(COMMANDS)
    console.print(times_table(measured, BASE))
    base = statistics.median(measured[BASE])
    ratios = {title: statistics.median(measured[title]) / base for title in PREVIEWS}
    for title, ratio in ratios.items():
        met = "yes" if ratio <= TIMES_IMPORT else "no"
        console.print(f"{title}, at most {TIMES_IMPORT:g} times the import: {met}, {ratio:.1f}")
    return int(max(ratios.values()) > TIMES_IMPORT)


if __name__ == "__main__":
    sys.exit(main())
