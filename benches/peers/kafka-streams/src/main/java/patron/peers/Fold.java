package patron.peers;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import patron.journal.v1.EnvelopeOuterClass.Envelope;
import patron.journal.v1.TouchpointOuterClass.Touchpoint;

/** The same work as Patron's fold: each touchpoint counts once for ever, lies in a timeline and moves its customer's profile. */
final class Fold implements Processor<byte[], byte[], Void, Void> {
  private KeyValueStore<Bytes, byte[]> copies;
  private KeyValueStore<Bytes, byte[]> timeline;
  private KeyValueStore<Bytes, byte[]> orders;
  private KeyValueStore<Bytes, byte[]> profiles;

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    copies = context.getStateStore(Work.COPIES);
    timeline = context.getStateStore(Work.TIMELINE);
    orders = context.getStateStore(Work.ORDERS);
    profiles = context.getStateStore(Work.PROFILES);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Touchpoint touchpoint = read(record.value());
    byte[] name = (touchpoint.getSource() + '\0' + touchpoint.getMessageId()).getBytes(StandardCharsets.UTF_8);
    long at = Instants.micros(touchpoint.getOccurredAt());
    byte[] when = ByteBuffer.allocate(Long.BYTES).putLong(at).array();
    if (copies.putIfAbsent(Bytes.wrap(name), when) != null) {
      return;
    }
    byte[] customer = record.key();
    timeline.put(key(customer, when, name), record.value());
    Bytes row = Bytes.wrap(customer);
    Profile profile = Profile.read(profiles.get(row));
    profile.touch(touchpoint.getIdentifiers(0).getValue(), at);
    if (Order.concerns(touchpoint)) {
      bring(customer, touchpoint, profile);
    }
    profiles.put(row, profile.write());
  }

  /** What the order came to before goes out of the profile, what it comes to now goes in. */
  private void bring(byte[] customer, Touchpoint touchpoint, Profile profile) {
    Bytes row = key(customer, touchpoint.getOrder().getOrderId().getBytes(StandardCharsets.UTF_8));
    Order order = Order.read(orders.get(row));
    profile.count(order, -1);
    order.add(touchpoint);
    profile.count(order, 1);
    orders.put(row, order.write());
  }

  static Touchpoint read(byte[] envelope) {
    try {
      return Touchpoint.parseFrom(Envelope.parseFrom(envelope).getPayload());
    } catch (InvalidProtocolBufferException error) {
      throw new IllegalStateException("the topic holds something else than envelopes of touchpoints", error);
    }
  }

  private static Bytes key(byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteBuffer key = ByteBuffer.allocate(length);
    for (byte[] part : parts) {
      key.put(part);
    }
    return Bytes.wrap(key.array());
  }
}
