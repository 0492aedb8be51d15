"""OpenTelemetry's Instrumentation: its CRD as the operator ships it, in the API server of a case."""

import json
import os
from pathlib import Path

from .api import KINDS, ApiError
from .process import run
from .wait import expect, until

MODULE = "github.com/open-telemetry/opentelemetry-operator"
CRD = "instrumentations.opentelemetry.io"

KINDS["Instrumentation"] = ("opentelemetry.io/v1alpha1", "instrumentations", True)


def crd_file(repo):
    """The CRD in the pinned module's own files; downloaded when they are not there."""
    done = run(["go", "-C", repo / "hack/tools/opentelemetry", "mod", "download", "-json", MODULE], 120,
               env={**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"})
    expect(done.returncode == 0, lambda: f"go mod download: {(done.stderr or done.stdout).decode()[-800:]}")
    return Path(json.loads(done.stdout)["Dir"]) / "config/crd/bases/opentelemetry.io_instrumentations.yaml"


def install(t):
    """The CRD for one case, taken out again with it."""
    t.plane.kubectl("apply", "--server-side", "-f", crd_file(t.plane.repo))
    t.undo.append(lambda: t.api.delete("CustomResourceDefinition", None, CRD))
    until(lambda: served(t), 20, f"{CRD} is not served")


def served(t):
    """Asked of the server itself: `kubectl wait` fails on a CRD that has no condition yet."""
    try:
        return t.api.list("Instrumentation") is not None
    except ApiError as error:
        if error.status in (404, 429):  # 429: its storage is not ready
            return False
        raise
