"""What drafts tokens for a model, as its files state it."""

from pydantic import Field

from tokenfleet.catalogue.checkpoint.format import WeightsDtype
from tokenfleet.catalogue.facts import Fact
from tokenfleet.catalogue.layer_cache import LayerCache


class Draft(Fact):
    """What drafts tokens for a model, loaded beside it and divided over the same ranks.

    ``weights_bytes`` are fetched besides those of the model: 0 of layers that are among them. Each rank
    holds its part of ``loaded_bytes``, and all of ``bytes_on_each_rank``. ``weights_dtype`` is None
    where it is that of the model. Each drafted token goes through ``layers`` and reads ``read_bytes``;
    it is multiplied with ``active_parameters`` of ``parameters``, with ``head_parameters`` among
    both, which may be the model's own.
    """

    weights_bytes: int = Field(ge=0)
    loaded_bytes: int = Field(gt=0)
    bytes_on_each_rank: int = Field(default=0, ge=0)
    layers: int = Field(gt=0)
    read_bytes: int = Field(gt=0)
    parameters: int = Field(gt=0)
    active_parameters: int = Field(gt=0)
    head_parameters: int = Field(ge=0)
    weights_dtype: WeightsDtype | None = None
    quantization_method: str | None = None
    caches: tuple[LayerCache, ...]
    divided: tuple[int, ...] = ()
