// Writes messages.txt: what the Java client's own message classes read and write, for every message and version that is
// listed below.
//
//   java -cp <kafka-clients, slf4j-api> capture_java.java FILE
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.MemoryRecords;

class CaptureJava {
  static final Map<String, int[]> VERSIONS = new TreeMap<>();

  static void api(String name, int first, int last) {
    VERSIONS.put(name + "Request", new int[] {first, last});
    VERSIONS.put(name + "Response", new int[] {first, last});
  }

  static {
    api("Produce", 3, 9);
    api("Fetch", 4, 12);
    api("ListOffsets", 1, 7);
    api("Metadata", 0, 12);
    api("OffsetCommit", 2, 8);
    api("OffsetFetch", 1, 8);
    api("FindCoordinator", 0, 4);
    api("JoinGroup", 0, 9);
    api("Heartbeat", 0, 4);
    api("LeaveGroup", 0, 5);
    api("SyncGroup", 0, 5);
    api("DescribeGroups", 0, 5);
    api("ListGroups", 0, 5);
    api("ApiVersions", 0, 4);
    api("CreateTopics", 2, 7);
    api("DeleteTopics", 1, 6);
    api("DeleteRecords", 0, 2);
    api("InitProducerId", 0, 4);
    api("OffsetForLeaderEpoch", 2, 4);
    api("DescribeConfigs", 1, 4);
    api("AlterConfigs", 0, 2);
    api("DescribeLogDirs", 1, 4);
    api("CreatePartitions", 0, 3);
    api("DeleteGroups", 0, 2);
    api("IncrementalAlterConfigs", 0, 1);
    api("OffsetDelete", 0, 0);
    api("DescribeCluster", 0, 1);
    VERSIONS.put("ConsumerProtocolSubscription", new int[] {0, 3});
    VERSIONS.put("ConsumerProtocolAssignment", new int[] {0, 3});
  }

  // Values follow from how many have been given out before; README.md says how.
  static class Filler {
    final boolean full;
    int count = 0;

    Filler(boolean full) {
      this.full = full;
    }

    Object value(Type type) {
      if (type.isNullable() && !full) return null;
      if (type.isArray()) {
        List<Object> elements = new ArrayList<>();
        for (int i = 0; i < (full ? 2 : 1); ++i) elements.add(value(type.arrayElementType().get()));
        return elements.toArray();
      }
      if (type instanceof Schema) return struct((Schema) type);
      ++count;
      String name = type.toString();
      switch (name) {
        case "BOOLEAN": return full;
        case "INT8": return (byte) (count % 128);
        case "INT16": return (short) (256 + count);
        case "INT32": return 65536 + count;
        case "INT64": return (1L << 40) + count;
        case "UUID": return new Uuid(bytes(8).getLong(0), bytes(8).getLong(0));
        default:
      }
      if (name.endsWith("STRING")) return "s" + count;
      if (name.endsWith("RECORDS")) return MemoryRecords.readableRecords(bytes(3));
      if (name.endsWith("BYTES")) return bytes(3);
      throw new IllegalArgumentException(name);
    }

    ByteBuffer bytes(int size) {
      byte[] bytes = new byte[size];
      Arrays.fill(bytes, (byte) count);
      return ByteBuffer.wrap(bytes);
    }

    Struct struct(Schema schema) {
      Struct struct = new Struct(schema);
      TaggedFields tagged = null;
      for (var field : schema.fields()) {
        if (field.def.type instanceof TaggedFields) {
          tagged = (TaggedFields) field.def.type;
        } else {
          struct.set(field.def.name, value(field.def.type));
        }
      }
      if (tagged == null) return struct;
      TreeMap<Integer, Object> values = new TreeMap<>();
      for (int tag = 0; full && tag < tagged.numFields() + 100; ++tag) {
        var field = tagged.fields().get(tag);
        if (field != null) values.put(tag, value(field.type));
      }
      struct.set("_tagged_fields", values);
      return struct;
    }
  }

  static byte[] throughMessageClass(Class<?> type, byte[] bytes, short version) throws Exception {
    Message message = (Message) type.getConstructor(Readable.class, short.class)
        .newInstance(new ByteBufferAccessor(ByteBuffer.wrap(bytes)), version);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer out = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(out), cache, version);
    return out.array();
  }

  static String hex(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) text.append(String.format("%02x", b));
    return text.toString();
  }

  public static void main(String[] args) throws Exception {
    try (PrintStream out = new PrintStream(args[0])) {
      for (var entry : VERSIONS.entrySet()) {
        String name = entry.getKey();
        boolean isData = name.startsWith("ConsumerProtocol");
        Class<?> type = Class.forName("org.apache.kafka.common.message." + name + (isData ? "" : "Data"));
        Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
        for (int version = entry.getValue()[0]; version <= entry.getValue()[1]; ++version) {
          for (boolean full : new boolean[] {true, false}) {
            Struct struct = new Filler(full).struct(schemas[version]);
            ByteBuffer buffer = ByteBuffer.allocate(schemas[version].sizeOf(struct));
            schemas[version].write(buffer, struct);
            byte[] bytes = throughMessageClass(type, buffer.array(), (short) version);
            if (!Arrays.equals(bytes, buffer.array())) throw new AssertionError(name + " " + version);
            out.println(name + " " + version + (full ? " full " : " sparse ") + hex(bytes));
          }
        }
      }
    }
  }
}
