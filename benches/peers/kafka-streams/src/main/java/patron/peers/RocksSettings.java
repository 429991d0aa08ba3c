package patron.peers;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/** RocksDB as Patron's state has it: one cache and one write buffer for all stores, 256 MiB each, and LZ4. */
public final class RocksSettings implements RocksDBConfigSetter {
  private static final long SHARED_BYTES = 256L << 20;
  private static final long MEMTABLE_BYTES = 64L << 20;

  static {
    RocksDB.loadLibrary();
  }

  private static final Cache CACHE = new LRUCache(SHARED_BYTES);
  private static final WriteBufferManager WRITES = new WriteBufferManager(SHARED_BYTES, new LRUCache(SHARED_BYTES));

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(CACHE);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(WRITES);
    options.setWriteBufferSize(MEMTABLE_BYTES);
    options.setCompressionType(CompressionType.LZ4_COMPRESSION);
  }

  @Override
  public void close(String store, Options options) {}
}
