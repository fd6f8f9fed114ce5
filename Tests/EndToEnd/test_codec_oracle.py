"""Holds Larder's hand-written codec against upb, message by message.

Every case is some bytes and a message's name.  upb and Larder must agree whether
they decode, and on the message that comes out: both encode it again, without the
fields that the contract doesn't know, and the bytes must be the same.

    pip install protobuf grpcio-tools pytest
    swift build --product codec-oracle
    LARDER_CODEC_ORACLE=.build/debug/codec-oracle pytest Tests/EndToEnd/test_codec_oracle.py
"""

import importlib
import os
import pathlib
import random
import subprocess
import sys

import pytest
from google.protobuf import message as messages
from google.protobuf.internal import api_implementation
from google.protobuf.unknown_fields import UnknownFieldSet

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORACLE = pathlib.Path(os.environ.get("LARDER_CODEC_ORACLE", ROOT / ".build/debug/codec-oracle"))
SEED = int(os.environ.get("LARDER_SEED", "20"))
ROUNDS = int(os.environ.get("LARDER_ROUNDS", "60"))

FILES = {
    "larder/v1/cache.proto": [
        "Lease", "GetRequest", "GetResponse", "SetRequest", "SetResponse", "DeleteRequest",
        "DeleteResponse", "BatchGetRequest", "BatchGetResponse", "OperationError", "Entry",
        "TouchRequest", "TouchResponse", "IncrementRequest", "IncrementResponse", "Operation",
        "OperationResult", "PipelineRequest", "PipelineResponse",
        "EntryBatch", "BulkLoadStart", "BulkLoadRequest", "RejectedEntry", "BulkLoadResponse",
        "ExportRequest", "ExportResponse", "GetLimitsRequest", "GetLimitsResponse"],
    "larder/v1/admin.proto": [
        "GetStatsRequest", "GetStatsResponse", "NamespaceStats", "MethodStats", "DefenceStats", "Namespace",
        "ListNamespacesRequest", "ListNamespacesResponse", "FlushNamespaceRequest",
        "FlushNamespaceResponse", "GetConfigRequest", "GetConfigResponse", "Setting",
        "UpdateConfigRequest", "UpdateConfigResponse", "DrainRequest", "DrainResponse"],
    "grpc/health/v1/health.proto": [
        "HealthCheckRequest", "HealthCheckResponse", "HealthListRequest", "HealthListResponse"],
    "grpc/reflection/v1/reflection.proto": [
        "ServerReflectionRequest", "ServerReflectionResponse"],
    "grpc/reflection/v1alpha/reflection.proto": [
        "ServerReflectionRequest", "ServerReflectionResponse"],
    "google/rpc/status.proto": ["Status"],
    "google/rpc/error_details.proto": ["ErrorInfo"],
}
NAMES = [(file, name) for file, names in FILES.items() for name in names]


