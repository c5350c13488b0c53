"""LongCat-Flash: each layer attends twice, and some of its experts do nothing."""

from collections.abc import Sequence

from tokenfleet.catalogue.architecture.family.latent import latent_attention
from tokenfleet.catalogue.architecture.feed_forward import Experts, gated
from tokenfleet.catalogue.architecture.keys import Keys, ShapeError
from tokenfleet.catalogue.architecture.layer import Layer
from tokenfleet.catalogue.architecture.parameters import dense


def longcat_layers(keys: Keys) -> Sequence[Layer]:
    """Two of ours for each of theirs, the first of them with the experts.

    Raises:
        ShapeError: a key is missing, or what it says cannot be counted.
    """
    count, width = keys.layers(name="num_layers"), keys.size("hidden_size")
    mixer = latent_attention(keys).mixer()
    whole = gated(width, keys.size("ffn_hidden_size", "intermediate_size"))
    routed, chosen = keys.size("n_routed_experts"), keys.size("moe_topk")
    if chosen > routed:
        msg = f"moe_topk must be at most the {routed} of n_routed_experts"
        raise ShapeError(msg)
    experts = Experts(
        width=width,
        inner=keys.size("expert_ffn_hidden_size", "moe_intermediate_size"),
        count=routed,
        per_token=chosen,
    ).parameters()
    # The router also chooses experts that hand a token on as it is.
    idle = dense(width * keys.number("zero_expert_num", default=0))
    first = Layer(mixer=mixer, feed_forward=whole + experts + idle, norms=2 * width)
    second = Layer(mixer=mixer, feed_forward=whole, norms=2 * width)
    return [first, second] * count
