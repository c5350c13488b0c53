"""Extension of vLLM's workers on CPUs: what they lack to take compiled code from their cache.

vLLM 0.32.0 tells code from its cache to finalize its loading (vllm/compilation/decorators.py), for which
code of plain Inductor, as CPUs run, has no method: it gives the cache up and compiles again
(vllm-project/vllm#45447 shows it). There is nothing to finalize. vLLM imports this in every worker before
the model is built (--worker-extension-cls; vllm/v1/worker/worker_base.py).
"""

from importlib import import_module

_MODULE, _CODE = "torch._dynamo.aot_compile_types", "BundledAOTAutogradSerializableCallable"


def _finalize_loading(_: object, config: object) -> None:
    """What vLLM calls with its configuration."""


def _complete() -> None:
    """An engine that keeps its code otherwise, or has the method, is left as it is."""
    try:
        code = getattr(import_module(_MODULE), _CODE)
    except (ImportError, AttributeError):
        return
    # Not hasattr: the class hands on what it does not know to the code it holds.
    if _finalize_loading.__name__.removeprefix("_") not in vars(code):
        code.finalize_loading = _finalize_loading


_complete()


class CompiledCode:
    """Mixed into the worker, to which it adds nothing."""
