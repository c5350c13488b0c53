"""YAML with scripts in it, written so that they can be read."""

import yaml


class _Readable(yaml.SafeDumper):
    """Texts of several lines line by line, and what is said twice written out twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True


def _represent(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _represent)


def readable_yaml(document: object) -> str:
    """A document with its keys in the order they were written."""
    return yaml.dump(document, Dumper=_Readable, sort_keys=False, width=100)
