"""The account that a stack is deployed into, and whether whoever deploys may act in its cluster."""

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.cluster import ClusterPlan, deployer_problem


def account_id(provider: aws.Provider, plan: ClusterPlan) -> pulumi.Output[str]:
    """The id of the provider's account.

    Raises:
        pulumi.RunError: in the engine, when the caller is none of the cluster's administrators.
            Roles wait for it, so the cluster is not begun.
    """
    caller = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=provider))

    def checked(caller: aws.GetCallerIdentityResult) -> str:
        problem = deployer_problem(caller.arn, plan.admin_principals)
        if problem:
            raise pulumi.RunError(problem)
        return caller.account_id

    return caller.apply(checked)
