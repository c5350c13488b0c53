from bench.affinity.load import Load
from bench.affinity.measured import measured

# So many beginnings that it does not count which of them meet on one replica.
_LOAD = Load(
    name="many beginnings",
    requests_per_second=30,
    prefixes=48,
    prefix_tokens=480,
    own_tokens=64,
    answer_tokens=20,
)


def test_more_of_a_prompt_is_found_in_the_cache_of_the_replica_it_meets() -> None:
    outcomes = measured(_LOAD, seconds=8, seeds=[1]).outcomes
    least_request, prefix = outcomes["least request"], outcomes["prefix"]
    # .57 and .71 in the mean of 60 rings and loads; never less than .11 apart.
    assert prefix.hit_share > least_request.hit_share + 0.05, outcomes
