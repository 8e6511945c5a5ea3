"""Writes golden batches with the record builder of kafka-python (pip install kafka-python python-snappy lz4 zstandard):
python3 capture_kafka_python.py DIRECTORY
"""
import pathlib
import sys

from kafka.record.default_records import DefaultRecordBatchBuilder

from mixed_records import MIXED

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

directory = pathlib.Path(sys.argv[1])
for name, codec in CODECS.items():
    builder = DefaultRecordBatchBuilder(2, codec, False, -1, -1, -1, 1 << 20)
    for offset, (timestamp, key, value, headers) in enumerate(MIXED):
        builder.append(offset, timestamp, key, value, headers)
    (directory / f"python_mixed_{name}.bin").write_bytes(bytes(builder.build()))
