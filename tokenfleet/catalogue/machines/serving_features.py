"""What drafts, LoRA adapters and shared prefixes do to a step: figures with ranges, sources and dates."""

from collections.abc import Mapping
from functools import cache

import yaml

from tokenfleet.catalogue.cold_start import Estimate
from tokenfleet.catalogue.facts import Fact, data_file


class ServingFeatures(Fact):
    """The figures of the data file, from their 10th to their 90th percentile.

    ``acceptance`` is by method the share of next drafted tokens that are accepted. A pass of what
    drafts takes ``pass_seconds`` beside what its sizes say; drafting from the text ``look_up_seconds``
    of the host for each running request and step. Adapters take ``adapter_layer_seconds`` a layer and step by kind
    of accelerator, and each of their parameters ``adapter_work`` times the computing of one of the
    model's. ``hit_share`` is how much of what other requests began with is found in the prefix cache.
    """

    acceptance: Mapping[str, Estimate]
    pass_seconds: Estimate
    look_up_seconds: Estimate
    adapter_layer_seconds: Mapping[str, Estimate]
    adapter_work: Estimate
    hit_share: Estimate


@cache
def serving_features() -> ServingFeatures:
    """The figures of all of them."""
    rows = yaml.load(data_file("serving_features.yaml"), Loader=yaml.CSafeLoader)
    return ServingFeatures.model_validate(rows)
