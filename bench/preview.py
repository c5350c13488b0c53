"""How long a reviewer waits: `tokenfleet preview prod` beside importing its three libraries.

Run by ``make bench``. Machines are noisy: what counts is the ratio of medians within one run.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
ROUNDS = 7
PREVIEW_SECONDS, PREVIEW_TIMES_IMPORT = 3.0, 4.0

IMPORT = "import pulumi, pulumi_aws, pulumi_kubernetes"
# What any program pays that uses the services of this one, recorder or not.
PROVIDERS = (
    f"{IMPORT} as k; aws = pulumi_aws; aws.ec2.Vpc, aws.eks.Cluster, aws.iam.Role, aws.s3.Bucket,"
    " aws.autoscaling.Group, aws.kms.Key, aws.cloudwatch.LogGroup, aws.budgets.Budget,"
    " aws.vpc.SecurityGroupIngressRule, k.core.v1.Secret, k.apps.v1.Deployment,"
    " k.policy.v1.PodDisruptionBudget, k.helm.v3.Release"
)
COMMANDS = {
    "import the three libraries": [sys.executable, "-c", IMPORT],
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


def seconds(command: list[str]) -> float:
    """Wall time of a command from start to finish."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print medians and ratios; end with 1 when the time target is missed."""
    console = Console()
    for command in COMMANDS.values():
        seconds(command)  # a warm disk is what is asked for
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):  # taking turns, so that a busy moment hits all alike
        for name, command in COMMANDS.items():
            measured[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in measured.items()}
    base = medians["import the three libraries"]
    table = Table(title=f"median of {ROUNDS} runs", title_justify="left")
    for column in ("what", "seconds", "min", "max", "times the import"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, times in measured.items():
        table.add_row(
            name,
            f"{medians[name]:.2f}",
            f"{min(times):.2f}",
            f"{max(times):.2f}",
            f"{medians[name] / base:.1f}",
        )
    console.print(table)
    preview = medians["tokenfleet preview prod"]
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
