#if PostgreSQL
import ArgumentParser
import Directory
import Glibc
import KeyDistribution
import Logging
import Operation
import PostgreSQLStore
import SystemClock

/// `kdc store`: looks after the tables that several KDCs share.
struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Make the tables of a store, and copy users from one to another.",
    subcommands: [Migrate.self, Copy.self])

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

  struct Copy: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copy a realm from its files into a store, or back.",
      discussion: """
        One of the two is a user file, the other a store. Users, presence, logins that take \
        deposits and invitations are copied, complete and compared, or nothing is. No KDC may \
        serve on the files meanwhile, the store must have its tables and no users, and a user file \
        that is to be made must not be there yet. kdc.key has to be beside the user file: it is \
        the same for both, and is not copied.
        """)

    @Argument(help: "A user file, or a store like postgresql://host/name.", completion: .file())
    var from: String

    @Argument(help: "The other one of the two.", completion: .file())
    var to: String

    func validate() throws {
      guard !from.isEmpty, !to.isEmpty,
        StoreAddress.isAddress(from) != StoreAddress.isAddress(to)
      else { throw ValidationError("one of the two is a user file, the other a store") }
    }

    func run() throws {
      do {
        let sum = StoreAddress.isAddress(to) ? try copyIn() : try copyOut()
        Console.say(
          "\(sum.users) users, \(sum.presences) receivers, \(sum.deposits) logins that take "
            + "deposits and \(sum.invitations) invitations copied")
      } catch {
        throw OperatorFailure("\(error)")
      }
    }

    private func copyIn() throws -> RealmSum {
      let files = try open(from)
      defer { files.directory.close() }
      return try StoreCopy.fill(
        try StoreAddress(to), from: files.directory, of: RealmClaim(files.center.keys),
        at: SystemClock.now)
    }

    private func copyOut() throws -> RealmSum {
      let keys = try RealmKeys.needed(at: .files(userFile: to))
      let now = SystemClock.now
      let expected = try StoreCopy.write(
        try StoreAddress(from), to: to, of: RealmClaim(keys), at: now)
      let files = try open(to)
      defer { files.directory.close() }
      guard try RealmSum(of: files.directory, at: now) == expected else {
        throw OperatorFailure("what was read back from \(to) differs: do not use it")
      }
      return expected
    }

    private func open(_ userFile: String) throws -> RealmFiles {
      let place = RealmPlace.files(userFile: userFile)
      guard unsafe access(userFile, F_OK) == 0 else {
        throw OperatorFailure("there is no user file \(userFile)")
      }
      _ = try RealmKeys.needed(at: place)
      try FileOwner.become(of: userFile)
      return try RealmFiles(at: place, policy: CenterPolicy(), logger: Logger(label: "kdc"))
    }
  }
}
#endif
