# What the policy pack uses of pulumi-policy 1.21, whose requirements exclude this environment's.

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NoReturn, TypeAlias

class EnforcementLevel(Enum):
    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    DISABLED = "disabled"

class PolicyResourceOptions:
    protect: bool
    ignore_changes: Sequence[str]
    delete_before_replace: bool | None

class PolicyProviderResource:
    urn: str

class PolicyResource:
    resource_type: str
    props: Mapping[str, Any]
    urn: str
    name: str
    opts: PolicyResourceOptions
    provider: PolicyProviderResource | None
    parent: PolicyResource | None
    dependencies: list[PolicyResource]
    property_dependencies: dict[str, list[PolicyResource]]

class ResourceValidationArgs:
    urn: str
    props: Mapping[str, Any]

class StackValidationArgs:
    resources: list[PolicyResource]
    def not_applicable(self, reason: str | None = None) -> NoReturn: ...

ReportViolation: TypeAlias = Callable[[str, str | None], None]

class Policy: ...

class ResourceValidationPolicy(Policy):
    def __init__(
        self,
        name: str,
        description: str,
        validate: Callable[[ResourceValidationArgs, ReportViolation], None],
    ) -> None: ...

class StackValidationPolicy(Policy):
    def __init__(
        self,
        name: str,
        description: str,
        validate: Callable[[StackValidationArgs, ReportViolation], None],
    ) -> None: ...

class PolicyPack:
    def __init__(
        self, name: str, policies: list[Policy], enforcement_level: EnforcementLevel
    ) -> None: ...
