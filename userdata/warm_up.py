"""Startup probe of a replica: succeeds once the engine has answered what its clients will ask.

usage: warm_up.py MODEL PORT chat|completion|embed|rerank|classify

The port opens when the model is loaded, but the first request still compiles and fills caches:
it is ours, so that no user waits for it. A chat loads and needs more than a completion does, so a
model that chats is asked for a chat, and one without text for its numbers. VLLM_API_KEY is the key.
"""

import json
import os
import sys
import urllib.error
import urllib.request

# Long enough to be a prompt and short enough for the smallest context.
_PROMPT = "Count from one to twenty in words: one, two, three, four, five," * 2
_TOKENS = 8
# Route, what is asked, and where in the answer it is.
_REQUESTS = {
    "chat": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": _PROMPT}], "max_tokens": _TOKENS},
        ("usage", "completion_tokens"),
    ),
    "completion": (
        "/v1/completions",
        {"prompt": _PROMPT, "max_tokens": _TOKENS},
        ("usage", "completion_tokens"),
    ),
    "embed": ("/v1/embeddings", {"input": _PROMPT}, ("data", 0, "embedding")),
    "rerank": (
        "/v1/rerank",
        {"query": "which numbers?", "documents": [_PROMPT]},
        ("results", 0, "relevance_score"),
    ),
    "classify": ("/classify", {"input": _PROMPT}, ("data", 0, "probs")),
}
# What the events of a pod show of a failed probe.
_SHOWN_BYTES = 300


def main(model: str, port: str, kind: str) -> None:
    """Ask for what clients ask; end with 1 and the reason when it does not come."""
    path, asked, place = _REQUESTS[kind]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps({"model": model, **asked}).encode(),
        {
            "Authorization": f"Bearer {os.environ['VLLM_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    try:
        # The kubelet ends this when the probe's own time is over.
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - see above
            answered = json.load(answer)
        for step in place:
            answered = answered[step]
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN_BYTES).decode(errors="replace")
        sys.exit(f"not warm: {path} answered {error.code}: {said}")
    except (OSError, ValueError, LookupError, TypeError) as error:
        sys.exit(f"not warm: {error}")
    # A score of 0 is an answer; no tokens, and no vector, are none.
    if not answered and kind != "rerank":
        sys.exit(f"not warm: the {kind} is empty")


if __name__ == "__main__":
    main(*sys.argv[1:])
