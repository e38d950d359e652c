"""The published schemas are those of the code, and real messages pass them."""

import json

import jsonschema
import pytest

from deploy.write_schemas import DOCS, EXAMPLES, documents

SCHEMAS = sorted(path.stem for path in EXAMPLES.glob("*.json"))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_the_published_document_is_the_generated_one(path):
    assert path.read_text() == documents()[path], "run: python -m deploy.write_schemas"


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_example_passes_the_published_schema(schema: str):
    document = json.loads((DOCS / "schemas" / f"{schema}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    example = json.loads((EXAMPLES / f"{schema}.json").read_text())
    jsonschema.validate(example, document)
    del example["media_id"]
    with pytest.raises(jsonschema.ValidationError, match="media_id"):
        jsonschema.validate(example, document)


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = json.loads((DOCS / "asyncapi.json").read_text())
    for reference in references(document):
        if reference.startswith("#/"):
            place = document
            for step in reference[2:].split("/"):
                place = place[step]
        else:
            assert (DOCS / reference).is_file()


def references(node) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for child in node.values() for found in references(child)]
    if isinstance(node, list):
        return [found for child in node for found in references(child)]
    return []
