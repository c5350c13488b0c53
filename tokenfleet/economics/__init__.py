"""What a fleet costs, and what a token of it costs. Pure: no cloud, no Pulumi, no clock.

From a plan to a price, in the order of use::

    server = server_on(facts, memory_use, hardware, kind)                 # plan.serving.limits.server
    shape = RequestShape(input_tokens=800, output_tokens=250)             # estimate.traffic
    most = server.saturation(batch, shape)                                # its batch: .limits.batch; theta, B, rho
    most = measured_saturation(most, read_profile(paths, names))          # estimate.measured: when there is one
    now = at_load(most, requests_per_second / replicas)                   # estimate.load: TTFT, ITL
    quote = quote_at_load(most, usd_per_hour, replicas=replicas, ...)     # price.quote: prices, range
    flat_out = quote_at_saturation(most, usd_per_hour, replicas=replicas)
    why = price_by_cause(quote.prices, parts, quote.load.p50)             # price.causes
    other = compare_hosted(quote, hosted, most, replicas=replicas)        # price.hosted: verdict, break-even

The same for whole stacks and for the whole catalogue::

    cost = stack_cost(plan, WhatIf(...))                  # stack_cost: every model, at any load
    day = stack_day(plan, WhatIf(...), loads)             # stack_day: the same over 24 hours
    fleet = served_fleet(plan, model, what_if)            # served_fleet: replicas for a load
    bills = FleetBills(plan, what_if).of(replicas)        # fleet_bills: the bill with those
    found = ranking(Question(...))                        # choice.ranking: every type, or why not it

``usd_per_hour`` and the price of a replica are ``Quantiles``: ``known(usd)`` for a list price,
``SPOT_FORECAST * usd`` (price.quote) where spot is forecast. Every question without an answer is a
``CostError`` (refusal) with a place and a way out.

What is estimated, and from what:

- ``estimate.step``: one step of the engine = the longer of the host and the device (launches, ranks, weights,
  KV cache, computing), times few fitted
  ``catalogue.efficiencies``; ``bench/economics`` refits them and prints their errors.
- ``estimate.throughput``, ``.at_load``: steady state. ``.finite_run``: a benchmark's run, which
  starts and ends empty, by ``.scheduler``, which plays what vLLM's does with any requests.
- ``Saturation.basis``: ``measured`` (a profile), ``estimated``, or ``unverified`` (Graviton, of
  which vLLM's public runs are relative); ``notes`` give the reasons for a wider range.

What is exact: the sum of price x tokens is the bill (``price.tokens``), causes add up to it
(``price.causes``), and ``price.sizing`` says from which load on a queue grows and how many replicas are
missing. ``bill`` holds the lines of a stack in US dollars a month.
"""
