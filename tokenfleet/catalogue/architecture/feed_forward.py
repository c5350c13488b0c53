"""Feed-forward parts: one for every token, or experts that a router chooses from."""

from dataclasses import dataclass

from tokenfleet.catalogue.architecture.parameters import NONE, Parameters, dense


def gated(width: int, inner: int, *, bias: bool = False) -> Parameters:
    """Three matrices: a gate, up and down."""
    return dense(3 * width * inner + (2 * inner + width) * bias, inner)


def plain(width: int, inner: int, *, bias: bool = False) -> Parameters:
    """Two matrices, up and down."""
    return dense(2 * width * inner + (inner + width) * bias, inner)


@dataclass(frozen=True, kw_only=True)
class Experts:
    """Experts of one width behind a router.

    ``shared`` is what every token visits besides; ``matrices`` 3 with a gate, 2 without;
    ``latent`` the width that tokens are made to before experts see them, 0 for their own;
    ``router_bias`` counts once an expert.
    """

    width: int
    inner: int
    count: int
    per_token: int
    matrices: int = 3
    latent: int = 0
    bias: bool = False
    router_bias: bool = False
    shared: Parameters = NONE

    def parameters(self) -> Parameters:
        """Router, experts and what is shared."""
        width = self.latent or self.width
        one = self.matrices * width * self.inner
        one += ((self.matrices - 1) * self.inner + width) * self.bias
        router = self.count * (self.width + self.router_bias)
        routed = Parameters(
            total=self.count * one,
            active=self.per_token * one,
            experts=self.count * one,
            expert_inner=frozenset({self.inner}),
        )
        around = dense(2 * self.width * self.latent)
        return routed + dense(router) + around + self.shared
