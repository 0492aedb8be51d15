"""an Observatory is deleted while its output is on the way, or what has to be cleaned up is gone: nothing is left, its finalizer goes once"""

import threading
import time

from lib.audit import Audit
from lib.wait import expect, until

SECONDS = 70
IN_TEST = False
GONE_S = 20
ROUNDS = 2


class World:
    """One Observatory with an output in another namespace, or its own, and who deletes it in between."""

    def __init__(self, f, name, far):
        self.f = f
        self.name = name
        self.ns = far or f.monitoring
        self.secret = f"{name}-prometheus"
        self.record = Audit(f.plane.audit)
        self.hit = threading.Event()
        output = {"output": {"kind": "Secret", "name": self.secret, "namespace": far}} if far else {}
        self.make = lambda: f.observatory(f.monitoring, name, **output)

    def rule(self, verb, act):
        """`act` instead of the first request for the output."""
        def once(exchange):
            self.hit.set()
            act(exchange)
        return self.f.proxy.rule(rf"^{verb} .*/namespaces/{self.ns}/secrets/{self.secret}(\?|$)", once, times=1)

    def delete(self):
        self.f.api.delete("Observatory", self.f.monitoring, self.name)
        time.sleep(0.4)  # it has seen that

    def published(self):
        self.f.published(self.ns, ["/shop"], self.secret)
        self.f.settled()

    def held(self):
        expect(self.hit.wait(10), f"{self.name}: the request never came")

    def rows(self, what):
        return [row for row in self.record.writes() if row.what == what]

    def clean(self):
        """All is gone, and stays so; every step was done once."""
        f = self.f
        begin = time.monotonic()
        for kind, ns, name in (("Observatory", f.monitoring, self.name), ("Secret", self.ns, self.secret)):
            until(lambda: f.api.get(kind, ns, name) is None, GONE_S, lambda: f"{self.name}: {kind} {ns}/{name} is still there")
        took = time.monotonic() - begin
        time.sleep(1)
        expect(f.api.get("Secret", self.ns, self.secret) is None, f"{self.name}: the output came back")
        f.figures[f"gone {self.name}"] = {"value": round(took, 3), "unit": "s"}
        held = [row for row in self.rows(f"observatories {f.monitoring}/{self.name}") if row.accepted]
        expect(len(held) == (0 if self.ns == f.monitoring else 2), f"{self.name}: the finalizer was written {held}")
        writes = self.rows(f"secrets {self.ns}/{self.secret}")
        deleted = [row for row in writes if row.verb == "delete"]
        expect(sum(row.verb == "patch" for row in writes) <= 2 and len(deleted) <= 2, f"{self.name}: {writes}")


def before(world):
    """The write reaches the server only after the owner has been deleted."""
    def act(exchange):
        world.delete()
        exchange.pass_on()
    world.rule("PATCH", act)
    world.make()
    world.held()


def unheard(world):
    """The write is carried out, its answer never comes, and the owner is deleted meanwhile."""
    def act(exchange):
        exchange.ask().read()
        world.delete()
        exchange.reset()
    world.rule("PATCH", act)
    world.make()
    world.held()


def target_gone(world):
    """Somebody else takes the output away while it is being cleaned up."""
    def act(exchange):
        world.f.api.delete("Secret", world.ns, world.secret)
        exchange.pass_on()
    world.make()
    world.published()
    world.rule("DELETE", act)
    world.delete()
    world.held()


def delete_unheard(world):
    """The output is deleted, and nobody says so."""
    def act(exchange):
        exchange.ask().read()
        exchange.reset()
    world.make()
    world.published()
    world.rule("DELETE", act)
    world.delete()
    world.held()


def run(f):
    f.begin()
    far = f.ns("far", "output")
    for turn in range(ROUNDS):
        for act in (before, unheard, target_gone, delete_unheard):
            world = World(f, f"{act.__name__.replace('_', '-')}-{turn}", far)
            act(world)
            world.clean()
        world = World(f, f"own-{turn}", None)
        before(world)
        world.clean()
    f.healed()
