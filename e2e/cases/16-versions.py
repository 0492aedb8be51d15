"""what is generated for Prometheus 2.42 to 3.16 is taken by promtool and by the server"""

from pathlib import Path

import yaml

from lib.case import jobs_of
from lib.process import run as run_program
from lib.prometheus import check, promtool_of
from lib.wait import expect

GIVEN = Path(__file__).parent / "16-versions"
VERSIONS = ["2.42.0", "2.53.0", "3.0.0", "3.5.0", "3.16.0"]
OLD = "2.53"  # the older promtool knows fields up to here


def secret_with_certificate(folder):
    """Certificates are checked to be such, keys to belong to them: made here, not kept."""
    key, crt = folder / "tls.key", folder / "tls.crt"
    done = run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=shop.app", "-keyout", key, "-out", crt])
    expect(done.returncode == 0, f"openssl: {done.stderr.decode()}")
    thing = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "app"},
             "stringData": {file.name: file.read_text() for file in (key, crt)}}
    key.unlink(), crt.unlink()
    return yaml.safe_dump(thing)


def render(t, version):
    """The generated configuration of the samples for one version."""
    given = t.dir / version
    given.mkdir()
    for file in GIVEN.glob("*.yaml"):
        (given / file.name).write_text(file.read_text().replace("VERSION", version))
    (given / "tls.yaml").write_text(secret_with_certificate(t.dir))
    status, content, said = t.offline("render", "-f", given, "--content")
    expect(status == 0 and content, f"{version}: render ended with {status}: {said}")
    return content


def older(t):
    tools = t.plane.tools_of("prometheus-2")
    return promtool_of(tools) if tools else None


def run(t):
    new, old = promtool_of(t.plane.tools), older(t)
    if old is None:
        t.note("promtool 2.53 is not built: left out (hack/tools/build prometheus-2)")
    checks = 0
    for version in VERSIONS:
        content = render(t, version)
        tools = [new] + ([old] if old and tuple(map(int, version.split(".")[:2])) <= (2, 53) else [])
        for promtool in tools:
            check(promtool, content)
            checks += 1
    server = t.prometheus()
    server.load(content.decode())
    t.figure("checks", checks, "")
    t.figure("jobs", len(jobs_of(content.decode())), "")
