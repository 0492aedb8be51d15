"""Jaeger's own collector serves the strategies that are rendered; the API server takes a sampler's settings"""

import time

from lib.api import ApiError
from lib.jaeger import collector
from lib.otel import install
from lib.process import run as run_program
from lib.wait import expect, until

DEADLINE_S = 120
RELOAD_S = 5
SOURCES = ["tests/tools/print_strategies.c", "render/strategies.c",
           *(f"lib/{name}.c" for name in ("arena", "error", "str", "units"))]
HEALTH = {"GET /healthz": 0}
FIRST = ["1", "/GET /healthz=0", "checkout=12.5", "/POST /pay=100", "/GET /cart=0.25", "catalog=0", "zoo=100",
         "/GET /healthz=50"]
TOLD = {  # service: what a client of it is told
    "checkout": (0.125, {"POST /pay": 1, "GET /cart": 0.0025, **HEALTH}),
    "catalog": (0, HEALTH),
    "zoo": (1, {"GET /healthz": 0.5}),
    "nobody's": (0.01, HEALTH)}
SECOND = ["0.01", "catalog=33.33", "nobody's=7"]
TOLD_LATER = {"checkout": (0.0001, {}), "catalog": (0.3333, {}), "nobody's": (0.07, {}), "other": (0.0001, {})}
SAMPLER = {"type": "parentbased_traceidratio", "argument": "0.125"}
REMOTE = "endpoint=http://jaeger.tracing:14250,pollingIntervalMs=60000,initialSamplingRate=0.0025"


def printer(t):
    """The renderer as a program of its own."""
    path = t.dir / "print_strategies"
    done = run_program(["cc", "-std=c11", "-O1", "-D_DEFAULT_SOURCE", f"-I{t.plane.repo}", "-o", path,
                        *(t.plane.repo / name for name in SOURCES)])
    expect(done.returncode == 0, lambda: f"print_strategies: {done.stderr.decode()[-800:]}")
    return path


def write(program, words, path):
    """Replace the file at once, as a mounted ConfigMap is."""
    done = run_program([program, *words])
    expect(done.returncode == 0, lambda: f"print_strategies: {done.stderr.decode()[-800:]}")
    aside = path.with_suffix(".new")
    aside.write_bytes(done.stdout)
    aside.rename(path)


def strategies(t):
    program, path = printer(t), t.dir / "strategies.json"
    write(program, FIRST, path)
    jaeger = collector(t, path)
    if jaeger is None:
        return
    def told(services):
        return {name: jaeger.strategy(name) for name in services}
    expect(told(TOLD) == TOLD, lambda: f"clients are told {told(TOLD)}")
    begin = time.monotonic()
    write(program, SECOND, path)
    until(lambda: told(TOLD_LATER) == TOLD_LATER, RELOAD_S, lambda: f"clients are still told {told(TOLD_LATER)}")
    t.figure("reload", time.monotonic() - begin, "s")
    spans(jaeger)
    bad = "failed to update sampling strategies"
    expect(bad not in jaeger.process.said(), f"the collector's log says: {bad}")


def spans(jaeger):
    """What proxies and SDKs send arrives."""
    jaeger.post_zipkin("checkout", "GET /cart")
    jaeger.post_otlp("catalog", "GET /items")
    for service in ("checkout", "catalog"):
        until(lambda: jaeger.saved(service) == 1, 5, lambda: f"{service}: {jaeger.saved(service)} spans, not 1")


def instrumentation(t):
    """A ratio has its field; Jaeger's sampler is refused there, and taken as variables."""
    ns = t.ns("shop")
    install(t)
    t.api.apply("Instrumentation", ns, "ratio", spec={"sampler": SAMPLER})
    remote = {"type": "parentbased_jaeger_remote", "argument": REMOTE}
    try:
        t.api.apply("Instrumentation", ns, "remote", spec={"sampler": remote})
    except ApiError as error:
        expect(error.status == 422, f"spec.sampler: {error}")
    else:
        expect(False, "spec.sampler takes parentbased_jaeger_remote now: no need for spec.env")
    env = [{"name": "OTEL_TRACES_SAMPLER", "value": remote["type"]},
           {"name": "OTEL_TRACES_SAMPLER_ARG", "value": REMOTE}]
    made = t.api.apply("Instrumentation", ns, "remote", spec={"env": env})
    expect(made["spec"] == {"env": env}, f"spec.env: {made['spec']}")


def run(t):
    strategies(t)
    instrumentation(t)
