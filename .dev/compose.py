"""Holds compose files against the Compose specification's JSON schema, which the package check-jsonschema carries.

The schema names draft 2020-12; of its words that fastjsonschema lacks it uses none, and fastjsonschema needs no other package.
"""

import json
import sys
from importlib.metadata import distribution

import fastjsonschema
from ruamel.yaml import YAML, YAMLError

SCHEMA = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"


def finding(validate, name):
    """What is wrong with the file, or nothing."""
    try:
        with open(name, encoding="utf-8") as file:
            validate(YAML(typ="safe", pure=True).load(file))
    except (YAMLError, fastjsonschema.JsonSchemaValueException) as error:
        return str(error)


def main(names):
    schema = distribution("check-jsonschema").locate_file(SCHEMA).read_text(encoding="utf-8")
    validate = fastjsonschema.compile(json.loads(schema))
    findings = {name: finding(validate, name) for name in names}
    for name, found in findings.items():
        if found:
            print(f"{name}: {found}")
    return any(findings.values())


sys.exit(main(sys.argv[1:]))
