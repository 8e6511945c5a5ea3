"""Writes golden batches as librdkafka puts them on the wire (pip install confluent-kafka):
python3 capture_librdkafka.py DIRECTORY

A socket that answers just enough of the protocol takes the place of a broker and keeps what it is sent.
"""
import pathlib
import socket
import struct
import sys
import threading

from confluent_kafka import Producer

from mixed_records import MIXED

TOPIC = b"golden"
PRODUCE, METADATA, API_VERSIONS = 0, 3, 18
SUPPORTED = [(PRODUCE, 3, 7), (1, 4, 11), (METADATA, 0, 4), (10, 0, 2), (API_VERSIONS, 0, 0)]


def string(value):
    return struct.pack(">h", len(value)) + value


def api_versions(version):
    unsupported = 35 if version > 0 else 0
    keys = b"".join(struct.pack(">hhh", *entry) for entry in SUPPORTED)
    return struct.pack(">hi", unsupported, len(SUPPORTED)) + keys


def metadata(port):
    broker = struct.pack(">i", 1) + string(b"127.0.0.1") + struct.pack(">ih", port, -1)
    partition = struct.pack(">hiiiiii", 0, 0, 1, 1, 1, 1, 1)
    topic = struct.pack(">h", 0) + string(TOPIC) + struct.pack(">bi", 0, 1) + partition
    return struct.pack(">ii", 0, 1) + broker + struct.pack(">hii", -1, 1, 1) + topic


def records_of(request):
    """The record batch in a Produce request that holds one."""
    at = 8
    at += 2 + struct.unpack_from(">h", request, at)[0]  # client id
    at += 2 + max(0, struct.unpack_from(">h", request, at)[0])  # transactional id
    at += 2 + 4 + 4  # acks, timeout, number of topics
    at += 2 + struct.unpack_from(">h", request, at)[0]  # topic
    at += 4 + 4  # number of partitions, partition
    size = struct.unpack_from(">i", request, at)[0]
    return request[at + 4 : at + 4 + size]


def produce():
    partition = struct.pack(">ihqqq", 0, 0, 0, -1, 0)
    return struct.pack(">i", 1) + string(TOPIC) + struct.pack(">i", 1) + partition + struct.pack(">i", 0)


def receive(connection, size):
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            raise ConnectionError
        content += part
    return content


def serve(connection, port, captured):
    try:
        while True:
            request = receive(connection, struct.unpack(">i", receive(connection, 4))[0])
            key, version, correlation = struct.unpack_from(">hhi", request)
            if key == PRODUCE:
                captured.append(records_of(request))
            body = {PRODUCE: produce, METADATA: lambda: metadata(port), API_VERSIONS: lambda: api_versions(version)}[key]()
            response = struct.pack(">i", correlation) + body
            connection.sendall(struct.pack(">i", len(response)) + response)
    except ConnectionError:
        pass


def capture(codec):
    captured = []
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, port, captured), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    producer = Producer({"bootstrap.servers": f"127.0.0.1:{port}", "compression.type": codec, "linger.ms": 500})
    for timestamp, key, value, headers in MIXED:
        producer.produce(TOPIC.decode(), value, key, partition=0, timestamp=timestamp, headers=headers)
    producer.flush(10)
    assert len(captured) == 1, f"{codec}: {len(captured)} batches"
    return captured[0]


directory = pathlib.Path(sys.argv[1])
for name in ["none", "gzip", "snappy", "lz4", "zstd"]:
    (directory / f"librdkafka_mixed_{name}.bin").write_bytes(capture(name))
