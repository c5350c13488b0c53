"""What the catalogue says the engine takes for keys that are left out is what it takes."""

from tests.engine.config_defaults import engine_facts, keys_read, written
from tests.engine.install import EngineTools
from tokenfleet.catalogue.architecture.defaults import MUST_BE_GIVEN
from tokenfleet.catalogue.facts import data_file


def test_what_is_recorded_is_what_the_engine_says(tools: EngineTools) -> None:
    for name, text in written(engine_facts(tools)).items():
        assert data_file(name) == text, name


def test_the_counting_asks_for_keys_by_name() -> None:
    assert keys_read() >= {
        *MUST_BE_GIVEN,
        "kv_lora_rank",
        "linear_num_key_heads",
        "spatial_merge_size",
    } - {"num_hidden_layers"}