@pytest.fixture(scope="session")
def classes(tmp_path_factory):
    """The message classes by full name, as protoc makes them from proto/."""
    assert api_implementation.Type() == "upb", "the pure Python codec is no oracle"
    assert ORACLE.exists(), "swift build --product codec-oracle makes it"
    # Descriptors, not Python stubs: folders named google and grpc would hide the packages of
    # those names.
    folder = tmp_path_factory.mktemp("stubs")
    tools = importlib.import_module("grpc_tools")
    well_known = pathlib.Path(tools.__file__).parent / "_proto"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"-I{well_known}",
         "--include_imports", f"--descriptor_set_out={folder / 'descriptors'}", *FILES],
        check=True)
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    files = descriptor_pb2.FileDescriptorSet.FromString((folder / "descriptors").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    found = {}
    for file, name in NAMES:
        package = pool.FindFileByName(file).package
        found[f"{package}.{name}"] = message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{package}.{name}"))
    return found


# ------------------------------------------------------------ making messages

INTEGERS = [0, 1, 2, 127, 128, 255, 300, 16383, 16384, 2**21, 2**28, 2**31 - 1, 2**31, 2**32 - 1]
LONG_INTEGERS = INTEGERS + [2**32, 2**35, 2**56, 2**63 - 1, 2**63, 2**64 - 1]
SIGNED = [0, 1, -1, 2, 127, 128, 300, 2**31 - 1, -2**31]
SIGNED_LONG = [2**31, -2**31 - 1, 2**63 - 1, -2**63]
TEXTS = ["", "a", "default", "é", "e\u0301", "日本語", "\U0001F600", "\0", "\uffff", "x" * 130]


def scalar(rng, field):
    kind = field.cpp_type
    if kind == field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind == field.CPPTYPE_STRING:
        if field.type == field.TYPE_BYTES:
            return rng.randbytes(rng.choice([0, 1, 3, 16, 120, 127, 128, 200]))
        return rng.choice(TEXTS)
    if kind in (field.CPPTYPE_INT32, field.CPPTYPE_ENUM):
        return rng.choice(SIGNED)
    if kind == field.CPPTYPE_UINT32:
        return rng.choice(INTEGERS)
    if kind == field.CPPTYPE_INT64:
        return rng.choice(SIGNED + SIGNED_LONG)
    assert kind == field.CPPTYPE_UINT64, f"no generator for {field.full_name}"
    return rng.choice(LONG_INTEGERS)


def fill(rng, message, density):
    for field in message.DESCRIPTOR.fields:
        if rng.random() > density:
            continue
        value = getattr(message, field.name)
        if field.message_type and field.message_type.GetOptions().map_entry:
            inner = field.message_type.fields_by_name["value"]
            for _ in range(rng.randrange(4)):
                if inner.message_type:
                    fill(rng, value[rng.choice(TEXTS)], density)
                else:
                    value[rng.choice(TEXTS)] = scalar(rng, inner)
        elif field.message_type:
            for _ in range(rng.randrange(4) if field.is_repeated else 1):
                inner = value.add() if field.is_repeated else value
                inner.SetInParent()
                fill(rng, inner, density)
        elif field.is_repeated:
            value.extend(scalar(rng, field) for _ in range(rng.randrange(4)))
        else:
            setattr(message, field.name, scalar(rng, field))


def made(rng, cls):
    message = cls()
    fill(rng, message, rng.choice([0.1, 0.5, 0.9, 1.0]))
    return message.SerializeToString(deterministic=True)


# ------------------------------------------------------------ making bytes

def varint(value, padded_to=0):
    output = bytearray()
    while value >= 0x80 or len(output) + 1 < padded_to:
        output.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(output + bytes([value]))


def tag(number, wire_type, padded_to=0):
    return varint(number << 3 | wire_type, padded_to)


def group(rng, number, depth):
    inner = b"".join(wild_field(rng, depth - 1) for _ in range(rng.randrange(3)))
    return tag(number, 3) + inner + tag(number, 4)


def wild_field(rng, depth=3):
    """A well-formed field of any number and wire type, seldom one that is not well-formed."""
    number = rng.choice([*range(1, 24), 100, 536870911])
    wire_type = rng.choice([0, 0, 0, 1, 2, 2, 2, 3, 5])
    padding = rng.choice([0, 0, 0, 2, 5])
    if wire_type == 0:
        return tag(number, 0, padding) + varint(
            rng.choice(LONG_INTEGERS), rng.choice([0, 0, 3, 10]))
    if wire_type == 1:
        return tag(number, 1, padding) + rng.randbytes(8)
    if wire_type == 5:
        return tag(number, 5, padding) + rng.randbytes(4)
    if wire_type == 2:
        payload = rng.choice([b"", b"a", b"abc", b"\x08\x01", b"\x0a\x00", rng.randbytes(4)])
        if depth and rng.random() < 0.5:
            payload = b"".join(wild_field(rng, depth - 1) for _ in range(rng.randrange(4)))
        return tag(number, 2, padding) + varint(len(payload), rng.choice([0, 0, 0, 5])) + payload
    return group(rng, number, depth) if depth else tag(number, 3) + tag(number, 4)


def damaged(rng, data):
    if not data:
        return rng.randbytes(2)
    spoiled = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        place = rng.randrange(len(spoiled)) if spoiled else 0
        what = rng.randrange(4)
        if what == 0 and spoiled:
            spoiled[place] ^= 1 << rng.randrange(8)
        elif what == 1 and spoiled:
            spoiled[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif what == 2:
            spoiled[place:place] = rng.randbytes(rng.randrange(1, 4))
        elif spoiled:
            del spoiled[place:place + rng.randrange(1, 4)]
    return bytes(spoiled)


def corner_cases(field_numbers):
    """The rules of the wire, one by one, on every field number of a message."""
    yield b""
    for number in [0, *field_numbers, 30, 536870911]:
        for wire_type in range(8):
            for padding in range(11):
                yield tag(number, wire_type, padding) + b"\x00"
                yield tag(number, wire_type, padding)
        for value in LONG_INTEGERS:
            for padding in range(12):
                yield tag(number, 0) + varint(value, padding)
        for last in range(256):
            yield tag(number, 0) + b"\xff" * 9 + bytes([last])
            yield tag(number, 0) + b"\x80" * 9 + bytes([last])
        for length in [*range(4), 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]:
            for padding in range(11):
                yield tag(number, 2) + varint(length, padding) + b"abc"
                yield tag(30, 3) + tag(number, 2) + varint(length, padding) + b"abc" + tag(30, 4)
                yield tag(30, 3) + tag(number, 2) + varint(length, padding)
        for text in [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82",
                     b"\xf0\x9f\x98", b"\xc3", b"\x80", b"\0", b"\xef\xbf\xbf", b"ab\xc3\xa9\xff",
                     b"\xf4\x8f\xbf\xbf", b"\xf5\x80\x80\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80"]:
            for before in [b"", b"abcdefgh" * 4]:
                payload = before + text
                yield tag(number, 2) + varint(len(payload)) + payload
        for depth in [1, 2, 98, 99, 100, 101, 102, 5000]:
            nest = tag(31, 3) * depth + tag(31, 4) * depth
            yield nest
            yield tag(number, 2) + varint(len(nest)) + nest
            inner = tag(2, 2) + varint(len(nest)) + nest
            yield tag(number, 2) + varint(len(inner)) + inner
            yield tag(31, 3) * depth
            yield tag(31, 4) * depth
            yield tag(number, 3) * depth + tag(number, 4) * depth
        yield tag(number, 3) + tag(30, 4)
        yield tag(30, 3) + tag(number, 3) + tag(30, 4) + tag(number, 4)
        yield tag(number, 2) + b"\x01" + tag(1, 4)
        yield tag(number, 2) + b"\x01" + tag(1, 3)
        for raw in [2**32 - 1, 2**32, 2**32 + 10, 2**35 - 1]:
            yield varint(raw) + b"\x00\x00\x00\x00"
        for count in range(9):
            yield tag(number, 1) + b"\x01" * count
            yield tag(number, 5) + b"\x01" * count


# ------------------------------------------------------------ the comparison

def expected(cls, data):
    try:
        message = cls.FromString(data)
    except messages.DecodeError:
        return "error"
    message.DiscardUnknownFields()
    return "ok " + message.SerializeToString(deterministic=True).hex()


def agree(cls, answer, wanted):
    if wanted == "error":
        return answer.startswith("error ")
    if answer == wanted:
        return True
    # The entries of a map have no order; upb's is its own.
    has_map = any(field.message_type and field.message_type.GetOptions().map_entry
                  for field in cls.DESCRIPTOR.fields)
    return has_map and sorted(answer) == sorted(wanted) and (
        cls.FromString(bytes.fromhex(answer.removeprefix("ok ")))
        == cls.FromString(bytes.fromhex(wanted.removeprefix("ok "))))


def upb_is_alone(message):
    """Whether the message has what upb sees otherwise than C++ and the specification.

    upb takes field 0 inside an unknown group and in a message without fields, and it counts a map
    entry that has a field besides key and value as unknown as a whole.
    """
    maps = {field.number for field in message.DESCRIPTOR.fields
            if field.message_type and field.message_type.GetOptions().map_entry}
    unknown = UnknownFieldSet(message)
    if any(field.field_number in maps and field.wire_type == 2 for field in unknown):
        return True
    if has_field_zero(unknown):
        return True
    for field, value in message.ListFields():
        if field.message_type and field.number not in maps:
            if any(map(upb_is_alone, value if field.is_repeated else [value])):
                return True
    return False


def has_field_zero(group):
    return any(
        field.field_number == 0 or field.wire_type == 3 and has_field_zero(field.data)
        for field in group)


def compare(cls, cases):
    name = cls.DESCRIPTOR.full_name
    lines = "".join(f"{name} {case.hex()}\n" for case in cases)
    result = subprocess.run([ORACLE], input=lines, capture_output=True, text=True, check=True)
    answers = result.stdout.splitlines()
    assert len(answers) == len(cases)
    accepted = 0
    for case, answer in zip(cases, answers):
        wanted = expected(cls, case)
        accepted += wanted != "error"
        same = agree(cls, answer, wanted) or (
            wanted != "error" and upb_is_alone(cls.FromString(case)))
        assert same, f"{name}: {case.hex()}\n  upb:    {wanted}\n  larder: {answer}"
    return accepted


def full_name(file, name):
    return str(pathlib.PurePosixPath(file).parent).replace("/", ".") + "." + name


@pytest.fixture(params=[full_name(file, name) for file, name in NAMES])
def cls(request, classes):
    return classes[request.param]


@pytest.fixture
def rng(cls):
    return random.Random(f"{SEED} {cls.DESCRIPTOR.full_name}")


def test_every_field_is_kept(cls, rng):
    cases = [made(rng, cls) for _ in range(4 * ROUNDS)]
    assert compare(cls, cases) == len(cases)


def test_two_messages_in_one_merge(cls, rng):
    cases = [b"".join(made(rng, cls) for _ in range(rng.randrange(2, 5)))
             for _ in range(4 * ROUNDS)]
    assert compare(cls, cases) == len(cases)


def test_embedded_messages_that_come_twice_merge(cls, rng):
    """Fields of several messages, shuffled: every embedded message comes in pieces."""
    cases = []
    for _ in range(4 * ROUNDS):
        pieces = []
        for _ in range(6):
            message = cls()
            fill(rng, message, 0.3)
            pieces.append(message.SerializeToString(deterministic=True))
            pieces.append(wild_field(rng))
        rng.shuffle(pieces)
        cases.append(b"".join(pieces))
    compare(cls, cases)


def test_wild_fields(cls, rng):
    cases = [b"".join(wild_field(rng) for _ in range(rng.randrange(6)))
             for _ in range(20 * ROUNDS)]
    assert compare(cls, cases) > 0


def test_every_truncation(cls, rng):
    whole = [made(rng, cls) for _ in range(ROUNDS // 6)]
    message = cls()
    fill(rng, message, 1.1)
    whole.append(message.SerializeToString(deterministic=True))
    cases = [data[:end] for data in whole for end in range(min(len(data), 600))]
    compare(cls, cases)


def test_damaged_messages(cls, rng):
    cases = [damaged(rng, made(rng, cls)) for _ in range(20 * ROUNDS)]
    compare(cls, cases)


def test_corner_cases(cls):
    numbers = [field.number for field in cls.DESCRIPTOR.fields]
    compare(cls, list(corner_cases(numbers)))
