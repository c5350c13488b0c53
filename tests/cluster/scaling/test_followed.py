"""Replicas follow their load: real KEDA, autoscaler and Prometheus, on rendered objects."""

from tests.cluster.api import Api
from tests.cluster.scaling.conftest import MODEL, SceneOf
from tests.cluster.scaling.faster import DOWN_WINDOW_SECONDS, IDLE_SECONDS
from tests.cluster.scaling.scene import Scene

# The autoscaler leaves alone what is within a tenth of its target.
_OVER = 0.05


def _deployment_path(scene: Scene) -> str:
    return f"/apis/apps/v1/namespaces/{scene.fleet.namespace}/deployments/vllm-{MODEL}"


def test_replicas_come_with_the_load_and_go_when_it_has_been_less_for_a_while(
    scene_of: SceneOf,
) -> None:
    scene = scene_of(first=2, least=2)
    scene.load(1)
    scene.follow()
    scene.await_replicas(2)
    scene.load(4 - _OVER)
    scene.await_replicas(5)
    scene.load(1 - _OVER)
    scene.stays(5, DOWN_WINDOW_SECONDS / 2)
    scene.await_replicas(2)
    downwards = [count for _, count in scene.asked if count > 2]
    assert sorted(downwards[-10:], reverse=True) == downwards[-10:]


def test_no_more_than_the_most_and_all_that_is_refused_counts(scene_of: SceneOf) -> None:
    scene = scene_of(first=2, least=2, most=4)
    scene.load(1)
    scene.follow()
    scene.await_replicas(2)
    scene.exporter.refused_per_second = 100
    # A storm of retries doubles what is asked for, with the spare, and not more.
    scene.await_replicas(3)
    scene.stays(3, 3)
    scene.load(8)
    scene.await_replicas(4)


def test_a_lost_target_leaves_the_replicas_that_there_are(scene_of: SceneOf) -> None:
    scene = scene_of(first=2, least=1)
    scene.load(3 - _OVER)
    scene.follow()
    scene.await_replicas(4)
    scene.prometheus.stop()
    scene.load(0.2)
    scene.stays(4, 2 * DOWN_WINDOW_SECONDS)
    scene.prometheus.start()
    scene.await_replicas(1)


def test_replicas_that_do_not_answer_are_taken_for_as_busy_as_the_others(
    scene_of: SceneOf,
) -> None:
    scene = scene_of(first=2, least=1)
    scene.load(3 - _OVER)
    scene.follow()
    scene.await_replicas(4)
    names = [pod["metadata"]["name"] for pod in scene.fleet.ready(MODEL)]
    scene.exporter.silent = frozenset(names[:2])
    scene.stays(4, 1.5 * DOWN_WINDOW_SECONDS)
    scene.exporter.silent = frozenset(names)
    scene.stays(4, 1.5 * DOWN_WINDOW_SECONDS)


def test_more_load_during_a_release_ends_with_all_of_the_new_version(scene_of: SceneOf) -> None:
    scene = scene_of(first=2, least=2, loading=1.0)
    scene.load(2 - _OVER)
    scene.follow()
    scene.await_replicas(3)
    scene.fleet.release(MODEL, "next")
    scene.load(4 - _OVER)

    def done() -> bool:
        """every replica that the load needs is of the new version and serves"""
        pods = scene.fleet.ready(MODEL)
        images = {pod["spec"]["containers"][0]["image"] for pod in pods}
        return len(pods) == scene.replicas == 5 and images == {"registry.example/vllm:next"}

    scene.eventually(done)
    assert min(count for _, count in scene.asked) >= 2


def test_without_requests_there_is_no_replica_and_the_first_one_brings_it_back(
    scene_of: SceneOf,
) -> None:
    # So short that what is left of the one refusal, in an average of seconds, is the load of one
    # replica, whenever the autoscaler asks: of longer answers two would be right.
    scene = scene_of(first=0, least=0, answer=0.3)
    scene.follow()
    scene.stays(0, 3)
    # A single one, which comes back and is in flight at the replica that it woke.
    scene.load(0.2)
    scene.exporter.unmet += 1
    scene.await_replicas(1)
    scene.stays(1, 3)
    scene.load(3 - _OVER)
    scene.await_replicas(4)
    scene.load(0)
    scene.await_replicas(0)
    downwards = [count for _, count in scene.asked]
    assert downwards[-1] == 0


def test_a_lost_target_does_not_count_as_no_request(scene_of: SceneOf) -> None:
    scene = scene_of(first=1, least=0)
    scene.load(0.5)
    scene.follow()
    scene.await_replicas(1)
    scene.prometheus.stop()
    scene.stays(1, 2 * IDLE_SECONDS)


def test_a_published_model_gets_its_least_replicas(scene_of: SceneOf) -> None:
    scene = scene_of(first=0, least=2)
    scene.follow()
    scene.await_replicas(2)


def test_a_deployment_leaves_what_the_autoscaler_has_written(scene_of: SceneOf, api: Api) -> None:
    scene = scene_of(first=2, least=1)
    scene.load(3 - _OVER)
    scene.follow()
    scene.await_replicas(4)
    assert scene.writers() == ["kube-controller-manager"]
    # What the provider applies of an ignored field that somebody else owns: not that field.
    found = scene.fleet.object_of("Deployment", MODEL)
    del found["spec"]["replicas"]
    found["spec"]["template"] = scene.fleet.deployment(MODEL)["spec"]["template"]
    api.apply(found)
    scene.stays(4, 3)
    assert api.get(_deployment_path(scene))["spec"]["replicas"] == 4
