"""The ways to start side by side: what each leaves out, and which a stack has in use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.stack import stack_keys
from tokenfleet.plan.decide import decide
