"""What the head of a data file proves. Files of real servers are looked at in the shell's tests."""

from __future__ import annotations

import pytest

from bootstrap.observe.rdb import end_of_empty, loaded

CHECKSUM = b"\x01\x02\x03\x04\x05\x06\x07\x08"
AUX = b"\xfa\x09redis-ver\x058.2.3"


def rdb(body: bytes, magic: bytes = b"REDIS0011") -> bytes:
    return magic + body + CHECKSUM


@pytest.mark.parametrize("magic", [b"REDIS0009", b"REDIS0012", b"VALKEY080"])
@pytest.mark.parametrize(
    "aux",
    [
        b"",
        AUX,
        AUX * 40,
        b"\xfa\x0aredis-bits\xc0\x40",  # an integer of 8 bits
        b"\xfa\x08used-mem\xc1\x00\x40",
        b"\xfa\x05ctime\xc2\x6d\x08\xbc\x65",
        b"\xfa\x03lua\x40\x50" + b"x" * 80,  # a length of 14 bits
        b"\xfa\x03lua\x80\x00\x00\x01\x00" + b"x" * 256,
        b"\xfa\x03lua\x81\x00\x00\x00\x00\x00\x00\x00\x03abc",
        b"\xfa\x07repl-id\xc3\x04\x28\x01aa\xe0",  # compressed: 4 bytes for 40
    ],
)
def test_an_rdb_without_keys_is_proven_empty_and_ends_behind_its_checksum(
    magic: bytes, aux: bytes
) -> None:
    whole = rdb(aux + b"\xff", magic)
    assert end_of_empty(whole) == len(whole)
    assert end_of_empty(whole + b"*1\r\n") == len(whole)


@pytest.mark.parametrize(
    "body",
    [
        AUX + b"\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff",  # a key
        AUX + b"\xf5\x05#!lua\xff",  # a function
        AUX + b"\xf7\x81\x00\x00\x00\x00\x00\x00\x00\x01\x02\x02\x00\xff",  # a module's own
        AUX + b"\xf4\x00\x01\x00\xff",  # sizes of slots
        AUX + b"\x42\xff",  # what nobody knows yet
    ],
)
def test_what_holds_something_or_is_not_understood_is_not_proven_empty(body: bytes) -> None:
    assert end_of_empty(rdb(body)) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"REDIS",
        b"REDIS00x1\xff" + CHECKSUM,
        b"*2\r\n$6\r\nSELECT\r\n",
        b"\x00" * 100,
        b"REDIS0011",
        b"REDIS0011" + AUX,
        b"REDIS0011" + AUX[:5],
        b"REDIS0011\xfa\x40",
        b"REDIS0011\xff" + CHECKSUM[:7],
    ],
)
def test_what_is_no_rdb_or_was_cut_off_is_not_proven_empty(head: bytes) -> None:
    assert end_of_empty(head) is None


def test_every_beginning_of_an_empty_rdb_is_one_that_was_cut_off() -> None:
    whole = rdb(AUX + b"\xfa\x05ctime\xc2\x6d\x08\xbc\x65" + b"\xff")
    assert [end_of_empty(whole[:size]) for size in range(len(whole))] == [None] * len(whole)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (
            (
                "file appendonly.aof.2.base.rdb seq 2 type b\n"
                "file appendonly.aof.1.incr.aof seq 1 type h\n"
                "file appendonly.aof.2.incr.aof seq 2 type i\n"
            ),
            ("appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof"),
        ),
        ("# a remark\nfile a.1.incr.aof seq 1 type i startoffset 7\n", ("a.1.incr.aof",)),
        ('file "my log.1.base.rdb" seq 1 type b\n', ("my log.1.base.rdb",)),
        ("file a.1.base.rdb seq 1 type x\n", None),
        ("file a.1.base.rdb seq 1 type b\nnonsense\n", None),
        ("file a.1.base.r", None),
    ],
)
def test_a_log_in_parts_is_what_its_manifest_names(
    text: str, names: tuple[str, ...] | None
) -> None:
    assert loaded(text) == names
