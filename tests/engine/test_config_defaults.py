"""What the catalogue says the engine takes for keys that are left out is what it takes."""

from tests.engine.config_defaults import engine_defaults, keys_read, written
from tests.engine.install import EngineTools
from tokenfleet.catalogue.architecture.defaults import DEFAULTS, MUST_BE_GIVEN
from tokenfleet.catalogue.facts import data_file


def test_recorded_defaults_are_those_of_the_engine(tools: EngineTools) -> None:
    assert data_file(DEFAULTS) == written(engine_defaults(tools))


def test_the_counting_asks_for_keys_by_name() -> None:
    assert keys_read() >= {
        *MUST_BE_GIVEN,
        "kv_lora_rank",
        "linear_num_key_heads",
        "spatial_merge_size",
    } - {"num_hidden_layers"}
