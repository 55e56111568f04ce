"""The vectors that Rust and JavaScript run too: the same outcome, whatever the language."""

import copy
import pickle
from pathlib import Path

import pytest
import tacenda

FOLDER = Path(__file__).parents[3] / "vectors" / "log"
VECTORS = sorted(FOLDER.glob("*.txt"), key=lambda path: path.name)


def read(path: Path) -> dict:
    """Reads a vector: lines `name: value`, an empty line, and the receipt byte by byte."""
    head, separator, receipt = path.read_bytes().decode("utf-8").partition("\n\n")
    assert separator, f"{path.name} has no head"
    vector = {"receipt": receipt, "vkeys": []}
    for line in head.split("\n"):
        name, _, value = line.partition(":")
        if name == "vkey":
            vector["vkeys"].append(value.strip())
        else:
            vector[name] = value.strip()
    return vector


def verify(vector: dict) -> tacenda.Receipt:
    return tacenda.verify_receipt(vector["receipt"], "\n".join(vector["vkeys"]))


@pytest.fixture
def good() -> dict:
    return read(FOLDER / "receipt.txt")


def test_there_are_vectors_of_both_kinds():
    outcomes = {read(path)["expect"] for path in VECTORS}
    assert "ok" in outcomes
    assert len(outcomes) >= 5


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name)
def test_vector(path: Path):
    vector = read(path)
    if vector["expect"] == "ok":
        receipt = verify(vector)
        assert receipt.origin == vector["origin"]
        assert receipt.size == int(vector["size"])
        assert receipt.index == int(vector["index"])
        assert receipt.leaf == bytes.fromhex(vector["leaf"])
    else:
        with pytest.raises(tacenda.TacendaError) as caught:
            verify(vector)
        assert caught.value.code == vector["expect"]


def test_a_receipt_is_frozen_and_equal_by_value(good: dict):
    first, second = verify(good), verify(good)
    assert first == second
    assert hash(first) == hash(second)
    assert isinstance(first.leaf, bytes)
    with pytest.raises(AttributeError):
        first.origin = "elsewhere"
    with pytest.raises(TypeError):
        tacenda.Receipt()


def test_a_receipt_does_not_print_its_leaf(good: dict):
    receipt = verify(good)
    shown = repr(receipt)
    assert f"leaf=<{len(receipt.leaf)} bytes>" in shown
    assert receipt.leaf.decode() not in shown


def test_an_error_has_a_code_a_kind_and_a_retry_status(good: dict):
    with pytest.raises(tacenda.TacendaError) as caught:
        tacenda.verify_receipt("", "\n".join(good["vkeys"]))
    error = caught.value
    assert (error.code, error.kind, error.retry) == ("log.proof_malformed", "input", "never")
    assert str(error).startswith("log.proof_malformed: ")


def test_an_error_survives_copying_and_pickling(good: dict):
    with pytest.raises(tacenda.TacendaError) as caught:
        tacenda.verify_receipt("", "\n".join(good["vkeys"]))
    for twin in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert type(twin) is tacenda.TacendaError
        assert (twin.code, twin.kind, str(twin)) == (
            caught.value.code,
            caught.value.kind,
            str(caught.value),
        )


@pytest.mark.parametrize("receipt, vkeys", [("S", ""), ("", "S"), ("S", "S")])
def test_an_error_does_not_repeat_what_was_given(receipt: str, vkeys: str):
    secret = "canary-8f1d3b"
    with pytest.raises(tacenda.TacendaError) as caught:
        tacenda.verify_receipt(receipt.replace("S", secret), vkeys.replace("S", secret))
    assert secret not in repr(caught.value) + str(caught.value)


def test_other_types_are_refused(good: dict):
    with pytest.raises(TypeError):
        tacenda.verify_receipt(good["receipt"].encode(), "\n".join(good["vkeys"]))
