"""Auto Scaling groups as AWS's behave, in place of moto's: slowly, in zones, while there is room."""

import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState

from tests.cluster.scarcity.records import Instance
from tests.cluster.scarcity.server.world import WORLD

_LEAVING = "Terminating"
_WARMING, _STOPPED = "Warmed:Pending:Wait", "Warmed:Stopped"


class Group(FakeAutoScalingGroup):
    """Desired capacity is a wish: instances come and go later, unless there is no room for them."""

    _will_look = False

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - moto's
        self.waiting: list[InstanceState] = []
        """The instances of its warm pool, which are not among its own."""
        super().__init__(*arguments, **named)

    @property
    def market(self) -> str:
        """spot, on-demand, or mixed."""
        policy = (self.mixed_instances_policy or {}).get("InstancesDistribution", {})
        if not policy:
            options = self._version().data.get("InstanceMarketOptions", {})
            return str(options.get("MarketType", "on-demand"))
        above = int(policy.get("OnDemandPercentageAboveBaseCapacity", 100))
        if above == 0 and int(policy.get("OnDemandBaseCapacity", 0)) == 0:
            return "spot"
        return "on-demand" if above == 100 else "mixed"

    @property
    def instance_type(self) -> str:
        """The first that the policy names, as with a prioritized allocation."""
        template = (self.mixed_instances_policy or {}).get("LaunchTemplate", {})
        named = [entry["InstanceType"] for entry in template.get("Overrides", [])]
        return str([*named, self._version().instance_type][0])

    @property
    def staying(self) -> Sequence[InstanceState]:
        """Its instances but for those that are being ended."""
        return [s for s in self.instance_states if s.lifecycle_state != _LEAVING]

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Wish for so many instances; the group sees to it later."""
        minimum, maximum = self.min_size or 0, self.max_size or 0
        wanted = minimum if new_capacity is None else new_capacity
        if not minimum <= wanted <= maximum:
            msg = f"Desired capacity:{wanted} must be between the specified min size:{minimum} and max size:{maximum}"
            raise ValidationError(msg)
        self.desired_capacity = wanted
        self.look_later()

    def look_later(self) -> None:
        """Compare what is there with what is wished for, after a while."""
        if not self._will_look:
            self._will_look = True
            WORLD.later.after(WORLD.pace.look, self._look)

    def launch(self, zone: str, count: int, by: str) -> Sequence[Instance]:
        """As many instances as the zone has room for, pending."""
        possible = min(count, WORLD.free(self.market, zone))
        started = [self._launch_one(zone, by) for _ in range(possible)]
        if WORLD.late_failures and started:
            failing = started[: WORLD.late_failures]
            WORLD.late_failures -= len(failing)
            for instance in failing:
                WORLD.later.after(
                    WORLD.pace.pending / 2, partial(self.end, instance.instance_id, "late failure")
                )
        return started

    def end(self, instance_id: str, by: str) -> None:
        """End an instance, once; EC2 takes a while."""
        instance = WORLD.instances[instance_id]
        if instance.state in ("shutting-down", "terminated"):
            return
        instance.ended_by = by
        for state in self.instance_states:
            if state.instance_id == instance_id:
                state.lifecycle_state = _LEAVING
        WORLD.change(instance, "shutting-down")
        WORLD.later.after(WORLD.pace.ending, partial(self._gone, instance))

    def subnet(self, zone: str) -> str | None:
        """The group's subnet in a zone, None for a default one."""
        if not self.vpc_zone_identifier:
            return None
        subnets = self.ec2_backend.describe_subnets(subnet_ids=self.vpc_zone_identifier.split(","))
        return next(str(subnet.id) for subnet in subnets if subnet.availability_zone == zone)

    def _version(self) -> Any:  # noqa: ANN401 - moto's, without types
        return self.ec2_launch_template.get_version(self.launch_template_version)  # type: ignore[union-attr] - a group here always has one

    def _launch_one(self, zone: str, by: str) -> Instance:
        instance, state = self._started(zone, by)
        state.lifecycle_state = "Pending"
        self.instance_states.append(state)
        WORLD.later.after(WORLD.pace.pending, partial(self._in_service, instance, state))
        return instance

    def _started(self, zone: str, by: str) -> tuple[Instance, InstanceState]:
        (started,) = self.ec2_backend.run_instances(
            self.image_id,
            1,
            None,
            [],
            instance_type=self.instance_type,
            is_instance_type_default=False,
            placement=zone,
            subnet_id=self.subnet(zone),
            tags={"instance": {**self.get_propagated_tags(), models.ASG_NAME_TAG: self.name}},
            instance_market_options="spot" if self.market == "spot" else None,
        ).instances
        instance = Instance(
            instance_id=str(started.id),
            group=self.name,
            market=self.market,
            zone=zone,
            instance_type=self.instance_type,
            launched_by=by,
            launched_at=time.time(),
        )
        WORLD.instances[instance.instance_id] = instance
        return instance, InstanceState(started, autoscaling_group=self)

    def _in_service(self, instance: Instance, state: InstanceState) -> None:
        if instance.state == "pending":
            WORLD.change(instance, "running")
            state.lifecycle_state = "InService"
            # Not before: a pending instance is ended whatever the group says.
            state.protected_from_scale_in = self.new_instances_protected_from_scale_in

    def _gone(self, instance: Instance) -> None:
        self.ec2_backend.terminate_instances([instance.instance_id])
        WORLD.change(instance, "terminated")
        self.instance_states = [
            s for s in self.instance_states if s.instance_id != instance.instance_id
        ]
        self.look_later()

    def _look(self) -> None:
        self._will_look = False
        suspended = {process["ProcessName"] for process in self.suspended_processes}
        missing = (self.desired_capacity or 0) - len(self.staying)
        if missing > 0 and "Launch" not in suspended and self._refill(missing) < missing:
            self.look_later()
        if missing < 0 and "Terminate" not in suspended:
            open_to_it = [state for state in self.staying if not state.protected_from_scale_in]
            for state in open_to_it[:-missing]:
                self.end(state.instance_id, "scale in")
        if not self._warm_pool_is_full():
            self.look_later()

    def _warm_pool_is_full(self) -> bool:
        """Launch what it lacks, where there is room."""
        pool = self.warm_pool
        if pool is None:
            return True
        prepared = (pool.max_group_prepared_capacity or self.max_size or 0) - (
            self.desired_capacity or 0
        )
        zones = sorted(self.availability_zones, key=lambda zone: -WORLD.free(self.market, zone))
        for _ in range(max(pool.min_size, prepared) - len(self.waiting)):
            if not WORLD.free(self.market, zones[0]):
                return False
            instance, state = self._started(zones[0], "warm pool")
            WORLD.change(instance, "stopping")
            state.lifecycle_state = _WARMING
            self.waiting.append(state)
            WORLD.later.after(WORLD.pace.warming, partial(self._stopped, instance, state))
            zones.append(zones.pop(0))
        return True

    def _stopped(self, instance: Instance, state: InstanceState) -> None:
        if state in self.waiting:
            WORLD.change(instance, "stopped")
            state.lifecycle_state = _STOPPED

    def _draw(self) -> bool:
        """Whether one that is stopped starts; where its zone has no room another is tried."""
        for state in self.waiting:
            instance = WORLD.instances[state.instance_id]
            if state.lifecycle_state == _STOPPED and WORLD.free(self.market, instance.zone):
                self.waiting.remove(state)
                instance.drawn_at = time.time()
                WORLD.change(instance, "pending")
                state.lifecycle_state = "Pending"
                self.instance_states.append(state)
                WORLD.later.after(WORLD.pace.pending, partial(self._in_service, instance, state))
                return True
        return False

    def _refill(self, missing: int) -> int:
        held = Counter(str(state.availability_zone) for state in self.staying)
        done = 0
        while done < missing and self._draw():
            done += 1
        while done < missing:
            # The emptiest zone first; a dry one is passed over.
            for zone in sorted(self.availability_zones, key=lambda zone: held[zone]):
                if self.launch(zone, 1, "refill"):
                    held[zone] += 1
                    done += 1
                    break
            else:
                break
        return done
