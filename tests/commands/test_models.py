"""``tokenfleet models --stack`` against S3 as moto plays it: what is missing, and what to say once nothing is."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from moto import mock_aws
from typer.testing import CliRunner, Result

from tests.documented import as_documented
from tests.weights.model_files import write_model
from tokenfleet.aws.client import s3_client
from tokenfleet.cli import app
from tokenfleet.json_document import Schema
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.weights.layout import file_key, manifest_key
from tokenfleet.weights.manifest import Manifest, ManifestFile, render

BUCKET = "a-bucket"
Run = Callable[..., Result]


@pytest.fixture
def tokenfleet(monkeypatch: pytest.MonkeyPatch, own_project: Path) -> Iterator[Run]:
    """Runs a command against an empty bucket."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "TOKENFLEET_BUCKET": BUCKET,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(own_project)
    with mock_aws():
        s3_client().create_bucket(Bucket=BUCKET)
        yield lambda *arguments: CliRunner().invoke(app, [*map(str, arguments)])


def test_a_model_gets_its_mark_once_all_that_it_loads_is_there(
    tokenfleet: Run, tmp_path: Path, keys_of: Callable[[str], dict[str, object]], own_project: Path
) -> None:
    (model,) = decide(keys_of("dev"), "dev", own_project).models
    publish = ("publish", model.hugging_face_id, "--revision", model.revision)
    before = tokenfleet("models", "--stack", "dev")
    assert (before.exit_code, before.exception) == (0, None), before.output
    assert f"{model.name} cannot be served yet:" in before.stdout
    assert f"    tokenfleet {' '.join(publish)}\n" in before.stdout
    assert model.mark not in before.stdout

    done = tokenfleet(*publish, "--from", write_model(tmp_path / "model", 1000), "--json")
    assert (done.exit_code, done.exception) == (0, None), done.output
    assert as_documented(done.stdout, Schema.PUBLISH)["outcome"] == "published"
    held = as_documented(tokenfleet("models", "--json").stdout, Schema.MODELS)["models"]
    assert [each["model"] for each in held] == [model.hugging_face_id]
    after = tokenfleet("models", "--stack", "dev")
    assert f"{model.name} can be served. In Pulumi.dev.yaml, below {model.name}: of" in after.stdout
    assert f"      published: {model.mark}\n" in after.stdout
    answer = tokenfleet("models", "--stack", "dev", "--json").stdout
    assert as_documented(answer, Schema.STACK_MODELS) == {
        "schema": "tokenfleet/stack-models/1",
        "bucket": BUCKET,
        "stack": "dev",
        "models": [
            {
                "name": model.name,
                "mark": model.mark,
                "missing": {},
                "compiled": {
                    "snapshot": model.compiled,
                    "state": "not published",
                    "command": f"tokenfleet compile dev {model.name} | kubectl apply -f -",
                },
            }
        ],
    }


def test_compiled_code_is_offered_until_it_is_published(
    tokenfleet: Run, keys_of: Callable[[str], dict[str, object]], own_project: Path
) -> None:
    (model,) = decide(keys_of("dev"), "dev", own_project).models
    assert model.compiled
    offer = f"    tokenfleet compile dev {model.name} | kubectl apply -f -"
    before = tokenfleet("models", "--stack", "dev").stdout.splitlines()
    assert before[-3:] == [
        f"  compiled code {model.compiled}: not published",
        "  Replicas start sooner with it. Once the stack is up:",
        offer,
    ]
    code = b"compiled"
    path, digest = "code-0123456789ab.tar", hashlib.sha256(code).hexdigest()
    file = ManifestFile(path=path, size_bytes=len(code), sha256=digest, parts=())
    promise = render(Manifest(snapshot=model.compiled, tool="test 1", files=(file,)))
    s3_client().put_object(Bucket=BUCKET, Key=file_key(model.compiled, path), Body=code)
    s3_client().put_object(Bucket=BUCKET, Key=manifest_key(model.compiled), Body=promise)
    after = tokenfleet("models", "--stack", "dev").stdout.splitlines()
    assert after[-1] == f"  compiled code {model.compiled}: published"


