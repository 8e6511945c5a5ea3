import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;

/** Chronicle Queue: raw bytes, one writer, one file for the whole turn. */
public final class Chronicle {
  public static void main(String[] arguments) throws Exception {
    Peer.serve(
        turn ->
            switch (turn.workload()) {
              case "append" -> append(turn);
              case "paced" -> paced(turn);
              case "catch_up" -> catchUp(turn);
              default -> throw Peer.unknown(turn);
            });
  }

  // Blocks of 1 GiB append a little faster than those of 64 MiB that it would take.
  private static ChronicleQueue open(Peer.Turn turn) {
    return SingleChronicleQueueBuilder.binary(turn.directory())
        .rollCycle(RollCycles.FAST_DAILY)
        .blockSize(1L << 30)
        .build();
  }

  private static void fill(ChronicleQueue queue, Peer.Turn turn) {
    Peer.Messages messages = new Peer.Messages(turn.messageBytes());
    Bytes<?> bytes = Bytes.wrapForRead(messages.pool.duplicate().clear());
    try (ExcerptAppender appender = queue.createAppender()) {
      for (long i = 0; i < turn.records(); i++) {
        bytes.readPositionRemaining(messages.offset(i), turn.messageBytes());
        appender.writeBytes(bytes);
      }
    }
  }

  private static double append(Peer.Turn turn) {
    try (ChronicleQueue queue = open(turn)) {
      long begin = System.nanoTime();
      fill(queue, turn);
      return turn.records() / Peer.seconds(begin);
    }
  }

  private static double paced(Peer.Turn turn) throws InterruptedException {
    try (ChronicleQueue queue = open(turn);
        ExcerptTailer tailer = queue.createTailer()) {
      Thread writer =
          new Thread(
              () -> {
                Bytes<?> message = Bytes.allocateDirect(turn.messageBytes());
                message.write(new byte[turn.messageBytes()]);
                try (ExcerptAppender appender = queue.createAppender()) {
                  Peer.sendPaced(
                      turn.records(),
                      due -> {
                        message.writeLong(0, due);
                        appender.writeBytes(message);
                      });
                }
              });
      writer.start();
      Peer.Delays delays = new Peer.Delays(turn.records());
      Bytes<?> in = Bytes.allocateDirect(turn.messageBytes());
      while (delays.count() < turn.records()) {
        in.clear();
        if (tailer.readBytes(in)) {
          delays.add(System.nanoTime() - in.readLong(0));
        } else {
          Thread.onSpinWait();
        }
      }
      writer.join();
      return delays.median();
    }
  }

  private static double catchUp(Peer.Turn turn) {
    try (ChronicleQueue queue = open(turn);
        ExcerptTailer tailer = queue.createTailer()) {
      fill(queue, turn);
      long sum = 0;
      long begin = System.nanoTime();
      for (long i = 0; i < turn.records(); i++) {
        try (DocumentContext document = tailer.readingDocument()) {
          Bytes<?> bytes = document.wire().bytes();
          sum += bytes.readRemaining() + bytes.readByte();
        }
      }
      double seconds = Peer.seconds(begin);
      if (sum == 0) throw new IllegalStateException("nothing was read");
      return turn.records() / seconds;
    }
  }

  private Chronicle() {}
}
