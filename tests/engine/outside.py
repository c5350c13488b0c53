"""Where the rest of the world would be: a proxy that lets nothing through and notes what was wanted."""

from collections.abc import Mapping

from tests.loopback import Handler, LoopbackServer

_PROTOCOLS = ("ALL", "HTTP", "HTTPS")


class Outside(LoopbackServer):
    """Notes the host of every request that is sent to it; ``variables`` send a process's requests."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        outside = self

        class Answer(Handler):
            def do_CONNECT(self) -> None:  # noqa: N802 - the name that the server looks for
                outside.wanted.append(self.path)
                self.send_error(502)

            do_GET = do_HEAD = do_POST = do_CONNECT  # noqa: N815 - the base class's names

        super().__init__(Answer)

    @property
    def variables(self) -> Mapping[str, str]:
        """What Python's and Rust's clients alike read; this machine itself is not outside."""
        proxies = {f"{protocol}_PROXY": self.endpoint for protocol in _PROTOCOLS}
        both = {**proxies, "NO_PROXY": "127.0.0.1,localhost"}
        return {**both, **{name.lower(): value for name, value in both.items()}}
