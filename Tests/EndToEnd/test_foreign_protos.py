"""Holds the protos that are not Larder's own against those that everybody uses.

    pip install protobuf grpcio-tools grpcio-health-checking grpcio-reflection \\
        googleapis-common-protos pytest
    pytest Tests/EndToEnd/test_foreign_protos.py
"""

import importlib
import pathlib
import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Our file, the module that has the official one, whether we have all of it, and
# the package it has there.
FILES = [
    ("grpc/health/v1/health.proto", "grpc_health.v1.health_pb2", True, "grpc.health.v1"),
    ("grpc/reflection/v1alpha/reflection.proto", "grpc_reflection.v1alpha.reflection_pb2", True,
     "grpc.reflection.v1alpha"),
    # v1 is v1alpha under another name.
    ("grpc/reflection/v1/reflection.proto", "grpc_reflection.v1alpha.reflection_pb2", True,
     "grpc.reflection.v1alpha"),
    ("google/rpc/status.proto", "google.rpc.status_pb2", True, "google.rpc"),
    ("google/rpc/error_details.proto", "google.rpc.error_details_pb2", False, "google.rpc"),
]


def ours(name, folder):
    tools = importlib.import_module("grpc_tools")
    well_known = pathlib.Path(tools.__file__).parent / "_proto"
    output = folder / "descriptors"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"-I{well_known}",
         f"--descriptor_set_out={output}", name], check=True)
    return descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file[0]


def shape(file, package):
    """Everything that counts on the wire: names, numbers, types, methods."""
    def relative(name):
        return name.replace(f".{package}.", ".PACKAGE.")

    found = {}

    def messages(scope, among):
        for message in among:
            name = f"{scope}{message.name}"
            found[name] = {
                (field.name, field.number, field.type, field.label, relative(field.type_name),
                 message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index")
                 else "") for field in message.field}
            messages(f"{name}.", message.nested_type)
            enums(f"{name}.", message.enum_type)

    def enums(scope, among):
        for enum in among:
            found[f"{scope}{enum.name}"] = {(value.name, value.number) for value in enum.value}

    messages("", file.message_type)
    enums("", file.enum_type)
    for service in file.service:
        found[service.name] = {
            (method.name, relative(method.input_type), relative(method.output_type),
             method.client_streaming, method.server_streaming) for method in service.method}
    return found


@pytest.mark.parametrize("name, module, whole, package", FILES, ids=[file[0] for file in FILES])
def test_what_goes_over_the_wire_is_the_same(name, module, whole, package, tmp_path):
    official = descriptor_pb2.FileDescriptorProto()
    pytest.importorskip(module).DESCRIPTOR.CopyToProto(official)
    file = ours(name, tmp_path)
    assert official.package == package
    mine, theirs = shape(file, file.package), shape(official, package)
    if whole:
        assert mine.keys() == theirs.keys()
    for symbol, content in mine.items():
        assert content == theirs[symbol], symbol
