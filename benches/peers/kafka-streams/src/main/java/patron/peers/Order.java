package patron.peers;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import patron.journal.v1.TouchpointOuterClass.Item;
import patron.journal.v1.TouchpointOuterClass.Money;
import patron.journal.v1.TouchpointOuterClass.Touchpoint;

/**
 * What is known of one order, whoever reported it: the last whole report stands, else the sum of its lines; a refund's id counts
 * once; a cancelled order comes to nothing. Money is in millionths.
 */
final class Order {
  private static final long NEVER = Long.MAX_VALUE;

  long completedAt = NEVER;
  private boolean cancelled;
  private long lines;
  private long reportAt = Long.MIN_VALUE;
  private String reportedBy = "";
  private long total;
  private final Map<String, Long> refunds = new HashMap<>();

  static boolean concerns(Touchpoint touchpoint) {
    return switch (touchpoint.getKind()) {
      case "order_completed", "order_line_completed", "order_cancelled", "order_refunded", "order_returned" -> true;
      default -> false;
    };
  }

  void add(Touchpoint touchpoint) {
    long at = Instants.micros(touchpoint.getOccurredAt());
    switch (touchpoint.getKind()) {
      case "order_completed" -> report(touchpoint, at);
      case "order_line_completed" -> {
        completedAt = Math.min(completedAt, at);
        touchpoint.getItemsList().forEach(item -> lines += millionths(item));
      }
      case "order_cancelled" -> cancelled = true;
      default -> refunds.put(touchpoint.getOrder().getRefundId(), millionths(touchpoint.getOrder().getRefund()));
    }
  }

  private void report(Touchpoint touchpoint, long at) {
    String by = touchpoint.getSource() + '\0' + touchpoint.getMessageId();
    completedAt = Math.min(completedAt, at);
    if (at > reportAt || at == reportAt && by.compareTo(reportedBy) > 0) {
      reportAt = at;
      reportedBy = by;
      total = millionths(touchpoint.getOrder().getTotal());
    }
  }

  boolean stands() {
    return !cancelled && completedAt != NEVER;
  }

  /** What it comes to after all that was given back; that alone where no report of it has come. */
  long net() {
    long bought = reportedBy.isEmpty() ? lines : total;
    return cancelled ? 0 : bought - refunds.values().stream().mapToLong(Long::longValue).sum();
  }

  private static long millionths(Item item) {
    BigDecimal quantity = item.getQuantity().isEmpty() ? BigDecimal.ONE : new BigDecimal(item.getQuantity());
    BigDecimal line = new BigDecimal(item.getPrice().getAmount()).multiply(quantity);
    return line.movePointRight(6).longValueExact() - (item.hasDiscount() ? millionths(item.getDiscount()) : 0);
  }

  private static long millionths(Money money) {
    return new BigDecimal(money.getAmount()).movePointRight(6).longValueExact();
  }

  static Order read(byte[] row) {
    Order order = new Order();
    if (row == null) {
      return order;
    }
    ByteBuffer bytes = ByteBuffer.wrap(row);
    order.completedAt = bytes.getLong();
    order.cancelled = bytes.get() == 1;
    order.lines = bytes.getLong();
    order.reportAt = bytes.getLong();
    order.reportedBy = text(bytes);
    order.total = bytes.getLong();
    while (bytes.hasRemaining()) {
      order.refunds.put(text(bytes), bytes.getLong());
    }
    return order;
  }

  byte[] write() {
    int ids = refunds.keySet().stream().mapToInt(id -> 16 + 4 * id.length()).sum();
    ByteBuffer bytes = ByteBuffer.allocate(64 + 4 * reportedBy.length() + ids);
    bytes.putLong(completedAt).put((byte) (cancelled ? 1 : 0)).putLong(lines).putLong(reportAt);
    put(bytes, reportedBy);
    bytes.putLong(total);
    refunds.forEach((id, amount) -> {
      put(bytes, id);
      bytes.putLong(amount);
    });
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private static void put(ByteBuffer bytes, String text) {
    byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
    bytes.putShort((short) encoded.length).put(encoded);
  }

  private static String text(ByteBuffer bytes) {
    byte[] encoded = new byte[bytes.getShort()];
    bytes.get(encoded);
    return new String(encoded, StandardCharsets.UTF_8);
  }
}
