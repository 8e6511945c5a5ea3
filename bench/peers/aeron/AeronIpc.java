import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import java.nio.ByteBuffer;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron IPC: an exclusive publication and a spinning subscriber in one process, terms of 64 MiB in shared memory, touched beforehand. The
 * media driver takes no part in a message's way, so it may sleep.
 */
public final class AeronIpc {
  private static final String CHANNEL = "aeron:ipc?term-length=64m";
  private static final int STREAM = 1001;
  private static final int FRAGMENTS = 256;

  public static void main(String[] arguments) throws Exception {
    Peer.serve(
        turn ->
            switch (turn.workload()) {
              case "stream" -> withStream(turn, AeronIpc::stream);
              case "paced" -> withStream(turn, AeronIpc::paced);
              default -> throw Peer.unknown(turn);
            });
  }

  private interface Work {
    double run(Peer.Turn turn, ExclusivePublication publication, Subscription subscription) throws Exception;
  }

  private static double withStream(Peer.Turn turn, Work work) throws Exception {
    MediaDriver.Context context =
        new MediaDriver.Context()
            .aeronDirectoryName("/dev/shm/moldau-peer-aeron-" + ProcessHandle.current().pid())
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true)
            .threadingMode(ThreadingMode.SHARED)
            .sharedIdleStrategy(new SleepingMillisIdleStrategy(1))
            .termBufferSparseFile(false)
            .errorHandler(AeronIpc::fail);
    try (MediaDriver driver = MediaDriver.launch(context);
        Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()));
        Subscription subscription = aeron.addSubscription(CHANNEL, STREAM);
        ExclusivePublication publication = aeron.addExclusivePublication(CHANNEL, STREAM)) {
      while (!publication.isConnected() || !subscription.isConnected()) Thread.yield();
      return work.run(turn, publication, subscription);
    }
  }

  private static double stream(Peer.Turn turn, ExclusivePublication publication, Subscription subscription) throws Exception {
    Peer.Messages messages = new Peer.Messages(turn.messageBytes());
    UnsafeBuffer pool = new UnsafeBuffer(messages.pool);
    Thread writer =
        new Thread(
            () -> {
              for (long i = 0; i < turn.records(); i++) offer(publication, pool, messages.offset(i), turn.messageBytes());
            });
    long[] seen = {0, 0};
    FragmentHandler handler =
        (buffer, offset, length, header) -> {
          seen[0]++;
          seen[1] += length + buffer.getByte(offset);
        };
    long begin = System.nanoTime();
    writer.start();
    while (seen[0] < turn.records()) if (subscription.poll(handler, FRAGMENTS) == 0) Thread.onSpinWait();
    double seconds = Peer.seconds(begin);
    writer.join();
    if (seen[1] == 0) throw new IllegalStateException("nothing was read");
    return turn.records() / seconds;
  }

  private static double paced(Peer.Turn turn, ExclusivePublication publication, Subscription subscription) throws Exception {
    UnsafeBuffer message = new UnsafeBuffer(ByteBuffer.allocateDirect(turn.messageBytes()));
    Thread writer =
        new Thread(
            () ->
                Peer.sendPaced(
                    turn.records(),
                    due -> {
                      message.putLong(0, due);
                      offer(publication, message, 0, turn.messageBytes());
                    }));
    Peer.Delays delays = new Peer.Delays(turn.records());
    FragmentHandler handler = (buffer, offset, length, header) -> delays.add(System.nanoTime() - buffer.getLong(offset));
    writer.start();
    while (delays.count() < turn.records()) if (subscription.poll(handler, FRAGMENTS) == 0) Thread.onSpinWait();
    writer.join();
    return delays.median();
  }

  // A reader that is behind, or the end of a term, is what a publication refuses for; neither lasts.
  private static void offer(ExclusivePublication publication, UnsafeBuffer buffer, int offset, int length) {
    while (publication.offer(buffer, offset, length) < 0) Thread.onSpinWait();
  }

  private static void fail(Throwable error) {
    error.printStackTrace();
    Runtime.getRuntime().halt(1);
  }

  private AeronIpc() {}
}
