"""Parameters in no layer, beside embeddings, head and towers, by ``model_type``."""

from collections.abc import Callable, Mapping

from tokenfleet.catalogue.architecture.family.gemma import gemma3n_outside, layer_embeddings
from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.catalogue.architecture.parameters import Parameters, idle


def _positions(keys: Keys) -> Parameters:
    """A vector for each position, of which a token reads its own."""
    return idle(keys.size("max_position_embeddings") * keys.size("hidden_size"))


OUTSIDE: Mapping[str, Callable[[Keys], Parameters]] = {
    "gpt2": _positions,
    "opt": _positions,
    "gemma3n_text": gemma3n_outside,
    "gemma4_text": layer_embeddings,
}
