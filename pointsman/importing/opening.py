"""Opens a file as what its first bytes say it is."""

from collections import Counter
from pathlib import Path

from pointsman.importing.json_lines import JsonRecords
from pointsman.importing.parquet_files import ParquetRecords
from pointsman.importing.records import Records
from pointsman.importing.separated import SeparatedRecords
from shared.errors import PermanentError

_HEAD = 4096
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_SEPARATORS = {";": "semicolons", "\t": "tabs"}


def open_records(file: Path) -> Records:
    """The file's records; raises PermanentError saying what it is instead, and what to do."""
    head = _head(file)
    _refuse(file, head)
    records = _records(file, head)
    if not "".join(records.columns).isprintable():
        raise PermanentError(f"expected {file} in UTF-8 with a header of column names, got {records.columns!r:.100}")
    repeated = [column for column, times in Counter(records.columns).items() if times > 1]
    if repeated:
        raise PermanentError(f"{file}: expected each column once, {repeated[0]} is there twice")
    return records


def _head(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise PermanentError(f"expected a file, {file} is a folder; name the files in it")
        if file.exists() and not file.is_file():
            raise PermanentError(f"expected a file on disk, as it is opened twice; {file} is a pipe or device")
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError as error:
        raise PermanentError(f"cannot read {file}: {error.strerror}") from error


def _refuse(file: Path, head: bytes) -> None:
    if not head.strip():
        raise PermanentError(f"{file} is empty")
    if file.suffix in (".pkl", ".pickle") or (head[:1] == b"\x80" and head[1:2] <= b"\x05"):
        raise PermanentError(
            f"{file} is a pickle, which can run any program when it is loaded, so it is not; where you trust it: "
            f"python -c \"import pandas; pandas.read_pickle('{file.name}').to_csv('{file.stem}.csv', index=False)\""
        )
    for magic, name in _COMPRESSED.items():
        if head.startswith(magic):
            raise PermanentError(f"{file} is compressed ({name}); unpack it first")
    if not head.startswith(b"PAR1") and b"\0" in head:
        raise PermanentError(f"expected parquet, CSV or JSON lines in UTF-8, {file} is neither")


def _records(file: Path, head: bytes) -> Records:
    if head.startswith(b"PAR1"):
        return ParquetRecords(file)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        raise PermanentError(f"expected one JSON object per line, {file} is one array; try: jq -c '.[]' {file}")
    if text.startswith(b"{"):
        return JsonRecords(file)
    records = SeparatedRecords(file)
    header = ",".join(records.columns)
    for separator, name in _SEPARATORS.items():
        if header.count(separator) >= len(records.columns):
            raise PermanentError(
                f"expected columns separated by commas, those of {file} are by {name}; convert it first"
            )
    return records
