"""What Grafana makes of provisioning files: for the stand-in, after Grafana's own rules.

Read in pkg/services/provisioning/{datasources,dashboards,values}:

- datasources/*.yaml and *.yml in the order of their names, all read before anything is done; a file that
  is no YAML, has a key twice or a value of another type ends the pass, and so do two defaults in one
  organization or one that does not exist.
- Values, not keys, are expanded: $$ is $, $VAR and ${VAR} of the environment (unset: nothing), $__env{VAR},
  $__file{PATH}.
- What was provisioned with `prune` and is in no file any more goes first; then, file by file,
  deleteDatasources and the datasources.  One is known by (orgId, name), its uid is set; without a uid it is
  "P" and 16 digits of the name's SHA-256.  An older version is passed over.  The first error ends the pass,
  and what was done before stays.
- dashboards/*.yaml name providers; of each the *.json below options.path are saved.  A file that is no
  dashboard is passed over; of those with one uid none is saved; what is gone is deleted, unless
  disableDeletion.
"""

import hashlib
import json
import os
import re
from pathlib import Path

import yaml

SPECIAL = re.compile(r"\$__(env|file)\{([^}]*)\}")
VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*|[*#$@!?0-9-]))")
TEXTS = ("name", "type", "access", "url", "user", "database", "basicAuthUser", "uid")
FLAGS = ("basicAuth", "withCredentials", "isDefault", "editable")


class Bad(Exception):
    """Ends a pass."""


class Strict(yaml.SafeLoader):
    """A key that is there twice is an error, as it is for yaml.v3."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise Bad(f"line {node.start_mark.line + 1}: mapping key {sorted(map(str, twice))[0]!r} already defined")
        return super().construct_mapping(node, deep)


def expand_special(match):
    kind, argument = match.groups()
    return os.environ.get(argument, "") if kind == "env" else Path(argument).read_text(encoding="utf-8").strip()


def expand(value):
    """A text, or all texts in a tree."""
    if isinstance(value, dict):
        return {key: expand(one) for key, one in value.items()}
    if isinstance(value, list):
        return [expand(one) for one in value]
    if not isinstance(value, str):
        return value
    return "$".join(VARIABLE.sub(lambda m: os.environ.get(m.group(1) or m.group(2), ""), SPECIAL.sub(expand_special, part))
                    for part in value.split("$$"))


def read_files(folder):
    """The documents of a folder, each with its name."""
    path = Path(folder)
    names = sorted(one.name for one in path.iterdir() if one.suffix in (".yaml", ".yml")) if path.is_dir() else []
    for name in names:
        try:
            document = yaml.load((path / name).read_text(encoding="utf-8"), Strict)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise Bad(f"{name}: {error}") from None
        except Bad as error:
            raise Bad(f"{name}: {error}") from None
        if document is not None and not isinstance(document, dict):
            raise Bad(f"{name}: cannot unmarshal into a mapping")
        yield name, document or {}


# ---- datasources


def source_of(name, row):
    """A datasource as POST takes it, and its organization."""
    if not isinstance(row, dict):
        raise Bad(f"{name}: a datasource is no mapping")
    body = {}
    for key in TEXTS:
        value = row.get(key)
        if isinstance(value, (dict, list)):
            raise Bad(f"{name}: cannot unmarshal {key} into a string")
        body[key] = "" if value is None else expand(value if isinstance(value, str) else str(value))
    for key in FLAGS:
        value = expand(row.get(key))
        if value in (None, ""):
            value = False
        if str(value).lower() not in ("true", "false", "1", "0", "t", "f"):
            raise Bad(f"{name}: {key}: invalid syntax for a boolean")
        body[key] = str(value).lower() in ("true", "1", "t")
    for key in ("jsonData", "secureJsonData"):
        value = row.get(key)
        if value is not None and not isinstance(value, dict):
            raise Bad(f"{name}: cannot unmarshal {key} into a mapping")
        body[key] = expand(value or {})
    if any(not isinstance(value, str) for value in body["secureJsonData"].values()):
        raise Bad(f"{name}: cannot unmarshal secureJsonData into strings")
    if body["access"] not in ("proxy", "direct"):
        body["access"] = "proxy"
    if not body["uid"]:
        body["uid"] = "P" + hashlib.sha256(body["name"].encode()).hexdigest()[:16].upper()
    body["version"] = int(expand(row.get("version")) or 0)
    return int(expand(row.get("orgId")) or 0) or 1, body


def delete(db, org, name):
    found = db.named(org, name)
    if found is not None:
        del db.sources[org, found["uid"]]


def upsert(db, org, body, prune):
    """`editable: false`, the default, is what makes it read-only."""
    found = db.named(org, body["name"])
    if found is None:
        found = db.add(org, body)
        found["version"] = 1
    elif body["version"] and found["version"] > body["version"]:
        return
    else:
        found = db.update(org, found, body)
    found.update(readOnly=not body["editable"], prunable=prune)


def load_sources(db, folder):
    files = []
    for name, document in read_files(folder):
        if not isinstance(document.get("apiVersion", 0), int):
            raise Bad(f"{name}: cannot unmarshal apiVersion into an integer")
        rows = [source_of(name, row) for row in document.get("datasources") or []]
        gone = [(int(row.get("orgId") or 0) or 1, expand(row["name"])) for row in document.get("deleteDatasources") or []]
        files.append((rows, gone, document.get("prune") is True))
    defaults = [org for rows, _, _ in files for org, body in rows if body["isDefault"]]
    for rows, _, _ in files:
        for org, body in rows:
            if org not in db.orgs:
                raise Bad(f"failed to provision {body['name']!r} data source: organization not found")
    if len(defaults) != len(set(defaults)):
        raise Bad("datasource.yaml config is invalid. Only one datasource per organization can be marked as default")
    told = {(org, body["name"]) for rows, _, _ in files for org, body in rows} | {key for _, gone, _ in files for key in gone}
    for source in list(db.sources.values()):
        if source.get("prunable") and (source["orgId"], source["name"]) not in told:
            delete(db, source["orgId"], source["name"])
    for rows, gone, prune in files:
        for org, name in gone:
            delete(db, org, name)
        for org, body in rows:
            upsert(db, org, body, prune)


# ---- dashboards


def boards_of(provider, said):
    """{uid: (folder, model)} of a provider's files."""
    path = Path(expand((provider.get("options") or {}).get("path") or ""))
    found = {}
    for file in sorted(path.rglob("*.json")):
        try:
            model = json.loads(file.read_text(encoding="utf-8"))
            title = model["title"]
        except (ValueError, KeyError, TypeError, OSError) as error:
            said.append(f"failed to load dashboard {file.name}: {error}")
            continue
        structure = (provider.get("options") or {}).get("foldersFromFilesStructure") is True
        folder = str(file.parent.relative_to(path)) if structure else provider.get("folder") or ""
        uid = model.get("uid") or hashlib.sha256(str(file).encode()).hexdigest()[:14]
        found.setdefault(uid, []).append(("" if folder == "." else folder, {**model, "title": title, "uid": uid}))
    for uid, models in found.items():
        if len(models) > 1:
            said.append(f"the same UID is used more than once: {uid}")
    return {uid: models[0] for uid, models in found.items() if len(models) == 1}


def folder_uid(db, org, title):
    if not title:
        return ""
    found = [uid for (o, uid), name in db.folders.items() if o == org and name == title]
    if not found:
        found = [f"F{db.take_id():08x}"]
        db.folders[org, found[0]] = title
    return found[0]


def load_boards(db, folder, said):
    providers = [row for _, document in read_files(folder) for row in document.get("providers") or []]
    names = [row.get("name") for row in providers]
    if len(names) != len(set(names)):
        raise Bad("dashboards provisioning config: a provider's name is used twice")
    for provider in providers:
        org, boards = int(provider.get("orgId") or 1), boards_of(provider, said)
        for (o, uid), board in list(db.boards.items()):
            if o == org and board.get("provider") == provider.get("name") and uid not in boards and \
                    not provider.get("disableDeletion"):
                del db.boards[o, uid]
        for uid, (title, model) in boards.items():
            old = db.boards.get((org, uid))
            if old and old.get("source") == model:
                continue
            version = old["model"]["version"] + 1 if old else 1
            board_id = old["id"] if old else db.take_id()
            db.boards[org, uid] = {
                "id": board_id, "folder": folder_uid(db, org, title), "provider": provider.get("name"), "source": model,
                "provisioned": provider.get("allowUiUpdates") is not True,
                "model": {**model, "id": board_id, "version": version},
                "versions": [{"version": version, "message": "", "uid": uid}] + (old["versions"] if old else [])}


def load(db, folder, what, said):
    """One pass: what ended it, or None."""
    try:
        if what == "datasources":
            load_sources(db, folder)
        else:
            load_boards(db, folder, said)
    except (Bad, OSError, ValueError, KeyError) as error:
        return f"{what}: {error}"
    except Exception as error:  # a Refused of the stand-in's database
        if not hasattr(error, "body"):
            raise
        return f"{what}: {error.body['message']}"
    return None
