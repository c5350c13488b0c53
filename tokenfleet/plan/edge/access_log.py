"""What is written about a request: who, which model, how it went; no prompt and no key."""

from tokenfleet.plan.edge.extension import Json, extension

_KIND = "envoy.extensions.access_loggers.file.v3.FileAccessLog"


def access_log() -> Json:
    """A line of JSON a request; the path is without its query, which may hold anything."""
    return extension(
        "envoy.access_loggers.file",
        _KIND,
        path="/dev/stdout",
        log_format={
            "json_format": {
                "time": "%START_TIME%",
                "id": "%REQ(X-REQUEST-ID)%",
                "client": "%REQ(X-CLIENT-ID)%",
                "method": "%REQ(:METHOD)%",
                "path": "%PATH(NQ)%",
                "model": "%DYNAMIC_METADATA(edge:model)%",
                "max_tokens": "%DYNAMIC_METADATA(edge:max_tokens)%",
                "status": "%RESPONSE_CODE%",
                "flags": "%RESPONSE_FLAGS%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "upstream": "%UPSTREAM_HOST%",
                "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                "bytes_in": "%BYTES_RECEIVED%",
                "bytes_out": "%BYTES_SENT%",
                "ttfb_ms": "%RESPONSE_DURATION%",
                "ms": "%DURATION%",
            }
        },
    )
