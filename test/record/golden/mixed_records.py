"""The six records of the "mixed" batches (README.md): timestamp, key, value, headers."""
BASE_TIME = 1_700_000_000_000
MIXED = [
    (BASE_TIME, b"alice", b"espresso", []),
    (BASE_TIME + 5, None, b"flat white", []),
    (BASE_TIME - 7, b"bob", None, []),
    (BASE_TIME + 3, b"", b"", []),
    (BASE_TIME + 3, b"k" * 70, b"v" * 300, [("trace", b"abc"), ("nothing", None), ("empty", b"")]),
    (BASE_TIME + 2_000_000, None, b"0123456789" * 900, []),
]
