"""Archives of arrays that somebody may have touched."""

import zipfile

import numpy as np
import pytest

from reseau._archives import UNREADABLE, read_arrays


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, a=np.arange(6.0).reshape(2, 3), b=np.array([1, 2], dtype=np.int32))
    return path


def _rewritten(path, **members):
    """Replace members of an archive by other bytes."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content.update({f"{name}.npy": value for name, value in members.items()})
    with zipfile.ZipFile(path, "w") as new:
        for name, value in content.items():
            new.writestr(name, value)


def _promising(shape, kind="<f8", values=2):
    """Return an array's bytes whose header promises a shape."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    padded = header.ljust(117) + "\n"
    return (
        b"\x93NUMPY\x01\x00"
        + len(padded).to_bytes(2, "little")
        + padded.encode("latin1")
        + np.zeros(values).tobytes()
    )


def test_all_arrays_or_some(archive):
    found = read_arrays(archive)
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], np.arange(6.0).reshape(2, 3))
    assert found["b"].dtype == np.int32
    assert list(read_arrays(archive, ["b"])) == ["b"]
    with pytest.raises(KeyError):
        read_arrays(archive, ["a", "c"])


def test_a_header_that_keeps_its_promise(archive):
    _rewritten(archive, a=_promising("(2,)"))
    np.testing.assert_array_equal(read_arrays(archive)["a"], np.zeros(2))


@pytest.mark.parametrize("shape", ["(10000000000000,)", "(3000000, 3000000, 3000000)"])
def test_a_header_that_promises_more_memory_than_there_is(archive, shape):
    """It is refused before anything of that size is asked for."""
    _rewritten(archive, a=_promising(shape))
    with pytest.raises(ValueError, match=r"a\.npy promises [0-9,]+ bytes, of which"):
        read_arrays(archive)
    # Whichever array is wanted: the file is damaged.
    with pytest.raises(ValueError, match="promises"):
        read_arrays(archive, ["b"])


def test_compressed_arrays_are_not_ours(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez_compressed(path, a=np.zeros(1000))
    with pytest.raises(ValueError, match=r"a\.npy is compressed"):
        read_arrays(path)


def test_objects_are_not_unpickled(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(path)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"PK\x03\x04"])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "arrays.npz"
    path.write_bytes(content)
    with pytest.raises(UNREADABLE):
        read_arrays(path)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_an_archive_cut_short(archive, keep):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(UNREADABLE):
        read_arrays(archive)


def test_flipped_bits_are_noticed_or_harmless(archive):
    """Each byte of the file changed: an error of the list, or arrays, never a crash."""
    whole = archive.read_bytes()
    damaged = 0
    for i in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[i] ^= 0xFF
        archive.write_bytes(changed)
        try:
            read_arrays(archive)
        except UNREADABLE:
            damaged += 1
    # Of 8-byte values, headers, names and checksums nearly every byte is guarded.
    assert damaged > 0.5 * len(whole) / 3
