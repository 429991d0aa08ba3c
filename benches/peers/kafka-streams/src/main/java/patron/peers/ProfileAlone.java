package patron.peers;

import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import patron.journal.v1.TouchpointOuterClass.Touchpoint;

/** The least that can be called a profile: every record counts, copies and second reports of an order too. */
final class ProfileAlone implements Processor<byte[], byte[], Void, Void> {
  /** Records folded by all threads. */
  static final LongAdder FOLDED = new LongAdder();

  private KeyValueStore<Bytes, byte[]> profiles;

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    profiles = context.getStateStore(Work.PROFILES);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Touchpoint touchpoint = Fold.read(record.value());
    long at = Instants.micros(touchpoint.getOccurredAt());
    Bytes row = Bytes.wrap(record.key());
    Profile profile = Profile.read(profiles.get(row));
    profile.touch(touchpoint.getIdentifiers(0).getValue(), at);
    if (Order.concerns(touchpoint)) {
      Order alone = new Order();
      alone.add(touchpoint);
      profile.count(alone, 1);
    }
    profiles.put(row, profile.write());
    FOLDED.increment();
  }
}
