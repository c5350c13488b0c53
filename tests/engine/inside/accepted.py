"""Says what vllm's own command line and environment would not take, without starting anything.

Run by the engine's own interpreter: ``python accepted.py ROWS ANSWERS``. ROWS is a JSON list of
{"arguments": [...], "environment": {...}}; ANSWERS becomes {"complaints": a list for each row,
"flags": each flag of ``vllm serve`` with "switch" or "value"}.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import argparse
import contextlib
import dataclasses
import io
import json
import os
import sys
from pathlib import Path
from typing import get_args

from vllm import envs
from vllm.config.speculative import SpeculativeConfig, SpeculativeMethod
from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.utils.argparse_utils import FlexibleArgumentParser


def main() -> None:
    """All rows in one process: importing vllm takes longer than the rest."""
    rows, answers = map(Path, sys.argv[1:])
    serve = ServeSubcommand()
    parser = FlexibleArgumentParser()
    flags = _flags(serve.subparser_init(parser.add_subparsers()))
    complaints = [
        [
            *_argument_complaints(parser, serve, row["arguments"]),
            *_environment_complaints(row["environment"]),
        ]
        for row in json.loads(rows.read_text(encoding="utf-8"))
    ]
    answers.write_text(json.dumps({"complaints": complaints, "flags": flags}), encoding="utf-8")


def _flags(parser: argparse.ArgumentParser) -> dict[str, str]:
    return {
        option.removeprefix("--"): "switch" if action.nargs == 0 else "value"
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"  # which serves nothing
    }


def _argument_complaints(
    parser: FlexibleArgumentParser, serve: ServeSubcommand, arguments: list[str]
) -> list[str]:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parsed = parser.parse_args(["serve", *arguments])
            serve.validate(parsed)
    except SystemExit:
        return [said.getvalue().strip().splitlines()[-1]]
    except (TypeError, ValueError) as error:
        return [str(error)]
    return _speculation_complaints(parsed.speculative_config or {})


def _speculation_complaints(config: dict[str, object]) -> list[str]:
    """What its configuration does not know; the parser takes any JSON, and a model is not there to ask."""
    known = {field.name for field in dataclasses.fields(SpeculativeConfig)}
    found = [f"no key of SpeculativeConfig: {key}" for key in config.keys() - known]
    method = config.get("method", "ngram")
    return found + ([] if method in get_args(SpeculativeMethod) else [f"no method: {method}"])


def _environment_complaints(environment: dict[str, str]) -> list[str]:
    found = []
    for name, value in environment.items():
        if not name.startswith("VLLM_"):
            continue
        if name not in envs.environment_variables:
            found.append(f"unknown variable: {name}")
            continue
        os.environ[name] = value
        try:
            envs.environment_variables[name]()
        except Exception as error:  # noqa: BLE001 - whatever reading a value raises is the answer
            found.append(f"{name}={value}: {error}")
        del os.environ[name]
    return found


if __name__ == "__main__":
    main()
