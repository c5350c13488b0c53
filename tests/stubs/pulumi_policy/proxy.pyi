# How pulumi-policy hands on values that are not known yet.

from collections.abc import Sequence

UNKNOWN_STRING_VALUE: str

class UnknownValueError(Exception):
    message: str
    def __init__(self, unknown_type_sentinel: str, props: Sequence[str]) -> None: ...
