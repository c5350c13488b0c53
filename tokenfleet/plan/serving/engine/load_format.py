"""Which form of a model's files its flags ask for."""

from tokenfleet.settings.models import ModelSettings
from tokenfleet.weights.load_format import LoadFormat

CONFIG_FORMAT, LOAD_FORMAT, TOKENIZER_MODE = "config-format", "load-format", "tokenizer-mode"


def asks_for_mistral(model: ModelSettings) -> bool:
    """Whether a flag asks for Mistral's configuration or weights, which come together."""
    given = model.engine_arguments
    return "mistral" in (given.get(CONFIG_FORMAT), given.get(LOAD_FORMAT))


def load_format_of(model: ModelSettings) -> LoadFormat:
    """How the model, and what drafts for it, is published."""
    return "mistral" if asks_for_mistral(model) else "auto"
