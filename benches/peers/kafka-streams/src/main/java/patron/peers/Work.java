package patron.peers;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** What is folded, and the stores that it takes. */
enum Work {
  /** What Patron does: copies found for ever, timeline, orders that count once, profile; every store with a changelog. */
  SAME("same-work") {
    @Override
    Topology topology(String topic) {
      return of(
          topic,
          Fold::new,
          List.of(
              store(COPIES).withLoggingEnabled(CHANGELOG),
              store(TIMELINE).withLoggingEnabled(CHANGELOG),
              store(ORDERS).withLoggingEnabled(CHANGELOG).withCachingEnabled(),
              store(PROFILES).withLoggingEnabled(CHANGELOG).withCachingEnabled()));
    }
  },
  /** A profile alone, without a changelog: what is lost is not found again, and copies count twice. */
  BEST("best-case") {
    @Override
    Topology topology(String topic) {
      return of(topic, ProfileAlone::new, List.of(store(PROFILES).withLoggingDisabled().withCachingEnabled()));
    }
  };

  static final String COPIES = "copies";
  static final String TIMELINE = "timeline";
  static final String ORDERS = "orders";
  static final String PROFILES = "profiles";
  /** As Kafka Streams makes them: compacted. */
  private static final Map<String, String> CHANGELOG = Map.of();

  final String name;

  Work(String name) {
    this.name = name;
  }

  static Work named(String name) {
    for (Work work : values()) {
      if (work.name.equals(name)) {
        return work;
      }
    }
    throw new IllegalArgumentException("there is no work " + name);
  }

  abstract Topology topology(String topic);

  private static Topology of(
      String topic,
      ProcessorSupplier<byte[], byte[], Void, Void> fold,
      List<StoreBuilder<KeyValueStore<Bytes, byte[]>>> stores) {
    Topology topology = new Topology();
    topology.addSource("touchpoints", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), topic);
    topology.addProcessor("fold", fold, "touchpoints");
    stores.forEach(store -> topology.addStateStore(store, "fold"));
    return topology;
  }

  private static StoreBuilder<KeyValueStore<Bytes, byte[]>> store(String name) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.Bytes(), Serdes.ByteArray());
  }
}
