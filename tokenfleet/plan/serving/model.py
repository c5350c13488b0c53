"""One served model: everything that is decided about its replicas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.serving.drain import DrainPlan
from tokenfleet.plan.serving.engine.arguments import Argument
from tokenfleet.plan.serving.engine.chat_template import ChatTemplatePlan
from tokenfleet.plan.serving.engine.process import (
    Variable,
)
from tokenfleet.plan.serving.engine.speculation import SpeculationPlan
from tokenfleet.plan.serving.limits.admission import AdmissionPlan
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.looser import LooserObjective
from tokenfleet.plan.serving.memory import (
    MemoryBudget,
)
from tokenfleet.plan.serving.resources import PodResources
from tokenfleet.plan.serving.warm_up import ROUTES, WarmUpPlan
from tokenfleet.plan.start.budget import ColdStart, StartDeadlines
from tokenfleet.plan.start.choices import StartChoice
from tokenfleet.plan.start.notice import NoticeBudget
from tokenfleet.settings.models import ObjectiveSettings, TrafficSettings
from tokenfleet.task import Task
from tokenfleet.weights.load_format import LoadFormat


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """A model served on a pool.

    ``snapshots`` are what its replicas need in the cache: the weights, those of its adapters,
    the model that drafts for it, and code compiled ahead of time. ``adapters`` are theirs by the name
    that clients use. ``weights_gb`` are 10^9 bytes, without a draft. ``cold_start`` is that of the
    pool's slowest type, ``warm_start`` that of a node that waits stopped, where there are such;
    ``notice`` goes by the sooner one, and is None where no node is reclaimed.
    """

    name: str
    served_as: str
    """What clients call it, which several models on different pools may share."""
    fallback: int
    """Among those of one name, which serve first: those of the lowest number."""
    hugging_face_id: str
    revision: str
    facts: ModelFacts
    task: Task
    snapshots: Sequence[str]
    adapters: Mapping[str, str]
    artifacts: Sequence[str]
    """Those of them that a Job compiles; one where the engine needs it."""
    compiled: str | None
    """What a Job compiles where the engine starts without it, too, but later; not among ``snapshots``."""
    eager: str | None
    """Why its engine compiles nothing, if so."""
    load_format: LoadFormat
    """In which form weights and draft are published."""
    mark: str
    """What the stack file calls all of them together once they are published."""
    published: bool
    """Whether it says so."""
    weights_gb: float
    pool: str
    engine: str
    image: str
    image_cached: bool
    """Whether nodes pull it through the stack's cache."""
    legacy: bool
    context_length: int
    batch: BatchPlan
    admission: AdmissionPlan
    scaling: ScalingPolicy
    memory: MemoryBudget
    command: Sequence[str]
    arguments: Sequence[Argument]
    environment: Sequence[Variable]
    working_directory: Variable | None
    resources: PodResources
    drain: DrainPlan
    warm_up: WarmUpPlan
    speculation: SpeculationPlan | None
    chat_template: ChatTemplatePlan | None
    cold_start: ColdStart
    warm_start: ColdStart | None
    start_choices: Sequence[StartChoice]
    notice: NoticeBudget | None
    deadlines: StartDeadlines
    min_replicas: int
    max_replicas: int
    objective: ObjectiveSettings
    looser: LooserObjective | None
    """What would save a replica, where it takes more than the load alone."""
    traffic: TrafficSettings | None

    @property
    def routes(self) -> Sequence[str]:
        """What clients may call, as the pinned engine has it (vllm/entrypoints)."""
        return ROUTES[self.task]

    @property
    def follows_load(self) -> bool:
        """Whether something else than the deployment decides how many replicas there are."""
        return self.published and self.min_replicas < self.max_replicas

    @property
    def first_replicas(self) -> int:
        """Replicas it is deployed with: none while they would wait for weights on paid nodes."""
        return self.min_replicas if self.published else 0

    @property
    def argument_words(self) -> Sequence[str]:
        """What follows ``vllm serve``, word by word."""
        return [word for argument in self.arguments for word in argument.words]
