"""Startup probe of a replica: succeeds once the engine has answered what its clients will ask.

usage: warm_up.py MODEL PORT chat|completion

The port opens when the model is loaded, but the first request still compiles and fills caches:
it is ours, so that no user waits for it. A chat loads and needs more than a completion does, so a
model that chats is asked for a chat. VLLM_API_KEY is the key.
"""

import json
import os
import sys
import urllib.error
import urllib.request

# Long enough to be a prompt and short enough for the smallest context.
_PROMPT = "Count from one to twenty in words: one, two, three, four, five," * 2
_TOKENS = 8
_REQUESTS = {
    "chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": _PROMPT}]}),
    "completion": ("/v1/completions", {"prompt": _PROMPT}),
}
# What the events of a pod show of a failed probe.
_SHOWN_BYTES = 300


def main(model: str, port: str, kind: str) -> None:
    """Ask for a few tokens; end with 1 and the reason when they do not come."""
    path, asked = _REQUESTS[kind]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps({"model": model, "max_tokens": _TOKENS, **asked}).encode(),
        {
            "Authorization": f"Bearer {os.environ['VLLM_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    try:
        # The kubelet ends this when the probe's own time is over.
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - see above
            answered = json.load(answer)["usage"]["completion_tokens"]
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN_BYTES).decode(errors="replace")
        sys.exit(f"not warm: {path} answered {error.code}: {said}")
    except (OSError, ValueError, LookupError) as error:
        sys.exit(f"not warm: {error}")
    if not answered:
        sys.exit(f"not warm: the {kind} is empty")


if __name__ == "__main__":
    main(*sys.argv[1:])
