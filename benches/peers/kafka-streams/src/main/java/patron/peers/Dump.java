package patron.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;

/** All customers as lines of CSV: user, touchpoints, first, last (microseconds), then net for life, and of 30 and 90 days. */
final class Dump {
  private Dump() {}

  static void write(KafkaStreams streams, int day, Path file) throws IOException {
    var profiles =
        streams.store(
            StoreQueryParameters.fromNameAndType(Work.PROFILES, QueryableStoreTypes.<Bytes, byte[]>keyValueStore()));
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file));
        KeyValueIterator<Bytes, byte[]> rows = profiles.all()) {
      while (rows.hasNext()) {
        Profile it = Profile.read(rows.next().value);
        out.printf("%s,%d,%d,%d,", it.user, it.touchpoints, it.firstAt, it.lastAt);
        out.printf("%d,%d,%d%n", it.net, it.netOf(30, day), it.netOf(90, day));
      }
    }
  }
}
