// Writes golden batches with the record builder of Apache Kafka's Java client:
//   java -cp <kafka-clients, snappy-java, lz4-java, zstd-jni, slf4j-api> capture_java.java DIRECTORY

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;

class CaptureJava {
  static final byte MAGIC = 2;
  static final long BASE_TIME = 1_700_000_000_000L;
  static Path directory;

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void write(String name, ByteBuffer buffer) throws IOException {
    byte[] content = new byte[buffer.remaining()];
    buffer.get(content);
    Files.write(directory.resolve(name + ".bin"), content);
  }

  // What a builder is told of a batch; what a case does not care about keeps a plain producer's value.
  static class Fields {
    TimestampType timestampType = TimestampType.CREATE_TIME;
    long baseOffset = 0;
    long logAppendTime = -1;
    long producerId = -1;
    short producerEpoch = -1;
    int sequence = -1;
    boolean transactional = false;
    int leaderEpoch = -1;
  }

  static MemoryRecordsBuilder builder(Compression codec, Fields f) {
    return MemoryRecords.builder(ByteBuffer.allocate(1 << 20), MAGIC, codec, f.timestampType, f.baseOffset,
        f.logAppendTime, f.producerId, f.producerEpoch, f.sequence, f.transactional, false, f.leaderEpoch);
  }

  // The six records of the "mixed" batches: see README.md.
  static void mixed(String name, Compression codec, Fields fields) throws IOException {
    MemoryRecordsBuilder b = builder(codec, fields);
    b.append(BASE_TIME, bytes("alice"), bytes("espresso"));
    b.append(BASE_TIME + 5, (byte[]) null, bytes("flat white"));
    b.append(BASE_TIME - 7, bytes("bob"), null);
    b.append(BASE_TIME + 3, bytes(""), bytes(""));
    Header[] headers = {new RecordHeader("trace", bytes("abc")), new RecordHeader("nothing", (byte[]) null),
        new RecordHeader("empty", bytes(""))};
    b.append(BASE_TIME + 3, bytes("k".repeat(70)), bytes("v".repeat(300)), headers);
    b.append(BASE_TIME + 2_000_000, (byte[]) null, bytes("0123456789".repeat(900)));
    write(name, b.build().buffer());
  }

  // 700 small records: offset deltas of two bytes, and more than one block of snappy.
  static void many(String name, Compression codec) throws IOException {
    MemoryRecordsBuilder b = builder(codec, new Fields());
    for (int i = 0; i < 700; ++i) {
      b.append(BASE_TIME + i, bytes("key-" + i), bytes("value " + i + " of seven hundred, long enough to fill blocks"));
    }
    write(name, b.build().buffer());
  }

  static void marker(String name, ControlRecordType type) throws IOException {
    EndTransactionMarker marker = new EndTransactionMarker(type, 9);
    write(name, MemoryRecords.withEndTransactionMarker(77, BASE_TIME, 5, 4711L, (short) 3, marker).buffer());
  }

  public static void main(String[] arguments) throws IOException {
    directory = Path.of(arguments[0]);
    Compression[] codecs = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(),
        Compression.lz4().build(), Compression.zstd().build()};
    String[] names = {"none", "gzip", "snappy", "lz4", "zstd"};
    for (int i = 0; i < codecs.length; ++i) {
      mixed("java_mixed_" + names[i], codecs[i], new Fields());
      if (i != 1) many("java_many_" + names[i], codecs[i]);
    }

    Fields idempotent = new Fields();
    idempotent.baseOffset = 1000;
    idempotent.producerId = 4711;
    idempotent.producerEpoch = 3;
    idempotent.sequence = 17;
    idempotent.leaderEpoch = 5;
    mixed("java_idempotent", Compression.NONE, idempotent);
    idempotent.transactional = true;
    mixed("java_transactional", Compression.NONE, idempotent);

    Fields appendTime = new Fields();
    appendTime.timestampType = TimestampType.LOG_APPEND_TIME;
    appendTime.logAppendTime = BASE_TIME + 99;
    mixed("java_log_append_time", Compression.NONE, appendTime);
    mixed("java_log_append_time_lz4", codecs[3], appendTime);

    marker("java_commit_marker", ControlRecordType.COMMIT);
    marker("java_abort_marker", ControlRecordType.ABORT);
  }
}