def test_weights_without_their_compiled_code_are_not_enough(
    tokenfleet: Run, tmp_path: Path, keys_of: Callable[[str], dict[str, object]], own_project: Path
) -> None:
    plan: Plan = decide(keys_of("prod"), "prod", own_project)
    (model,) = (model for model in plan.models if model.artifacts)
    folder = write_model(tmp_path / "model", 1000)
    publish = ("publish", model.hugging_face_id, "--revision", model.revision, "--from", folder)
    assert tokenfleet(*publish).exit_code == 0
    (said,) = (
        row
        for row in json.loads(tokenfleet("models", "--stack", "prod", "--json").stdout)["models"]
        if row["name"] == model.name
    )
    (artifacts,) = model.artifacts
    command = f"tokenfleet compile prod {model.name} | kubectl apply -f -"
    assert said["missing"] == {command: f"compiled code {artifacts}: not published"}


def test_an_adapter_and_the_gate_of_a_model_are_named_with_what_is_missing(
    tokenfleet: Run, tmp_path: Path, own_project: Path
) -> None:
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).write_bytes((own_project / name).read_bytes())
    form = yaml.safe_load((own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    model, revision = "meta-llama/Llama-3.1-8B-Instruct", "a" * 40
    legal = {"huggingFaceId": "acme/legal", "revision": "c" * 40, "rank": 16}
    form["config"]["tokenfleet:models"]["qwen3-4b"] |= {
        "huggingFaceId": model,
        "revision": revision,
        "adapters": {"legal": legal},
    }
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(form), encoding="utf-8")
    said = tokenfleet("models", "--stack", "dev", "--project", tmp_path)
    assert said.stdout.splitlines() == [
        "qwen3-4b cannot be served yet:",
        (
            f"  weights {model}/{revision}: not published. The weights of {model} are gated: accept their licence,"
            f" llama3.1, at https://huggingface.co/{model} and set HF_TOKEN to a token of that account,"
            " or the Hub does not hand them out"
        ),
        f"    tokenfleet publish {model} --revision {revision}",
        f"  adapter legal acme/legal/{'c' * 40}: not published",
        f"    tokenfleet publish acme/legal --revision {'c' * 40}",
    ]


def test_weights_of_another_form_than_the_flags_ask_for_are_not_enough(
    tokenfleet: Run, tmp_path: Path, own_project: Path
) -> None:
    for name in ("Pulumi.yaml", "__main__.py"):
        (tmp_path / name).write_bytes((own_project / name).read_bytes())
    form = yaml.safe_load((own_project / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    served = form["config"]["tokenfleet:models"]["qwen3-4b"]
    revision = "a" * 40
    flags = {"load-format": "mistral", "config-format": "mistral", "tokenizer-mode": "mistral"}
    served |= {"huggingFaceId": "Qwen/Qwen3-0.6B", "revision": revision, "engineArguments": flags}
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(form), encoding="utf-8")
    stack = ("models", "--stack", "dev", "--project", tmp_path)
    command = f"tokenfleet publish Qwen/Qwen3-0.6B --revision {revision} --load-format mistral"
    assert f"    {command}\n" in tokenfleet(*stack).stdout

    both: dict[str, bytes] = dict.fromkeys(("params.json", "tekken.json"), b"{}")
    folder = write_model(tmp_path / "model", 1000, both)
    publish = command.split()[1:]
    refused = tokenfleet(*publish, "--from", folder)
    assert refused.exit_code == 2
    assert "holds no consolidated*.safetensors, which load format mistral needs" in refused.stderr
    assert tokenfleet(*publish[:-2], "--from", folder).exit_code == 0
    said = tokenfleet(*stack).stdout
    assert "published without the files that load format mistral needs" in said
    assert "can be served" not in said


def test_a_stack_that_is_not_there_is_refused(tokenfleet: Run) -> None:
    refused = tokenfleet("models", "--stack", "nowhere")
    assert refused.exit_code == 2
    assert "no stack 'nowhere'" in refused.stderr
