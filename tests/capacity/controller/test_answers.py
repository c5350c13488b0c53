"""What comes back instead of an answer: it is always one of the errors that callers expect."""

import http.client
import io
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.capacity.controller.kubernetes import Kubernetes, Refused


class _Broken(io.BytesIO):
    def read(self, *_: object) -> bytes:
        raise http.client.IncompleteRead(bytes(1), 10)


def _refusal(body: io.BytesIO) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("https://a", 503, "no", Message(), body)


ROWS: Mapping[str, tuple[io.BytesIO | Exception, type[Exception]]] = {
    "it breaks off": (_Broken(), OSError),
    "it is no HTTP": (http.client.BadStatusLine("?"), OSError),
    "it is a proxy's": (io.BytesIO(b"<html>"), OSError),
    "nobody is there": (urllib.error.URLError("refused"), OSError),
    "a refusal": (_refusal(io.BytesIO(b'{"message": "no"}')), Refused),
    "a refusal that breaks off": (_refusal(_Broken()), Refused),
}


@pytest.mark.parametrize("row", list(ROWS))
def test_what_is_no_answer_is_an_error_that_a_look_survives(
    row: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer, expected = ROWS[row]

    def urlopen(*_: object, **__: object) -> Any:  # noqa: ANN401 - as the original
        if isinstance(answer, Exception):
            raise answer
        return answer

    (tmp_path / "token").write_text("t")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "a")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("KUBERNETES_ACCOUNT_FOLDER", str(tmp_path))
    monkeypatch.setattr(ssl, "create_default_context", dict[str, str])
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(expected):
        Kubernetes("serving").pods()
