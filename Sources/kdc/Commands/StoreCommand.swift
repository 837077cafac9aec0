#if PostgreSQL
import ArgumentParser
import Directory
import Operation
import PostgreSQLStore

/// `kdc store`: looks after the tables that several KDCs share.
struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdc store",
    abstract: "Make the tables of a store, and copy users from one to another.",
    subcommands: [Migrate.self])

  struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the tables of a store, or bring them to this version.",
      discussion: """
        All of it is done, or nothing. KDCs of a version before that refuse a store that has been \
        brought to a newer one: end them first.
        """)

    @Option(help: "The store: a URL like postgresql://host/name.")
    var store: String

    func run() throws {
      do throws(DirectoryUnavailable) {
        let former = try Schema.migrate(try StoreAddress(store))
        Console.say(
          former == Schema.version
            ? "the tables are of version \(former), as they must be"
            : "the tables are of version \(Schema.version) now")
      } catch {
        throw OperatorFailure("\(error)")
      }
    }
  }
}
#endif
