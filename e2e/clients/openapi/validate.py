# Says whether a description of an HTTP interface is OpenAPI, and whether real answers are what it says.
# stdin: {"description": …, "answers": [{"method", "path", "status", "type", "body"}]}, the path as it is described.
import json
import sys

from jsonschema import FormatChecker
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

given = json.load(sys.stdin)
description = given["description"]
OpenAPIV31SpecValidator(description).validate()
registry = Registry().with_resource("urn:description", DRAFT202012.create_resource(description))


def resolve(thing):
    while "$ref" in thing:
        found = description
        for name in thing["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        thing = found
    return thing


def absolute(thing):
    if isinstance(thing, dict):
        return {
            key: "urn:description" + value if key == "$ref" else absolute(value)
            for key, value in thing.items()
        }
    return [absolute(one) for one in thing] if isinstance(thing, list) else thing


wrong = []
for answer in given["answers"]:
    name = f"{answer['method']} {answer['path']} {answer['status']}"
    responses = description["paths"][answer["path"]][answer["method"].lower()]["responses"]
    if str(answer["status"]) not in responses:
        wrong.append(f"{name}: it is not described")
        continue
    content = resolve(responses[str(answer["status"])])["content"]
    if answer["type"] not in content:
        wrong.append(f"{name}: {answer['type']} is not described")
        continue
    schema = absolute(content[answer["type"]]["schema"])
    body = json.loads(answer["body"]) if answer["type"] == "application/json" else answer["body"]
    validator = OAS31Validator(schema, registry=registry, format_checker=FormatChecker())
    wrong += [f"{name}: {error.json_path}: {error.message}" for error in validator.iter_errors(body)]

print("\n".join(wrong))
sys.exit(1 if wrong else 0)
