"""hostile manifests: each error names file, line and field; memory and time are bounded; others unaffected"""

import json
from pathlib import Path

from lib.process import measured
from lib.wait import Failed, expect, expect_in

PEAK_BYTES = 256 << 20
SECONDS = 20
GOOD = Path(__file__).parent / "17-hostile"
MEGABYTE = 1 << 20


def thing(kind, name="hostile", spec=None, **meta):
    group = {"Deployment": "apps/v1"}.get(kind, "binnacle.dev/v1alpha1")
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "app", **meta},
            "spec": spec or {}}


def policy(name="hostile", **endpoint):
    return thing("ScrapePolicy", name, {"selector": {}, "endpoints": [{"port": "http", **endpoint}]})


def workload(annotations):
    return thing("Deployment", annotations={"prometheus.io/scrape": "true", **annotations})


def lines(objects):
    """Documents of JSON, one a line: JSON is YAML, and the line is known."""
    return b"\n---\n".join(json.dumps(one).encode() for one in objects) + b"\n"


def raw(text):
    """A ScrapePolicy whose sixth line is `text`: bytes that JSON would not let through."""
    head = "apiVersion: binnacle.dev/v1alpha1", "kind: ScrapePolicy", "metadata:", "  name: hostile", "  namespace: app"
    return "\n".join(head).encode() + b"\n" + text


def bomb():
    levels = b"".join(b"l%d: &l%d [%s]\n" % (n, n, b",".join([b"*l%d" % (n - 1)] * 10)) for n in range(1, 12))
    return b"l0: &l0 [lol]\n" + levels + raw(b"spec: {selector: {}, endpoints: [*l11]}\n")


def regexes(count):
    """Each is small and asks for much: repeats of repeats, wide classes."""
    shapes = ["(x{500}){500}", "((a*)*)*b{900}", "[\\\\pL]{1000}(y|z){999}", "(.{0,999}){9}{9}"]
    for number in range(count // 50):
        rules = [{"sourceLabels": ["__name__"], "regex": f"{shapes[(number + n) % 4]}{number}", "action": "drop"}
                 for n in range(50)]
        yield policy(f"hostile-{number}", metricRelabelings=rules)


HOSTILE = {  # file: content, what the messages must name beside the file, and its line if it is known
    "one-big-annotation": (lines([workload({"prometheus.io/path": "/" + "x" * 5 * MEGABYTE})]), ["annotations"], 1),
    "many-annotations": (lines([workload({f"binnacle.dev/k{n}": "v" * 100 for n in range(45000)})]), [], None),
    "nul-escape": (lines([policy(path="/a\0b")]), [], 1),
    "nul-byte": (raw(b"spec: {selector: {}, endpoints: [{port: http, path: /a\0b}]}\n"), [], 6),
    "utf-8": (raw(b"spec: {selector: {}, endpoints: [{port: http, path: /\xff\xfe\xc0\xaf}]}\n"), [], 6),
    "aliases": (bomb(), [], None),
    "many-rules": (lines([policy(relabelings=[{"sourceLabels": ["a"], "targetLabel": "b"}] * 10000)]),
                   ["spec.endpoints[0].relabelings"], 1),
    "dots-name": (lines([thing("Observatory", "../../../tmp/hostile", {"prometheus": {}})]), ["metadata.name"], 1),
    "dots-namespace": (lines([thing("ScrapePolicy", namespace="../x", spec={"selector": {}, "preset": "istiod"})]),
                       ["metadata.namespace"], 1),
    "dots-output": (lines([thing("Observatory", spec={"prometheus": {"output": {"name": "../../x"}}})]),
                    ["spec.prometheus.output.name"], 1),
    "dots-key": (lines([thing("Observatory", spec={"prometheus": {"output": {"key": "../../x"}}})]),
                 ["spec.prometheus.output.key"], 1),
    "deep": (b"[" * 100000 + b"\n", [], 1),
    "regexes": (lines(regexes(10000)), ["spec.endpoints[0].metricRelabelings"], 1),
}


def prepare(t, name, content):
    """A folder with the good objects and one hostile file."""
    folder = t.dir / name
    folder.mkdir()
    for file in GOOD.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / f"{name}.yaml").write_bytes(content)
    return folder


def attack(t, name, wanted, usual):
    """Through `run --from`; the most memory it took."""
    content, words, line = wanted
    folder, out = prepare(t, name, content), t.dir / f"{name}-out"
    done = measured([t.binary, "run", "--from", folder, "--to", out, "--once"], SECONDS * 2)
    said = (done.out + done.err).decode(errors="replace")
    place = f"{name}.yaml:{line}:" if line else f"{name}.yaml"
    expect(done.status in (0, 1), f"{name}: ended with {done.status}: {said[-500:]}")
    expect_in([place, *words], said, name)
    expect(len(said) < 2 * MEGABYTE, f"{name}: {len(said)} bytes of messages")
    within = done.seconds < SECONDS and done.peak < PEAK_BYTES
    expect(within or not t.bars, f"{name}: {done.seconds:.1f} s, {done.peak >> 20} MB")
    expect(written(out) == usual, f"{name}: the good objects' files differ: {sorted(written(out))}")
    return done


def survived(t, name, wanted, usual, wrong):
    """attack(), so that one weak spot does not hide the next one."""
    try:
        return attack(t, name, wanted, usual)
    except Failed as error:
        wrong.append(str(error))
        return None


def written(out):
    """{file: bytes} of what the good Observatory gives."""
    return {path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def run(t):
    base, out = prepare(t, "none", b""), t.dir / "none-out"
    expect(measured([t.binary, "run", "--from", base, "--to", out, "--once"], SECONDS).status == 0, "good ones fail")
    usual = written(out)
    expect(usual, "nothing is written for the good ones")
    wrong = []
    done = [survived(t, name, wanted, usual, wrong) for name, wanted in HOSTILE.items()]
    expect(not wrong, lambda: "\n".join(wrong))
    outside = [path for path in t.dir.iterdir() if path.name.removesuffix("-out") not in [*HOSTILE, "none"]]
    expect(not outside and not Path("/tmp/hostile").exists(), f"written outside: {outside}")
    t.figure("files", len(done), "")
    t.figure("most memory", max(one.peak for one in done) / MEGABYTE, "MB", PEAK_BYTES / MEGABYTE)
    t.figure("slowest", max(one.seconds for one in done), "s", SECONDS)
