import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Scanner;

/**
 * What the Java programs of the peers share: the paced writer, and the way in which bench/peers/run tells a program what to do. peer.h
 * says the same in C++.
 */
final class Peer {
  /** One line of the input: "WORKLOAD DIRECTORY BYTES RECORDS". */
  record Turn(String workload, String directory, int messageBytes, long records) {}

  interface Workloads {
    /** Records per second, or seconds where the workload is about a delay. */
    double run(Turn turn) throws Exception;
  }

  interface Send {
    void at(long due);
  }

  private static final double PACED_RATE = 100_000;
  private static final int POOL_BYTES = 64 << 10;

  /** Answers each turn with a number on a line, until the input ends. */
  static void serve(Workloads workloads) throws Exception {
    Scanner in = new Scanner(System.in);
    while (in.hasNext()) {
      double result = workloads.run(new Turn(in.next(), in.next(), in.nextInt(), in.nextLong()));
      System.out.printf("%.9g%n", result);
      System.out.flush();
    }
    System.exit(0);
  }

  /** Calls send for each record at its moment, spinning in between; the moment is in nanoseconds of System.nanoTime. */
  static void sendPaced(long records, Send send) {
    long begin = System.nanoTime() + 1_000_000;
    for (long i = 0; i < records; i++) {
      long due = begin + (long) (i * 1e9 / PACED_RATE);
      while (System.nanoTime() < due) Thread.onSpinWait();
      send.at(due);
    }
  }

  /** The delays of a paced stream. */
  static final class Delays {
    private final long[] nanoseconds;
    private int count;

    Delays(long records) {
      nanoseconds = new long[(int) records];
    }

    void add(long delay) {
      nanoseconds[count++] = delay;
    }

    int count() {
      return count;
    }

    /** The median in seconds; the first quarter, in which the just-in-time compiler warms up, is left out. */
    double median() {
      long[] late = Arrays.copyOfRange(nanoseconds, count / 4, count);
      Arrays.sort(late);
      return late[late.length / 2] * 1e-9;
    }
  }

  /** Messages of one size, cut from bytes that no compression makes smaller and that fit into the second-level cache. */
  static final class Messages {
    final ByteBuffer pool = ByteBuffer.allocateDirect(POOL_BYTES).order(ByteOrder.nativeOrder());
    private final int size;
    private final long mask;

    Messages(int size) {
      this.size = size;
      mask = Long.highestOneBit(POOL_BYTES / size) - 1;
      new java.util.Random(7).ints(POOL_BYTES).forEach(i -> pool.put((byte) i));
    }

    /** Where message `i` begins. */
    int offset(long i) {
      return (int) (i & mask) * size;
    }
  }

  static double seconds(long begin) {
    return (System.nanoTime() - begin) * 1e-9;
  }

  static IllegalArgumentException unknown(Turn turn) {
    return new IllegalArgumentException("no such workload: " + turn.workload());
  }

  private Peer() {}
}
