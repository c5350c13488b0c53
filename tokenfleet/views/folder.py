"""A preview as files: everything a reviewer might want to open, diff or feed to another tool."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import yaml

from tokenfleet.json_document import Schema, json_document, plain
from tokenfleet.plan.edge.envoy.routes import routes
from tokenfleet.plan.stack import Plan
from tokenfleet.policies.values import decoded
from tokenfleet.preview.origin import Origin
from tokenfleet.preview.report import Report
from tokenfleet.recording.recorded import SECRET, RecordedResource, Recording
from tokenfleet.settings.keys import DEFAULT_CLIENT
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.written_files import write_files

PAGE = "report.html"
"""What a person opens first, in the folder of a preview."""

# Written into every folder of ours; without it a folder that is not empty is left alone.
_MARK = "report.json"
_SUBFOLDERS = ("addons", "edge", "manifests", "jobs", "user-data", "helm-values")


class FolderError(Exception):
    """A folder that cannot be written to."""


def write_folder(
    folder: Path, report: Report, recording: Recording, origin: Origin, *, only_json: bool = False
) -> None:
    """Write a preview into ``folder``, replacing an earlier one whole, or not at all.

    ``only_json`` leaves out what is for people and for other tools.

    Raises:
        FolderError: when it is a file, holds something else, or cannot be written.
    """
    try:
        if folder.exists() and not folder.is_dir():
            msg = f"{folder} is a file: name a folder"
            raise FolderError(msg)
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
            msg = f"{folder} holds something that is not a preview: name another folder or empty it"
            raise FolderError(msg)
        contents = dict(
            _documents(report, recording) if only_json else _contents(report, recording, origin)
        )
        write_files(folder, contents, emptied=_SUBFOLDERS)
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}"
        raise FolderError(msg) from error


def _contents(report: Report, recording: Recording, origin: Origin) -> Iterator[tuple[str, str]]:
    yield PAGE, html(report, origin)
    yield "report.md", markdown(report, origin)
    yield from machine_files(report.plan, recording)
    yield from _documents(report, recording)


def _documents(report: Report, recording: Recording) -> Iterator[tuple[str, str]]:
    yield "resources.json", json_document(Schema.RESOURCES, recording)
    yield _MARK, json_document(Schema.PREVIEW, report)


def machine_files(plan: Plan, recording: Recording) -> Iterator[tuple[str, str]]:
    """What machines execute, by path.

    Manifests, Envoy's files, Jobs to be run by hand, Helm values, add-ons' values, user data.
    """
    yield from _edge_files(plan)
    for job in plan.serving.compile_jobs.values():
        metadata = cast("Mapping[str, object]", job["metadata"])
        yield f"jobs/{metadata['name']}.yaml", manifest_yaml(job)
    for resource in recording.resources:
        if resource.type == "kubernetes:helm.sh/v3:Release":
            yield (
                f"helm-values/{resource.inputs['name']}.yaml",
                manifest_yaml(resource.inputs["values"]),
            )
        elif resource.type.startswith("kubernetes:"):
            yield _manifest(resource)
        elif resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
            text = decoded(resource.inputs["userData"])
            yield f"user-data/{resource.name.removesuffix('-template')}.mime", text
        elif resource.type == "aws:eks/addon:Addon" and resource.inputs.get("configurationValues"):
            values = json.loads(str(resource.inputs["configurationValues"]))
            yield f"addons/{resource.inputs['addonName']}.yaml", manifest_yaml(values)


def _edge_files(plan: Plan) -> Iterator[tuple[str, str]]:
    """What Envoy reads; in place of every key, which no plan holds, the name of whose it is."""
    edge = plan.edge
    owners = [client.name for client in edge.clients] or [DEFAULT_CLIENT]
    keys = {name: [f"KEY-OF-{name}"] for name in owners}
    found = routes(edge.names, edge.clients, keys, "KEY-OF-THE-EDGE")
    for name, content in (("envoy", edge.bootstrap), ("rds", found)):
        yield f"edge/{name}.json", json.dumps(content, indent=2) + "\n"


def _manifest(resource: RecordedResource) -> tuple[str, str]:
    metadata = cast("Mapping[str, object]", resource.inputs["metadata"])
    name = f"manifests/{str(resource.inputs['kind']).lower()}-{metadata['name']}.yaml"
    open_inputs = {key: value for key, value in resource.inputs.items() if value != SECRET}
    withheld = resource.inputs.keys() - open_inputs.keys()
    heading = f"# {', '.join(sorted(withheld))}: secret, not shown\n" if withheld else ""
    return name, heading + manifest_yaml(open_inputs)


def manifest_yaml(manifest: object) -> str:
    """A manifest, or Helm values, as YAML with their keys in the order they were written."""
    return yaml.safe_dump(plain(manifest), sort_keys=False, width=100)
