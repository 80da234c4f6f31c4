"""Writes the bill of materials of a built program (CycloneDX 1.6, JSON) and the list of its hashes; checks both.

    scripts/sbom FOLDER            checks what a build made: dist/linux or dist/windows
    scripts/sbom --renew FOLDER    writes both anew over what is there: after signing

The bill names every library with its version, licence and the file that the lock names by its hash; inside each what
it brought along (PEP 770), and every file of the program with its SHA-256; the hash of the whole is the one that the
program says of itself. It says nothing of the machine that built.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

if TYPE_CHECKING:
    from program_parts import Part

NAME = "collect.cdx.json"
"""Beside the program's folder, like SHA256SUMS."""
_SPACE = uuid.UUID("6f9b1f3e-6c43-4a4e-9c53-0c1d7f6d5a10")
"""Ours; a bill's serial number is made from it and what the bill says, so that the same bill has the same number."""


def text(parts: list[Part], folder: Path, system: str, when: int) -> str:
    """Return the bill of materials of a program whose parts are known."""
    bom = Bom(metadata=BomMetaData(timestamp=datetime.fromtimestamp(when, UTC)))
    for part in parts:
        component = _component(part, folder, system)
        if part.name == "evidence-collector":
            bom.metadata.component = component
        else:
            bom.components.add(component)
    assert bom.metadata.component is not None
    bom.register_dependency(bom.metadata.component, bom.components)
    bom.serial_number = _serial(folder)
    said = str(JsonV1Dot6(bom).output_as_string(indent=1)) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(said)
    if wrong is not None:
        raise SystemExit(f"error: the bill of materials is not valid: {wrong}")
    return said


def _component(part: Part, folder: Path, system: str) -> Component:
    ours = part.name == "evidence-collector"
    kind = PackageURL(part.kind, "debian" if part.kind == "deb" else None, _purl_name(part), part.version or None)
    component = Component(
        type=ComponentType.APPLICATION if ours else ComponentType.LIBRARY,
        name=part.name,
        version=part.version or None,
        bom_ref=kind.to_string(),
        purl=kind,
        licenses=[LicenseFactory().make_from_string(name) for name in part.licences[:1]]
        if len(part.licences) == 1
        else [LicenseFactory().make_with_name(name) for name in part.licences],
    )
    if part.sha256:
        component.hashes.add(_sha256(part.sha256))
        component.external_references.add(
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(part.made_of),
                comment="the file that requirements.lock names by this hash",
                hashes=[_sha256(part.sha256)],
            )
        )
    if ours:
        component.properties.add(Property(name="evidence-collector:system", value=system))
        component.hashes.add(_sha256(own_sha256(folder)))
    if part.modules:
        component.properties.add(Property(name="evidence-collector:modules", value=str(len(part.modules))))
    for name in part.files:
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        component.components.add(
            Component(type=ComponentType.FILE, name=name, bom_ref=f"file:{name}", hashes=[_sha256(digest)])
        )
    for found in part.inside:
        if (brought := _brought(found, part.name)) is not None:
            component.components.add(brought)
    return component


def _purl_name(part: Part) -> str:
    return part.name.lower().replace("_", "-") if part.kind == "pypi" else part.name


def _brought(found: dict[str, Any], owner: str) -> Component | None:
    """Return what a library says it was compiled from, without the places it was compiled at."""
    name, version = found.get("name"), found.get("version")
    if not name:
        return None
    purl = PackageURL("cargo", None, name, version) if str(found.get("purl", "")).startswith("pkg:cargo/") else None
    stated = [entry.get("expression") or entry.get("license", {}).get("id") for entry in found.get("licenses", [])]
    digests = [entry["content"] for entry in found.get("hashes", []) if entry.get("alg") == "SHA-256"]
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl,
        bom_ref=f"{owner}/{name}@{version}",
        licenses=[LicenseFactory().make_from_string(word) for word in stated[:1] if word],
        hashes=[_sha256(digest) for digest in digests],
    )


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _digests(folder: Path) -> list[str]:
    """Return the lines of `sha256sum` over everything in a folder, sorted by name."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}" for name, path in files]


def own_sha256(folder: Path) -> str:
    """Return what a program says of itself in the `open` record of every bundle (SPEC 5.1): the hash of its list."""
    return hashlib.sha256("".join(line + "\n" for line in _digests(folder)).encode()).hexdigest()


def _serial(folder: Path) -> uuid.UUID:
    """Return the number of a bill: the same for the same files."""
    return uuid.uuid5(_SPACE, "\n".join(sorted(_digests(folder))))


def sums(folder: Path) -> str:
    """Return what `sha256sum -c` reads: the program and its bill of materials, not the list itself."""
    return "".join(line + "\n" for line in _digests(folder) if not line.endswith("  SHA256SUMS"))


def check(folder: Path) -> list[str]:
    """Return what is wrong with what a build made: the bill against its schema, both against the files."""
    said = (folder / NAME).read_text("utf-8")
    invalid = JsonStrictValidator(SchemaVersion.V1_6).validate_str(said)
    wrong = [] if invalid is None else [f"{NAME}: {invalid}"]
    if (folder / "SHA256SUMS").read_text("utf-8") != sums(folder):
        wrong.append("SHA256SUMS: not what the files say")
    said_of_it = json.loads(said)["metadata"]["component"]["hashes"][0]["content"]
    if said_of_it != own_sha256(folder / "collect"):
        wrong.append(f"{NAME}: the hash of the whole is another")
    named = {(node["name"], node["hashes"][0]["content"]) for node in _files(json.loads(said))}
    there = {tuple(reversed(line.split("  ", maxsplit=1))) for line in _digests(folder / "collect")}
    return [*wrong, *(f"{name}: not as the bill says" for name, _ in sorted(named ^ there))]


def _files(node: Any) -> list[dict[str, Any]]:
    """Return every file that a bill names, at any depth."""
    if isinstance(node, list):
        return [found for entry in node for found in _files(entry)]
    if not isinstance(node, dict):
        return []
    return [node] * (node.get("type") == "file") + [found for value in node.values() for found in _files(value)]


def renew(folder: Path) -> None:
    """Give the bill and the list the hashes of the files as they are now; what is there stays the same."""
    bill = json.loads((folder / NAME).read_text("utf-8"))
    digests = {name: digest for digest, name in (line.split("  ", 1) for line in _digests(folder / "collect"))}
    if {node["name"] for node in _files(bill)} != set(digests):
        raise SystemExit("error: the folder holds other files than its bill of materials")
    for node in _files(bill):
        node["hashes"] = [{"alg": "SHA-256", "content": digests[node["name"]]}]
    bill["metadata"]["component"]["hashes"] = [{"alg": "SHA-256", "content": own_sha256(folder / "collect")}]
    bill["serialNumber"] = _serial(folder / "collect").urn
    (folder / NAME).write_text(json.dumps(bill, indent=1) + "\n", "utf-8")
    (folder / "SHA256SUMS").write_text(sums(folder), "utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--renew":
        renew(Path(sys.argv[2]))
    mistakes = check(Path(sys.argv[-1]))
    print("\n".join(mistakes) or "the bill of materials is valid, and every file is as it says")
    sys.exit(bool(mistakes))
