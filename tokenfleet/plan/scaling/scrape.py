"""What Prometheus is told: whom to ask, how often, and what to keep of the answers."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.plan.capacity.settings import METRICS_PORT as CAPACITY_PORT
from tokenfleet.plan.edge.envoy.ports import METRICS as EDGE_PORT
from tokenfleet.plan.edge.way_in import METRICS_SERVICE
from tokenfleet.plan.iam import CAPACITY, MODEL_READER
from tokenfleet.plan.manifests.network_policy import EDGE
from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.rules import EVALUATION_SECONDS
from tokenfleet.plan.serving.engine.process import PORT

Job = Mapping[str, object]

PROMETHEUS_PORT = 9090
KEY_FILE = "/etc/metrics-key/value"
"""What opens the metrics of replicas."""
RULES_FILE = "rules.json"
KEDA_NAMESPACE, KEDA_SERVICE, KEDA_PORT = "keda", "keda-operator", 8080
CAPACITY_SERVICE = "capacity-metrics"

# Whole names end with a dot: a search list would ask the VPC's resolver for names below its own
# domains, and one error there hides that a Service has no address. EKS knows no other domain.
_DOMAIN = "svc.cluster.local."
_LOOKUP_SECONDS = 5
_OF_REPLICAS = "vllm:(num_requests_(running|waiting)|kv_cache_usage_perc|e2e_request_latency_seconds_(sum|count))"
_OF_EDGE = "envoy_(cluster_(upstream_rq|upstream_cx_none_healthy|membership_healthy)|http_rds_update_rejected)"
_OF_KEDA = "keda_scaler_detail_errors_total"


def prometheus_config(followed: Sequence[Followed], *, capacity: bool) -> Mapping[str, object]:
    """prometheus.yml; ``capacity``: whether the capacity controller runs."""
    return {
        "global": {
            "scrape_interval": f"{EVALUATION_SECONDS}s",
            "scrape_timeout": f"{EVALUATION_SECONDS}s",
            "evaluation_interval": f"{EVALUATION_SECONDS}s",
        },
        "rule_files": [RULES_FILE],
        "scrape_configs": [*(_replicas(one) for one in followed), *_others(capacity=capacity)],
    }


def _replicas(one: Followed) -> Job:
    address = _named(one.deployment, MODEL_READER.namespace, PORT)
    return {
        **_job(one.job, "/metrics", address, _OF_REPLICAS),
        "authorization": {"type": "Bearer", "credentials_file": KEY_FILE},
        "relabel_configs": [{"target_label": "model", "replacement": one.model}],
    }


def _others(*, capacity: bool) -> Iterator[Job]:
    edge = _named(METRICS_SERVICE, EDGE, EDGE_PORT)
    yield _job("edge", "/stats/prometheus", edge, _OF_EDGE)
    keda = _named(KEDA_SERVICE, KEDA_NAMESPACE, KEDA_PORT)
    yield _job("keda", "/metrics", keda, _OF_KEDA)
    itself = {"static_configs": [{"targets": [f"localhost:{PROMETHEUS_PORT}"]}]}
    yield _job("prometheus", "/metrics", itself, "prometheus_sd_(discovered_targets|dns_.*)")
    if capacity:
        controller = _named(CAPACITY_SERVICE, CAPACITY.namespace, CAPACITY_PORT)
        yield _job("capacity", "/metrics", controller, "tokenfleet_capacity_.*")


def _named(service: str, namespace: str, port: int) -> Mapping[str, object]:
    name = f"{service}.{namespace}.{_DOMAIN}"
    every = f"{_LOOKUP_SECONDS}s"
    found = {"names": [name], "type": "A", "port": port, "refresh_interval": every}
    return {"dns_sd_configs": [found]}


def _job(name: str, path: str, where: Mapping[str, object], kept: str) -> Job:
    """What is not ``kept`` is dropped as it comes in: histograms alone would be most of it."""
    return {
        "job_name": name,
        "metrics_path": path,
        **where,
        "metric_relabel_configs": [
            {"source_labels": ["__name__"], "regex": kept, "action": "keep"}
        ],
    }
