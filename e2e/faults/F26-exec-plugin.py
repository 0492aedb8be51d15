"""a credential program that fails, says too much or the wrong thing, or hangs: told, killed in time, nothing is blocked"""

import json
import time

import yaml

from lib.case import ACCOUNT
from lib.faults import token_of, with_user
from lib.wait import expect, until

SECONDS = 170
IN_TEST = False
MEMORY = False
HANGS_S = 60  # its deadline

SCRIPT = """#!/bin/sh
cd '{folder}' || exit 3
mode=$(cat mode)
echo "$mode" >>runs
case $mode in
fail) echo 'no such credentials' >&2; exit 1 ;;
big) head -c 2097152 /dev/zero | tr '\\0' ' ' ;;
hang) echo good >mode; sleep 1000 ;;  # only once: the next one starts as soon as this one is killed
version) version=client.authentication.k8s.io/v9 ;;
esac
sed "s#VERSION#${{version:-client.authentication.k8s.io/v1}}#; s#UNTIL#$(date -u -d '+25 seconds' +%Y-%m-%dT%H:%M:%SZ)#" credential
"""


def prepare(f):
    """A kubeconfig whose program does what the file `mode` says; its credentials are good for some seconds."""
    folder = f.dir / "plugin"
    folder.mkdir()
    token = token_of(f.plane.kubeconfig(ACCOUNT, f.dir / "other"))
    (folder / "credential").write_text(json.dumps({
        "kind": "ExecCredential", "apiVersion": "VERSION",
        "status": {"token": token, "expirationTimestamp": "UNTIL"}}))
    (folder / "mode").write_text("good")
    (folder / "runs").touch()
    script = folder / "run"
    script.write_text(SCRIPT.format(folder=folder))
    script.chmod(0o755)
    return folder, with_user(f, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script),
                                          "interactiveMode": "Never"}})


def runs(folder, mode):
    return (folder / "runs").read_text().split().count(mode)


def answers_at_once(f):
    begin = time.monotonic()
    status = f.controller.fetch("/healthz")[0]
    expect(status == 200 and time.monotonic() - begin < 1, "the loop is blocked")


def broken(f, folder, mode, words):
    """The program does that until it was asked twice; meanwhile all goes on, and after it a change is published."""
    before = runs(folder, mode)
    said = len(f.controller.said())
    (folder / "mode").write_text(mode)
    turns = 0

    def look():
        nonlocal turns
        turns += 1
        if turns % 20 == 0:
            f.put("p1", f"/p1-{mode}-{turns}")  # so that requests have to be made
        answers_at_once(f)
        return runs(folder, mode) >= before + (1 if mode == "hang" else 2)
    until(look, 60, f"{mode}: the program is not asked", 0.1)
    if mode == "hang":
        hanging(f)
    until(lambda: any(word in f.controller.said()[said:] for word in words), 10,
          lambda: f"{mode}: none of {words} in the log: {f.controller.said()[said:][-800:]}")
    (folder / "mode").write_text("good")
    f.put("p2", f"/p2-{mode}")
    f.right(40)


def hanging(f):
    begin = time.monotonic()
    child = set(f.children())
    f.put("p1", "/p1-hanging")
    expect(child, "no program is running")
    while set(f.children()) & child:
        answers_at_once(f)
        expect(time.monotonic() - begin < HANGS_S + 20, "it is never killed")
        time.sleep(0.2)
    f.figure("killed after", time.monotonic() - begin, "s", HANGS_S + 10)


def run(f):
    folder, kubeconfig = prepare(f)
    f.begin(kubeconfig=kubeconfig)
    broken(f, folder, "fail", ["exit", "status 1", "ended with"])
    broken(f, folder, "big", ["bytes", "output"])
    broken(f, folder, "version", ["no ExecCredential"])
    broken(f, folder, "hang", ["did not end in time"])
    expect(yaml.safe_load(kubeconfig.read_text())["users"], "the kubeconfig was written to")
    for words in ("was refused", "apply this version's CRDs"):
        expect(words not in f.controller.said(), f"the log speaks of the API server: {words}")
    f.moved("binnacle_list_failures_total", 1)
    until(lambda: not f.children(), 10, "a program is left")
    f.healed()
