"""Who may deploy: the caller and the administrators are named in different forms."""

import pytest

from tokenfleet.plan.cluster import deployer_problem

ADMINS = {
    "role": "arn:aws:iam::111122223333:role/PlatformAdmin",
    "path": "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_ab12",
    "user": "arn:aws:iam::111122223333:user/ops/alice",
}
SESSION = "arn:aws:sts::111122223333:assumed-role"


@pytest.mark.parametrize(
    "caller",
    [
        f"{SESSION}/PlatformAdmin/alice@example.com",
        f"{SESSION}/AWSReservedSSO_Admin_ab12/alice",
        "arn:aws:iam::111122223333:user/ops/alice",
        ADMINS["role"],
    ],
)
def test_an_administrator_may_deploy_by_role_or_as_a_user(caller: str) -> None:
    assert deployer_problem(caller, ADMINS) is None


@pytest.mark.parametrize(
    "caller",
    [
        f"{SESSION}/Somebody/PlatformAdmin",
        f"{SESSION}/platformadmin/alice",
        f"{SESSION}/alice/alice",
        "arn:aws:sts::444455556666:assumed-role/PlatformAdmin/alice",
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::111122223333:role/other/PlatformAdmin",
        "arn:aws:iam::111122223333:root",
        "arn:aws:sts::111122223333:federated-user/alice",
    ],
)
def test_anybody_else_is_told_whom_to_name(caller: str) -> None:
    problem = deployer_problem(caller, ADMINS)
    assert problem
    assert caller in problem
    assert "cluster.adminPrincipals" in problem
