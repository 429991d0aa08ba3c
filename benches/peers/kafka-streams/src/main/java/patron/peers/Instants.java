package patron.peers;

import com.google.protobuf.Timestamp;

/** Instants as microseconds since 1970, and the UTC days that they fall on. */
final class Instants {
  private static final long DAY = 86_400_000_000L;

  private Instants() {}

  static long micros(Timestamp timestamp) {
    return timestamp.getSeconds() * 1_000_000 + timestamp.getNanos() / 1_000;
  }

  static int day(long micros) {
    return (int) Math.floorDiv(micros, DAY);
  }
}
