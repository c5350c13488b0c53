"""The policy pack that ``pulumi up --policy-pack policies`` starts."""

import sys
from pathlib import Path

# A checkout, which the environment of the pack does not have installed.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from tokenfleet.policies.pack.analyzer import serve

serve()
