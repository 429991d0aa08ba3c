package patron.peers;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;

/** How far the fold is: by the offsets that the broker holds, or where nothing is guaranteed by the records that were folded. */
final class Progress implements AutoCloseable {
  private static final long LOOK_MS = 50;

  private final Work work;
  private final Admin admin;
  private final String group;
  private final Map<TopicPartition, Long> ends;

  Progress(Work work, Properties settings, String topic) throws ExecutionException, InterruptedException {
    this.work = work;
    admin = Admin.create(Map.of("bootstrap.servers", settings.getProperty("bootstrap.servers")));
    group = settings.getProperty("application.id");
    Map<TopicPartition, OffsetSpec> asked =
        admin.describeTopics(List.of(topic)).topicNameValues().get(topic).get().partitions().stream()
            .collect(Collectors.toMap(it -> new TopicPartition(topic, it.partition()), it -> OffsetSpec.latest()));
    Map<TopicPartition, ListOffsetsResultInfo> found = admin.listOffsets(asked).all().get();
    ends = found.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, it -> it.getValue().offset()));
  }

  /** Says each advance, until all that lay in the topic is folded and the stores can be asked. */
  void await(KafkaStreams streams) throws ExecutionException, InterruptedException {
    long wanted = ends.values().stream().mapToLong(Long::longValue).sum();
    long told = 0;
    while (told < wanted || streams.state() != KafkaStreams.State.RUNNING) {
      if (streams.state().hasNotStarted() || streams.state().isShuttingDown()) {
        throw new IllegalStateException("Kafka Streams is " + streams.state());
      }
      long folded = work == Work.BEST ? ProfileAlone.FOLDED.sum() : committed();
      if (folded != told) {
        told = folded;
        Main.say("at " + told);
      }
      Thread.sleep(LOOK_MS);
    }
  }

  private long committed() throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetAndMetadata> offsets =
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    return ends.keySet().stream().map(offsets::get).mapToLong(it -> it == null ? 0 : it.offset()).sum();
  }

  @Override
  public void close() {
    admin.close();
  }
}
