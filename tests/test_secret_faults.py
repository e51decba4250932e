"""What is odd about a secret is told without any of it."""

from __future__ import annotations

import base64

import pytest

from bootstrap.config import secret_faults

SAID = {
    "s3cret-word\n": "ends in a newline",
    "s3cret-word\r\n": "ends in a carriage return and a newline",
    "s3cret-word\r": "ends in a carriage return",
    "s3cret-word\n\n": "ends in a newline",
    "s3cret-word\nsecond": "has 2 lines",
    "s3cret\nb\nc\n": "ends in a newline and has 3 lines",
    " s3cret-word": "begins with a blank",
    "s3cret-word\t": "ends in a blank",
    "s3cret-word \n": "ends in a newline and ends in a blank",
    '"s3cret-word"': "is enclosed in quotes",
    "'s3cret-word'\n": "ends in a newline and is enclosed in quotes",
    base64.b64encode(
        b"s3cret-word"
    ).decode(): "reads as base64 of a text (encoded once too often?)",
    base64.b64encode(b"s3cret-word\n").decode(): (
        "reads as base64 of a text (encoded once too often?)"
    ),
}


@pytest.mark.parametrize("text", SAID)
def test_what_is_odd_is_said(text: str) -> None:
    assert secret_faults.of(text) == SAID[text]
    assert "s3cret" not in secret_faults.of(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "x", '"', "hunter2", "correct horse", "it's", "abcd", "q7Rk/3nWz0yLxXo5", "pässwörtlich",
     base64.b64encode(bytes(range(128, 152))).decode()],
)  # fmt: skip
def test_a_password_that_is_as_others_are_is_not_odd(text: str) -> None:
    assert secret_faults.of(text) == ("begins with a blank" if text == " " else "")
