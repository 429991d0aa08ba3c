package patron.peers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A customer's figures: how often and when they came, net of their orders for life and by day. Money is in millionths. */
final class Profile {
  /** Days before the newest that are kept: sums reach over 90. */
  private static final int DAYS_KEPT = 91;

  String user = "";
  long touchpoints;
  long firstAt = Long.MAX_VALUE;
  long lastAt = Long.MIN_VALUE;
  long net;
  private final TreeMap<Integer, Long> netByDay = new TreeMap<>();

  void touch(String who, long at) {
    user = who;
    touchpoints++;
    firstAt = Math.min(firstAt, at);
    lastAt = Math.max(lastAt, at);
  }

  /** Adds what an order comes to, or takes it away. */
  void count(Order order, int sign) {
    net += sign * order.net();
    if (order.stands()) {
      netByDay.merge(Instants.day(order.completedAt), sign * order.net(), Long::sum);
      netByDay.headMap(netByDay.lastKey() - DAYS_KEPT).clear();
    }
  }

  /** Net of the orders of so many days, the last of which is {@code day}. */
  long netOf(int days, int day) {
    return netByDay.subMap(day - days, false, day, true).values().stream().mapToLong(Long::longValue).sum();
  }

  static Profile read(byte[] row) {
    Profile profile = new Profile();
    if (row == null) {
      return profile;
    }
    ByteBuffer bytes = ByteBuffer.wrap(row);
    byte[] user = new byte[bytes.get()];
    bytes.get(user);
    profile.user = new String(user, StandardCharsets.UTF_8);
    profile.touchpoints = bytes.getLong();
    profile.firstAt = bytes.getLong();
    profile.lastAt = bytes.getLong();
    profile.net = bytes.getLong();
    while (bytes.hasRemaining()) {
      profile.netByDay.put(bytes.getInt(), bytes.getLong());
    }
    return profile;
  }

  byte[] write() {
    byte[] name = user.getBytes(StandardCharsets.UTF_8);
    int days = netByDay.size() * (Integer.BYTES + Long.BYTES);
    ByteBuffer bytes = ByteBuffer.allocate(1 + name.length + 4 * Long.BYTES + days);
    bytes.put((byte) name.length).put(name).putLong(touchpoints).putLong(firstAt).putLong(lastAt).putLong(net);
    for (Map.Entry<Integer, Long> day : netByDay.entrySet()) {
      bytes.putInt(day.getKey()).putLong(day.getValue());
    }
    return bytes.array();
  }
}
