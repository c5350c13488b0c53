"""What towers have alike: patches, a transformer over them, and what joins it to the model."""

from dataclasses import dataclass

from tokenfleet.catalogue.architecture.keys import Keys, ShapeError

COLOURS = 3


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A transformer over patches; ``bias`` on every matrix, ``gate``: three of them feed forward.

    ``norm`` is how many values of the tower's width its norms have in a layer; ``keys`` how wide
    keys and values are, 0 for as wide as the tower.
    """

    width: int
    inner: int
    layers: int
    bias: bool
    gate: bool
    norm: int
    keys: int = 0

    def parameters(self) -> int:
        """Of all its layers."""
        matrices = 3 if self.gate else 2
        queries = 2 * self.width * (self.width + self.bias)
        attention = queries + 2 * (self.keys or self.width) * (self.width + self.bias)
        forward = matrices * self.width * self.inner
        forward += ((matrices - 1) * self.inner + self.width) * self.bias
        return self.layers * (attention + forward + self.norm * self.width)


def encoder(vision: Keys, *, bias: bool, gate: bool, norm: int) -> Encoder:
    """One whose figures stand under their usual names."""
    return Encoder(
        width=vision.size("hidden_size"),
        inner=vision.size("intermediate_size"),
        layers=vision.size("num_hidden_layers"),
        bias=bias,
        gate=gate,
        norm=norm,
    )


def side(vision: Keys, name: str) -> int:
    """The side of a square: one number, or the same one twice.

    Raises:
        ShapeError: it is something else.
    """
    if not isinstance(vision.given(name), list):
        return vision.size(name)
    sides = vision.numbers(name)
    if not sides or len(set(sides)) != 1 or not sides[0]:
        msg = f"{name} must be the side of a square"
        raise ShapeError(msg)
    return sides[0]


def square_patches(vision: Keys) -> int:
    """Pictures to patches, a bias, and a position for each of a square of them."""
    width, patch = vision.size("hidden_size"), side(vision, "patch_size")
    positions = (side(vision, "image_size") // patch) ** 2
    return COLOURS * patch**2 * width + width + positions * width


def film_patches(vision: Keys, width: int, frames: int = 0) -> int:
    """Frames of a film to patches; of how many each is made, a key says unless it is given."""
    patch = vision.size("patch_size", default=14)
    frames = frames or vision.size("temporal_patch_size", default=2)
    return COLOURS * frames * patch**2 * width


def two_matrices(wide: int, inner: int, out: int, *, bias: bool = True) -> int:
    """What joins a tower to the model: two matrices."""
    return wide * inner + inner * out + (inner + out) * bias
