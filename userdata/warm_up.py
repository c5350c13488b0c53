"""Startup probe of a replica: succeeds once the engine has answered a completion.

usage: warm_up.py MODEL PORT

The port opens when the model is loaded, but the first request still compiles and fills caches:
it is ours, so that no user waits for it. VLLM_API_KEY is the key.
"""

import json
import os
import sys
import urllib.request

# Long enough to be a prompt and short enough for the smallest context.
_PROMPT = "Count from one to twenty in words: one, two, three, four, five," * 2
_TOKENS = 8


def main(model: str, port: str) -> None:
    """Ask for a few tokens; end with 1 and the reason when they do not come."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/completions",
        json.dumps({"model": model, "prompt": _PROMPT, "max_tokens": _TOKENS}).encode(),
        {
            "Authorization": f"Bearer {os.environ['VLLM_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    try:
        # The kubelet ends this when the probe's own time is over.
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - see above
            answered = json.load(answer)["usage"]["completion_tokens"]
    except (OSError, ValueError, LookupError) as error:
        sys.exit(f"not warm: {error}")
    if not answered:
        sys.exit("not warm: the completion is empty")


if __name__ == "__main__":
    main(*sys.argv[1:])
