"""``tokenfleet advise`` as people and machines use it, about an account of moto's."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.account import PLENTY, QUOTAS, Account, Refused, attributes, opened, quotas, scores
from tests.documented import as_documented
from tests.own_stacks import FOLDER, own_stack
from tokenfleet.advice.question import question_of
from tokenfleet.aws.advice.ask import ask
from tokenfleet.cli import app
from tokenfleet.json_document import Schema
from tokenfleet.plan.decide import plan_of

BLOCKED, BAD_INPUT = 4, 2
PAGE = Path(__file__).parents[2] / "docs" / "advise.md"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account that has everything."""
    with opened(monkeypatch) as found:
        yield found


def _advise(*words: str, width: int = 80) -> Result:
    arguments = ["advise", *words, "--project", str(FOLDER)]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": str(width)})


def _advice(*words: str) -> dict[str, Any]:
    return as_documented(_advise(*words, "--json").stdout, Schema.ADVICE)


def test_an_account_that_has_everything_blocks_nothing(account: Account) -> None:
    result = _advise("dev")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Nothing found that would block pulumi up." in result.stdout
    advice = _advice("dev")
    assert (advice["blocked"], advice["findings"], advice["notKnown"]) == (False, [], [])
    assert account.asked


def test_a_quota_that_holds_less_than_the_stack_starts_with_blocks(account: Account) -> None:
    few = dict.fromkeys(QUOTAS, PLENTY) | {"L-1216C47A": 5.0}
    account.answers["ListServiceQuotas"] = lambda _: quotas(few)
    result = _advise("prod", width=200)
    assert result.exit_code == BLOCKED
    assert "L-1216C47A" in result.stdout
    assert "is 5 vCPUs, and the stack starts with 6 of them" in result.stdout
    assert "ask for 198 vCPUs of L-1216C47A" in result.stdout
    assert "request-service-quota-increase --service-code ec2" in result.stdout
    assert "Nothing found" not in result.stdout


def test_a_call_that_is_denied_is_a_sentence_and_the_rest_is_said(account: Account) -> None:
    whole = _advice("dev")
    actions, answers = sorted(account.actions), dict(account.answers)
    assert actions
    for action in actions:
        account.answers = answers | {action.partition(":")[2]: Refused("UnauthorizedOperation")}
        result = _advise("dev", "--json")
        advice = as_documented(result.stdout, Schema.ADVICE)
        assert result.exit_code == 0
        assert any(f"these credentials need {action}." in line for line in advice["notKnown"])
        kept = [key for key in whole if advice[key] == whole[key]]
        assert {"findings", "missingOffers"} < set(kept)
        assert len(kept) >= len(whole) - 4


def test_capacity_manager_that_is_off_is_one_sentence(account: Account) -> None:
    account.answers["GetCapacityManagerAttributes"] = lambda _: attributes("disabled")
    (line,) = _advice("dev")["notKnown"]
    assert "Capacity Manager is not enabled in us-east-1" in line
    assert "ec2:GetCapacityManagerMetricData" not in account.actions


def test_a_support_plan_without_scores_is_one_sentence(account: Account) -> None:
    account.answers["GetCapacityManagerSupportabilityScores"] = Refused("Unsupported", "not yours")
    (line,) = _advice("dev")["notKnown"]
    assert "was answered Unsupported: not yours." in line
    assert "Unified Operations" in line


def test_a_pool_of_too_few_types_is_not_asked_about_and_said(account: Account) -> None:
    advice = _advice("prod")
    said = [line for line in advice["notKnown"] if "not enough types for a score" in line]
    assert [line.partition(":")[0] for line in said] == [
        "Placement scores of h100",
        "Placement scores of inferentia2",
    ]
    (asked,) = account.parameters_of("GetSpotPlacementScores")
    assert asked["TargetCapacity"] == 10
    assert asked["SingleAvailabilityZone"] is True
    assert len(asked["InstanceTypes"]) == 4


def test_scores_stand_beside_the_zones_that_have_these_ids(account: Account) -> None:
    account.answers["GetSpotPlacementScores"] = lambda _: scores({"use1-az1": 2, "use1-az4": 9})
    (tier,) = _advice("dev")["spot"]
    assert tier["scoreByZone"] == {"us-east-1b": 2}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_lines_fit_on_80_columns(stack: str, account: Account) -> None:
    account.answers["ListServiceQuotas"] = lambda _: quotas({"L-1216C47A": 0.0})
    account.answers["GetSpotPlacementScores"] = Refused("UnauthorizedOperation")
    result = _advise(stack)
    assert result.exit_code == BLOCKED
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AuthFailure", "does not accept these credentials"),
        ("ExpiredToken", "log in (aws sso login)"),
    ],
)
def test_credentials_that_are_not_accepted_end_it(code: str, said: str, account: Account) -> None:
    account.answers["DescribeAvailabilityZones"] = Refused(code)
    result = _advise("dev")
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert said in result.stderr


def test_without_credentials_there_is_no_advice(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = _advise("dev", "--json")
    assert result.exit_code == BAD_INPUT
    assert "no AWS credentials" in as_documented(result.stdout, Schema.ERROR)["error"]["lines"][0]
    assert account.actions == {"ec2:DescribeAvailabilityZones"}


def test_a_stack_that_cannot_be_built_asks_nobody(account: Account) -> None:
    assert _advise("nowhere").exit_code == BAD_INPUT
    assert not account.asked


def test_the_policy_on_the_page_allows_the_calls_that_are_made_and_no_other(
    account: Account,
) -> None:
    question = question_of(plan_of(own_stack("prod")))
    ask(replace(question, image_ids=["ami-0123456789abcdef0"]), dt.datetime.now(dt.UTC))
    (policy,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Action"] == sorted(account.actions)
