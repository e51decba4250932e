"""Objects against schemas: Kubernetes' own of each version, and the kinds of others kept here."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any, Final

import jsonschema
from kubernetes_validate import utils

from tests.manifests.render import Object

FIRST: Final = (1, 29)
"""The first version in which a sidecar can be a native one without a feature gate."""
_FOLDER: Final = Path(__file__).parent / "schemas"

# It reads a megabyte of definitions anew for each object.
utils.schema_contents = functools.cache(utils.schema_contents)


def versions(first: tuple[int, ...] = FIRST) -> list[str]:
    """Return the versions of Kubernetes to validate against, oldest first."""
    known = {utils.major_minor(one) for one in utils.all_versions()}
    return sorted((one for one in known if _key(one) >= first), key=_key)


def custom(obj: Object) -> Any | None:
    """Return the schema of a kind that is not Kubernetes' own, or None."""
    group = obj["apiVersion"].partition("/")[0]
    file = _FOLDER / f"{group}_{obj['kind'].lower()}.json"
    return json.loads(file.read_text()) if file.exists() else None


def faults(obj: Object, version: str) -> list[str]:
    """Return what is wrong with an object in this version of Kubernetes.

    A kind that nobody has a schema of is wrong as well.
    """
    try:
        if schema := custom(obj):
            jsonschema.Draft202012Validator(schema).validate(obj)
        else:
            used = utils.validate(copy.deepcopy(obj), version, strict=True)
            # It takes the newest schemas that it has for any version that is newer.
            assert used == version
    except jsonschema.ValidationError as error:
        return [f"{error.json_path}: {error.message}"]
    except utils.SchemaNotFoundError as error:
        return [error.message]
    return []


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
