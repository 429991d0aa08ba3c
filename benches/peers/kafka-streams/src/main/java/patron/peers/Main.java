package patron.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Folds a topic of touchpoints by Kafka Streams until it is caught up, says so, and stays for orders on standard input.
 *
 * <p>Arguments: the work ({@code same-work} or {@code best-case}), the topic, and settings of Kafka Streams as {@code name=value}
 * over those of the work's own file. Lines of standard input: {@code dump DAY FILE} writes all customers, with sums as of the
 * end of that day since 1970; its end ends the program.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Work work = Work.named(args[0]);
    String topic = args[1];
    Properties settings = settings(work, Arrays.copyOfRange(args, 2, args.length));
    KafkaStreams streams = new KafkaStreams(work.topology(topic), settings);
    streams.setUncaughtExceptionHandler(Main::broken);
    streams.start();
    try (Progress progress = new Progress(work, settings, topic)) {
      progress.await(streams);
      say("caught-up");
      obey(streams);
    } finally {
      streams.close();
    }
  }

  private static StreamThreadExceptionResponse broken(Throwable error) {
    error.printStackTrace();
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  private static Properties settings(Work work, String[] overrides) throws IOException {
    Properties settings = new Properties();
    for (String name : new String[] {"common", work.name}) {
      try (InputStream file = Main.class.getResourceAsStream("/" + name + ".properties")) {
        settings.load(file);
      }
    }
    for (String override : overrides) {
      String[] parts = override.split("=", 2);
      settings.setProperty(parts[0], parts[1]);
    }
    return settings;
  }

  private static void obey(KafkaStreams streams) throws IOException {
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      String[] words = line.split(" ", 3);
      Dump.write(streams, Integer.parseInt(words[1]), Path.of(words[2]));
      say("dumped");
    }
  }

  /** A line that the caller waits for. */
  static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
