import io.trino.plugin.memory.MemoryPlugin;
import io.trino.server.testing.TestingTrinoServer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.Map;

/** A Trino that prints its address and lives until its standard input ends: so it never outlives the test. */
public class Judge {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true); // Trino logs what System.out gets
        try (TestingTrinoServer server = TestingTrinoServer.create()) {
            server.installPlugin(new MemoryPlugin());
            server.createCatalog("memory", "memory", Map.of());
            out.println("LISTENING " + server.getBaseUrl());
            while (System.in.read() >= 0) {}
        }
        System.exit(0);
    }
}
