"""Says which tokens vllm's own scheduler gives to which request in each step, without a model.

Run by the engine's own interpreter: ``python schedule.py MODEL``, MODEL a folder with config.json.
A line of JSON on stdin is one run: ``sequences``, ``batchedTokens``, ``kvTokens``, ``ahead`` (whether
steps are decided on while the one before runs) and ``requests``, a list of [step before which it is sent,
prompt tokens, tokens to write]. A line on stdout lists what each step gave: {request: tokens}.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import json
import sys
from collections import deque
from typing import Any

import torch
from vllm import SamplingParams
from vllm.config import VllmConfig
from vllm.engine.arg_utils import EngineArgs
from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.output import SchedulerOutput
from vllm.v1.core.sched.scheduler import Scheduler
from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheConfig, KVCacheGroupSpec
from vllm.v1.outputs import ModelRunnerOutput
from vllm.v1.request import Request
from vllm.v1.structured_output import StructuredOutputManager

MAX_MODEL_LEN = 8192
# Blocks of one token, and the one that vllm keeps for itself: what counts is tokens.
BLOCK_TOKENS, NULL_BLOCKS = 1, 1


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        print(json.dumps(_steps(sys.argv[1], json.loads(line))), flush=True)  # noqa: T201 - the answer


def _steps(model: str, asked: dict[str, Any]) -> list[dict[str, int]]:
    scheduler = _scheduler(model, asked)
    unsent = deque(enumerate(asked["requests"]))
    running: deque[tuple[SchedulerOutput, ModelRunnerOutput]] = deque()
    steps: list[dict[str, int]] = []
    while unsent or running or scheduler.has_requests():
        # Every step takes one unit of time.
        while unsent and unsent[0][1][0] <= len(steps) - len(running):
            number, (_, prompt, written) = unsent.popleft()
            scheduler.add_request(_request(number, prompt, written))
        decided = scheduler.schedule()
        if decided.total_num_scheduled_tokens:
            running.append((decided, _output(scheduler, decided)))
            steps.append(dict(decided.num_scheduled_tokens))
        elif not running:
            steps.append({})
        # As EngineCore.step_with_batch_queue: a step ahead, then the result of the one before.
        if running and (len(running) > asked["ahead"] or not decided.total_num_scheduled_tokens):
            scheduler.update_from_output(*running.popleft())
    return steps


def _scheduler(model: str, asked: dict[str, Any]) -> Scheduler:
    config: VllmConfig = EngineArgs(
        model=model,
        max_model_len=MAX_MODEL_LEN,
        max_num_seqs=asked["sequences"],
        max_num_batched_tokens=asked["batchedTokens"],
        enable_prefix_caching=False,
        async_scheduling=asked["ahead"],
    ).create_engine_config()
    blocks = asked["kvTokens"] + NULL_BLOCKS
    config.cache_config.num_gpu_blocks = blocks
    spec = FullAttentionSpec(
        block_size=BLOCK_TOKENS, num_kv_heads=1, head_size=1, dtype=torch.float32
    )
    kind = AsyncScheduler if asked["ahead"] else Scheduler
    return kind(
        vllm_config=config,
        kv_cache_config=KVCacheConfig(
            num_blocks=blocks,
            kv_cache_tensors=[],
            kv_cache_groups=[KVCacheGroupSpec(["layer"], spec)],
        ),
        structured_output_manager=StructuredOutputManager(config),
        block_size=BLOCK_TOKENS,
    )


def _request(number: int, prompt: int, written: int) -> Request:
    return Request(
        request_id=str(number),
        prompt_token_ids=[1] * prompt,
        sampling_params=SamplingParams(max_tokens=written, ignore_eos=True),
        pooling_params=None,
    )


def _output(scheduler: Scheduler, decided: SchedulerOutput) -> ModelRunnerOutput:
    """A token for each request of which nothing is left to read after this step."""
    names = list(decided.num_scheduled_tokens)
    return ModelRunnerOutput(
        req_ids=names,
        req_id_to_index={name: place for place, name in enumerate(names)},
        sampled_token_ids=[
            [] if scheduler.requests[name].is_prefill_chunk else [1] for name in names
        ],
    )


if __name__ == "__main__":
    main()
