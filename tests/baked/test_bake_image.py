"""A baked store, by a real containerd: what the kubelet finds in it, and what becomes of damage."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.baked.containerd import Containerd
from tests.registry.documents import Document
from tests.registry.real.registry_server import RegistryServer

pytestmark = pytest.mark.e2e
OTHER = f"sha256:{'0' * 64}"
NOT_PULLED, DAMAGED, USE = 3, 4, 2


@pytest.fixture
def containerd(tmp_path: Path) -> Iterator[Containerd]:
    """The containerd of the machine that the image is made of."""
    with Containerd(tmp_path) as running:
        yield running


@pytest.fixture
def image(registry: RegistryServer, engine: Document) -> str:
    """What a pod's image says: tag and digest."""
    return f"{registry.host}/vllm/engine:v1@{engine.digest}"


@pytest.fixture
def scripts(root: Path) -> Path:
    """Where they are."""
    return root / "userdata"


def test_the_kubelet_of_a_node_finds_what_was_baked_and_nothing_is_pulled_again(
    tmp_path: Path, registry: RegistryServer, image: str, scripts: Path
) -> None:
    with Containerd(tmp_path) as first:
        baked = first.run(scripts / "bake-image", image)
        assert baked.returncode == 0, baked.stderr
        names = set(first.ctr("images", "list", "--quiet").split())
    registry.__exit__(None, None, None)
    with Containerd(tmp_path) as second:
        found = second.asked_by_kubelet(image)
        assert found is not None
        assert found["pinned"] is True
        assert f"{image.partition(':v1')[0]}@{image.partition('@')[2]}" in found["repoDigests"]
        looked = second.run(scripts / "baked-image", image)
        assert (looked.returncode, "baked store verified by digest" in looked.stderr) == (0, True)
        assert names <= set(second.ctr("images", "list", "--quiet").split())
        chain = second.ctr("snapshots", "list")
        assert chain.count("Committed") == len(("python", "vllm", "entrypoint"))


# What is asked for, of the name of a repository and the digest in it.
WRONG = {
    "another digest": (f"{{name}}:v1@{OTHER}", NOT_PULLED),
    "another repository": ("{name}s:v1@{digest}", NOT_PULLED),
    "no digest": ("{name}:v1", USE),
    "a digest too long": ("{name}:v1@{digest}0", USE),
}


@pytest.mark.parametrize(("asked", "code"), WRONG.values(), ids=WRONG)
def test_what_is_not_exactly_there_is_not_baked(
    asked: str, code: int, containerd: Containerd, image: str, scripts: Path
) -> None:
    name, _, digest = image.partition(":v1@")
    baked = containerd.run(scripts / "bake-image", asked.format(name=name, digest=digest))
    assert baked.returncode == code, baked.stderr
    assert containerd.ctr("images", "list", "--quiet") == ""


def _largest_layer(containerd: Containerd) -> Path:
    """The file of a layer as it was fetched."""
    return max(_blobs(containerd).iterdir(), key=lambda path: path.stat().st_size)


def _blobs(containerd: Containerd) -> Path:
    return containerd.store / "io.containerd.content.v1.content" / "blobs" / "sha256"


def _cut_a_layer(containerd: Containerd) -> None:
    layer = _largest_layer(containerd)
    layer.chmod(0o600)
    layer.write_bytes(layer.read_bytes()[:100])


def _lose_a_packed_layer(containerd: Containerd) -> None:
    _largest_layer(containerd).unlink()


def _never_finish_a_pull(containerd: Containerd) -> None:
    containerd.ctr("content", "remove", f"sha256:{_largest_layer(containerd).name}")


def _lose_the_manifest(containerd: Containerd) -> None:
    (name,) = (n for n in containerd.ctr("images", "list", "--quiet").split() if "@" in n)
    (_blobs(containerd) / name.partition("@sha256:")[2]).unlink()


def _lose_a_layer(containerd: Containerd) -> None:
    snapshots = containerd.store / "io.containerd.snapshotter.v1.overlayfs" / "snapshots"
    shutil.rmtree(min(snapshots.iterdir(), key=lambda path: int(path.name)))


def _lose_the_top(containerd: Containerd) -> None:
    lines = containerd.ctr("snapshots", "list").splitlines()[1:]
    parents = {line.split()[1] for line in lines}
    (top,) = {line.split()[0] for line in lines} - parents
    containerd.ctr("snapshots", "remove", top)


def _lose_the_name(containerd: Containerd) -> None:
    names = containerd.ctr("images", "list", "--quiet").split()
    containerd.ctr("images", "remove", *names)


DAMAGES = {
    "its manifest is damaged": _lose_the_manifest,
    "some of its layers are missing": _lose_a_layer,
    "it is not unpacked": _lose_the_top,
    "it is not there": _lose_the_name,
}


@pytest.mark.parametrize(("says", "damage"), DAMAGES.items(), ids=DAMAGES)
def test_a_store_that_is_not_whole_is_noticed_and_the_kubelet_pulls(
    says: str,
    damage: Callable[[Containerd], None],
    containerd: Containerd,
    image: str,
    scripts: Path,
) -> None:
    assert containerd.run(scripts / "bake-image", image).returncode == 0
    damage(containerd)
    looked = containerd.run(scripts / "baked-image", image)
    assert (looked.returncode, says in looked.stderr) == (1, True), looked.stderr
    assert containerd.asked_by_kubelet(image) is None
    pulled = containerd.pulled_by_kubelet(image)
    assert pulled.returncode == 0, pulled.stderr
    assert containerd.asked_by_kubelet(image)


@pytest.mark.parametrize("damage", [_cut_a_layer, _lose_a_packed_layer])
def test_bytes_that_changed_on_the_disk_stop_the_bake(
    damage: Callable[[Containerd], None], containerd: Containerd, image: str, scripts: Path
) -> None:
    containerd.ctr("images", "pull", image.replace(":v1@", "@"))
    damage(containerd)
    baked = containerd.run(scripts / "bake-image", image)
    assert (baked.returncode, "is damaged on the disk" in baked.stderr) == (DAMAGED, True)


@pytest.mark.parametrize("cut_off", [_never_finish_a_pull, _lose_the_top])
def test_a_bake_that_was_cut_off_is_finished_by_the_next(
    cut_off: Callable[[Containerd], None], containerd: Containerd, image: str, scripts: Path
) -> None:
    containerd.ctr("images", "pull", image.replace(":v1@", "@"))
    cut_off(containerd)
    again = containerd.run(scripts / "bake-image", image)
    assert again.returncode == 0, again.stderr
    assert containerd.run(scripts / "baked-image", image).returncode == 0


def test_archives_of_layers_are_gone_once_they_are_unpacked(
    containerd: Containerd, image: str, scripts: Path
) -> None:
    containerd.ctr("images", "pull", image.replace(":v1@", "@"))
    archive = _largest_layer(containerd)
    assert containerd.run(scripts / "bake-image", image).returncode == 0
    assert not archive.exists()
    assert containerd.run(scripts / "bake-image", image).returncode == 0
