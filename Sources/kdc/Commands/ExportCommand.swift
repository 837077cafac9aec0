import ArgumentParser
import Cryptography
import Directory
import DurableFiles
import Glibc
import KeyDistribution
import Logging
import Operation
import SecretMemory
import Wire

/// `kdc export`: the users in a file under a passphrase.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write all users to a file, sealed under a passphrase.",
    discussion: """
      For a copy, or to move users to another KDC with "kdc import". One JSON object a line; \
      names, addresses and public keys can be read, digests cannot. Needs kdc.key beside the \
      user file; the KDC may be serving. Damaged lines are told, and the exit code is then 1. \
      Keep a copy of kdc.key itself off line as well.
      """)

  @OptionGroup var realm: RealmOptions
  @OptionGroup var passphrase: ExportPassphrase

  @Option(help: "Where the users go; a file of that name is replaced.", completion: .file())
  var to: String

  func run() throws {
    let keys = try RealmKeys.needed(at: realm.place)
    let problems: [FileProblem]
    let isWhole: Bool
    do {
      let users: [UserRecord]
      switch realm.place {
      case .files(let userFile):
        // Each digest is opened as it is written; what is damaged in form would be left out unsaid.
        let report = try UserFileReport(userFile, keys: keys, checksSeals: false)
        (users, problems, isWhole) = (report.records, report.problems, !report.hasDamagedLines)
      case .store: (users, problems, isWhole) = (try usersOfStore(), [], true)
      }
      var random = SystemRandom()
      let secret = try passphrase.read()
      let count = try UserExport.write(users, of: keys, to: to, under: secret, random: &random)
      Console.say("\(count) users written to \(to)")
    } catch {
      throw OperatorFailure("\(error)")
    }
    for problem in problems { Console.tell("kdc: \(problem)") }
    if !isWhole { throw ExitCode.failure }
  }

  /// In the order of their names.
  private func usersOfStore() throws -> [UserRecord] {
    let files = try RealmFiles(
      at: realm.place, policy: CenterPolicy(), role: .visitor, logger: Logger(label: "kdc"))
    defer { files.directory.close() }
    var users: [UserRecord] = []
    try files.directory.visitUsers { users.append($0) }
    return users
  }
}

/// `kdc import`: users of an export become users of this realm.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Take users from a file that \"kdc export\" wrote.",
    discussion: """
      Names that are there already stay as they are, are told, and make the exit code 1; \
      "kdc users remove NAME" before makes place for the imported one. At another KDC users log in \
      with their passphrases; each needs its identity key there ("client identity export", and \
      "import --from-kdc WORD").
      """)

  @OptionGroup var files: FileOptions
  @OptionGroup var passphrase: ExportPassphrase

  @Option(help: "The file with the users.", completion: .file())
  var from: String

  func run() throws {
    let keys = try RealmKeys.needed(at: files.realm.place)
    let users: [UserRecord]
    do {
      var random = SystemRandom()
      users = try UserExport.read(from, for: keys, under: try passphrase.read(), random: &random)
    } catch {
      throw OperatorFailure("\(error)")
    }
    let refused = try files.askEach(users.map { .add(line: RecordLines.text(of: $0)) })
    for failure in refused { Console.tell("kdc: \(failure).") }
    Console.say("\(users.count - refused.count) of \(users.count) users imported")
    if !refused.isEmpty { throw ExitCode.failure }
  }
}

/// `kdc rotate-storage-key`
struct RotateStorageKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-storage-key",
    abstract: "Seal every digest under a fresh storage key.",
    discussion: """
      After that a stolen user file of before is worth nothing with the present kdc.key, nor the \
      other way round. Nobody notices. It may be interrupted: the KDC goes on with it at its next \
      start. Make a new copy of kdc.key then, and destroy the old ones.
      """)

  @OptionGroup var files: FileOptions

  func run() throws {
    let answer = try files.ask(.rotateStorageKey)
    Console.say("the storage key is new; \(answer["users"] ?? .null) users were sealed anew")
  }
}

/// `kdc rotate-identity`
struct RotateIdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-identity",
    abstract: "Put a fresh identity key in the place of the present one.",
    discussion: """
      The present key signs that, and is erased. Clients that have pinned it, or one before it, \
      follow that signature at their next contact, and say so once. Tell newcomers the new word, \
      which is printed. Make a new copy of kdc.key then, and destroy the old ones: whoever has the \
      old key can lead those clients astray that have not been in contact since. It can be done 16 \
      times.
      """)

  @OptionGroup var files: FileOptions

  func run() throws {
    let answer = try files.ask(.rotateIdentity)
    Console.say(answer["identity"]?.text ?? "")
  }
}

/// The passphrase of an export.
struct ExportPassphrase: ParsableArguments {
  @Option(
    help: "The file whose first line is the passphrase of the export; - is standard input.",
    completion: .file())
  var passphraseFile: String

  private static let byteLimit = 1024

  func read() throws -> SecretBytes {
    let line: SecretBytes?
    if passphraseFile == "-" {
      line = try readSecretLine(from: STDIN_FILENO, limit: Self.byteLimit)
    } else {
      let descriptor = unsafe open(passphraseFile, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw OperatorFailure("the passphrase file \(passphraseFile) cannot be read")
      }
      defer { close(descriptor) }
      line = try readSecretLine(from: descriptor, limit: Self.byteLimit)
    }
    guard let line, line.count > 0 else { throw OperatorFailure("the passphrase is empty") }
    return line
  }
}
