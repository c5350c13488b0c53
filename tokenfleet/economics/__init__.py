"""What a fleet costs, and what a token of it costs. Pure: no cloud, no Pulumi.

From a plan to a price, in the order of use::

    memory = memory_budget(facts, context_length, kind, engine)         # tokenfleet.plan.memory
    replica = replica_of(hardware, kind, memory, max_sequences)         # replica
    model = served_model(name, facts, memory.ranks)                     # served_model
    shape = RequestShape(input_tokens=800, output_tokens=250)           # traffic
    most = saturation(model, replica, shape)                            # throughput: theta, B, rho
    now = at_load(most, shape, requests_per_second / replicas)          # throughput: TTFT, ITL
    flow = token_flow(requests_per_second, shape)                       # price
    prices = token_prices(usd_per_hour, flow, weights_of(most.input_weight))

- ``bill``: lines of a stack in US dollars a month.
- ``traffic``: lengths and arrivals of requests. ``served_model``, ``replica``: what serves them.
- ``throughput``: theta, concurrency, utilisation, TTFT and ITL, each with p10, p50 and p90.
- ``price``: prices per million tokens; price x tokens over all kinds is the bill.
- ``quantiles``: a figure with its range. ``refusal``: a question without an answer (CostError).
"""
