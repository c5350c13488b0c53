"""Speculative decoding: what the pool's engine can draft with, and whether it pays at the load."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.hardware import Engine
from tokenfleet.catalogue.models.drafts import hands_out_hidden_states
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.counted import count, three_digits
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.serving.limits.batch_choice import batch_of
from tokenfleet.plan.serving.limits.gain import compared, speculation_of
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.speculation import SpeculativeSettings

# vllm/config/speculative.py looks for them in the path of a draft, whatever method is given.
_TELLING = ("eagle-", "eagle3", "dflash", "dspark")


def drafting_mistakes(
    path: str, model: ModelSettings, facts: ModelFacts, engine: Engine
) -> Iterator[Mistake]:
    """Methods that the engine does not have, or not for this model and that draft."""
    asked = model.speculative
    if asked is None:
        return
    if asked.method not in engine.speculation:
        yield Mistake(
            path=f"{path}.speculative.method",
            value=asked.method,
            problem=f"{_lacking(asked, engine)}: leave speculative out",
        )
    elif problem := _method_problem(model, asked, facts):
        yield Mistake(path=f"{path}.speculative.method", value=asked.method, problem=problem)
    own = facts.draft_layers
    # Up to so many, each layer drafts one token.
    if asked.method == "mtp" and own and asked.tokens > own and asked.tokens % own:
        problem = f"the model drafts with {own} layers: give a multiple of that, or fewer"
        yield Mistake(path=f"{path}.speculative.tokens", value=str(asked.tokens), problem=problem)


def load_mistakes(path: str, model: ModelSettings, server: Server) -> Iterator[Mistake]:
    """A load at which verifying drafts takes longer than it saves."""
    asked, traffic = model.speculative, model.traffic
    if asked is None:
        return
    batch = batch_of(model, server)
    verified = batch.sequences * (1 + asked.tokens)
    if model.adapters and batch.prompt_tokens < verified:
        problem = (
            f"with adapters the engine wants room in a step for {batch.sequences} requests of"
            f" 1 + {asked.tokens} tokens, {verified:,}, and a step has {batch.prompt_tokens:,}:"
            " draft fewer"
        )
        yield Mistake(path=f"{path}.speculative.tokens", value=str(asked.tokens), problem=problem)
    if traffic is None:
        return

    both = compared(
        speculation_of(
            server,
            method=asked.method,
            tokens=asked.tokens,
            accepted_share=asked.accepted_share,
        ),
        server,
        batch,
        traffic,
    )

    def pays(replicas: int) -> bool:
        # Refused is what does not pay even where acceptance is as good as it may be.
        return both.gain(replicas).times_as_soon.p90 > 1

    fewest, most = max(1, model.replicas.min), model.replicas.max
    if pays(fewest):
        return
    found = both.gain(fewest)
    enough = next((n for n in range(fewest, most + 1) if pays(n)), None)
    yield Mistake(
        path=f"{path}.speculative",
        value=asked.method,
        problem=(
            f"with about {count(max(1, round(found.in_flight)), 'request')} in flight on each of"
            f" {count(fewest, 'replica')}, a step that verifies 1 + {asked.tokens} tokens of each takes"
            f" {three_digits(1000 * found.step)} ms and keeps {both.kept.p90:.1f} at best, and without"
            f" drafts one takes {three_digits(1000 * found.step_alone)} ms, so a token comes later"
            " (by the estimate of the price). Leave speculative out"
            + (f", or set replicas.min to {enough}" if enough else "")
        ),
    )


def _lacking(asked: SpeculativeSettings, engine: Engine) -> str:
    here = f"vLLM {engine.version} as pinned for this pool"
    if not engine.speculation:
        return f"{here} drafts nothing"
    if asked.method == "suffix":
        return (
            f"{here} lacks the package arctic-inference, without which it does not start; it has"
            f" {', '.join(engine.speculation)}"
        )
    return f"{here} has no such method; it has {', '.join(engine.speculation)}"


def _method_problem(
    model: ModelSettings, asked: SpeculativeSettings, facts: ModelFacts
) -> str | None:
    if asked.method == "eagle3" and not hands_out_hidden_states(facts):
        return (
            f"the pinned engine's {facts.model_type} models do not hand out the hidden states that"
            " eagle3 drafts from: use another method"
        )
    drafting = asked.draft.hugging_face_id if asked.draft else model.hugging_face_id
    if asked.method in {"draft_model", "mtp"}:
        # Behind the name there is a hyphen in the path.
        word = next((w for w in _TELLING if w in f"{drafting}-".lower()), None)
        if word:
            return (
                f"the engine takes {drafting} for a head of another method, by '{word}' in its name:"
                " use eagle or eagle3 if it is one"
            )
    return None
