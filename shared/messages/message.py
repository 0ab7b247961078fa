"""What all messages have in common: frozen, JSON, and errors a sender can act on."""

from base64 import b64decode, b64encode
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import PermanentError


class Message(BaseModel):
    """One immutable message; unknown fields are ignored, NaN and infinities are refused."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read the JSON bytes of one message.

        Raises PermanentError naming the first field that is wrong; the values themselves are never repeated,
        as they may be somebody's prompt.
        """
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            raise PermanentError(f"expected a {cls.__name__} as JSON, {describe(error)}") from error

    def encode(self) -> bytes:
        return self.model_dump_json().encode()


def describe(error: ValidationError, whole: str = "the record") -> str:
    """Say which field is wrong and why, without the offending value; `whole` where it is none in particular."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or whole
    others = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {first['msg']}{others}"


def pack_vector(vector: bytes) -> str:
    """Base64 of little-endian float32 bytes (`array.astype("<f4").tobytes()`)."""
    return b64encode(vector).decode("ascii")


def unpack_vector(text: str) -> bytes:
    """The little-endian float32 bytes of a packed vector; `numpy.frombuffer(…, "<f4")` reads them.

    >>> unpack_vector(pack_vector(bytes(8))) == bytes(8)
    True
    """
    try:
        packed = b64decode(text, validate=True)
    except ValueError as error:
        raise PermanentError("expected a vector as base64 of float32, the text is not base64") from error
    if len(packed) % 4:
        raise PermanentError(f"expected a vector as base64 of float32, {len(packed)} bytes are not whole numbers")
    return packed
