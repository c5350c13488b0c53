"""What a preview answers in place of a cloud: a YAML file that a user wrote (docs/answers.md)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import Field, ValidationError

from tokenfleet.json_document import camel_case
from tokenfleet.mistakes import Mistake, located
from tokenfleet.settings.messages import mistakes_of
from tokenfleet.settings.section import Section
from tokenfleet.settings.yaml_file import (
    FileError,
    as_mapping,
    file_error,
    read_yaml,
    whole_file_error,
)

_Answers = dict[str, dict[str, object]]


class AnswersFile(Section):
    """Answers by what is asked: each a mapping of names to values."""

    environments: _Answers = Field(default_factory=dict)
    """Configuration that an environment of Pulumi ESC gives, by its name."""
    stack_references: _Answers = Field(default_factory=dict)
    """Outputs of another stack, by its name as the program writes it."""
    functions: _Answers = Field(default_factory=dict)
    """The result of a function of a provider, by its token; keys as the provider spells them."""
    resources: _Answers = Field(default_factory=dict)
    """Properties of existing resources, by type; keys as the provider spells them."""


def read_answers(path: Path) -> AnswersFile:
    """Read an answers file.

    Raises:
        FileError: when it cannot be read or is not as it should be, with every mistake on a line.
    """
    try:
        found = read_yaml(path)
    except FileNotFoundError:
        msg = f"--answers {path}: there is no such file"
        raise FileError(msg) from None
    if not as_mapping(found.content):
        problem = "holds no answers: docs/answers.md shows what belongs there"
        raise whole_file_error(found.name, problem)
    answers = AnswersFile()
    try:
        answers = AnswersFile.model_validate_json(json.dumps(found.content, default=str))
    except ValidationError as error:
        each = zip(error.errors(), mistakes_of(error, "", AnswersFile), strict=True)
        mistakes = [
            (detail["loc"], replace(mistake, path=mistake.path.removeprefix(".")))
            for detail, mistake in each
        ]
    except (ValueError, TypeError, RecursionError) as error:
        raise whole_file_error(found.name, f"cannot be read: {error}") from error
    else:
        mistakes = list(_misspelt(answers))
    if mistakes:
        raise file_error(
            *(
                located(found.name, found.line_of(*map(str, keys)), mistake)
                for keys, mistake in mistakes
            )
        )
    return answers


def _misspelt(answers: AnswersFile) -> Iterator[tuple[tuple[str, ...], Mistake]]:
    """Keys that the SDK would lose without a word (pulumi/pulumi#11037)."""
    sections: Mapping[str, _Answers] = {
        "functions": answers.functions,
        "resources": answers.resources,
    }
    for section, entries in sections.items():
        for token, values in entries.items():
            for key in values:
                if "_" in key:
                    keys = (section, token, key)
                    problem = f"must be spelt as the provider does: {camel_case(key)}"
                    yield keys, Mistake(path=".".join(keys), value="", problem=problem)
